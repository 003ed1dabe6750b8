//! How much of what somebody may have or do (requirements.md B and R-04): every counter, its default for each tier, and what it
//! counts, as one table. An installation's settings may say otherwise; nothing else may.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a workspace pays for (B-17).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Nothing.
    #[default]
    Free,
    /// Something.
    Paid,
    /// By contract.
    Enterprise,
}

impl Tier {
    /// As a workspace's `plan_tier` has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Paid => "paid",
            Self::Enterprise => "enterprise",
        }
    }

    /// Reads a workspace's `plan_tier`; what is no tier is the least.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        match word {
            "paid" => Self::Paid,
            "enterprise" => Self::Enterprise,
            _ => Self::Free,
        }
    }
}

/// Whose counter it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everybody's together.
    Installation,
    /// One client's address: an IPv4 address, or the /64 of an IPv6 one.
    Ip,
    /// One person's, whatever they show: sessions and API tokens count together.
    User,
    /// One workspace's, whoever does it.
    Workspace,
    /// One project's.
    Project,
}

/// When a counter begins anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// Never: what is there, or was ever made, counts.
    None,
    /// With each full period of so many seconds since 1970.
    Seconds(u32),
}

const MINUTE: Window = Window::Seconds(60);
const HOUR: Window = Window::Seconds(3_600);
const DAY: Window = Window::Seconds(86_400);

/// A counter. Its wire name is what settings and answers call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quota {
    /// Accounts (A-02).
    Accounts,
    /// Requests that show no valid credentials (R-04).
    AnonymousRequests,
    /// Requests of somebody who is signed in (R-04).
    Requests,
    /// Accounts that are made from one place.
    SignUps,
    /// Projects of pipeline `promptr` that a person has begun (B-09).
    PromptrProjects,
    /// Projects of any pipeline that are there and that a person has begun (B-10).
    Projects,
    /// Projects of any pipeline that are there in a workspace.
    WorkspaceProjects,
    /// Refinements of a project (B-14).
    Refinements,
    /// Projects of pipeline `spec-builder` that wait for answers (B-11).
    Conversations,
    /// Questions that pipeline `spec-builder` asks (B-12).
    Questions,
    /// Artifacts that pipeline `spec-builder` writes (B-13).
    Generations,
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    /// Whose.
    pub scope: Scope,
    /// When it begins anew.
    pub window: Window,
    /// Defaults for free, paid and enterprise; 0: any number.
    pub most: [u32; 3],
    /// What it counts, as in "You have used 3 of 3 projects".
    pub counts: &'static str,
}

impl Quota {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Accounts,
        Self::AnonymousRequests,
        Self::Requests,
        Self::SignUps,
        Self::PromptrProjects,
        Self::Projects,
        Self::WorkspaceProjects,
        Self::Refinements,
        Self::Conversations,
        Self::Questions,
        Self::Generations,
    ];

    /// The table.
    #[must_use]
    pub const fn definition(self) -> Definition {
        let (scope, window, most, counts) = match self {
            Self::Accounts => (Scope::Installation, Window::None, [0; 3], "accounts"),
            Self::AnonymousRequests => (Scope::Ip, MINUTE, [100; 3], "requests without credentials"),
            Self::Requests => (Scope::User, MINUTE, [600; 3], "requests"),
            Self::SignUps => (Scope::Ip, HOUR, [20; 3], "new accounts"),
            Self::PromptrProjects => (Scope::User, Window::None, [3; 3], "projects of pipeline promptr"),
            Self::Projects => (Scope::User, Window::None, [10, 0, 0], "projects"),
            Self::WorkspaceProjects => (Scope::Workspace, Window::None, [0; 3], "projects of the workspace"),
            Self::Refinements => (Scope::Project, Window::None, [3; 3], "refinements"),
            Self::Conversations => (Scope::User, Window::None, [5, 0, 0], "conversations"),
            Self::Questions => (Scope::User, DAY, [50, 0, 0], "questions"),
            Self::Generations => (Scope::User, DAY, [10, 0, 0], "generated artifacts"),
        };
        Definition { scope, window, most, counts }
    }

    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::AnonymousRequests => "anonymous_requests",
            Self::Requests => "requests",
            Self::SignUps => "sign_ups",
            Self::PromptrProjects => "promptr_projects",
            Self::Projects => "projects",
            Self::WorkspaceProjects => "workspace_projects",
            Self::Refinements => "refinements",
            Self::Conversations => "conversations",
            Self::Questions => "questions",
            Self::Generations => "generations",
        }
    }
}

/// What an installation's settings say of one counter; what they do not say is as in the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PerTier {
    /// For tier free, and where no tier is known: 0 is any number.
    pub free: Option<u32>,
    /// For tier paid.
    pub paid: Option<u32>,
    /// For tier enterprise.
    pub enterprise: Option<u32>,
}

/// The table as an installation has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quotas(BTreeMap<Quota, PerTier>);

impl Quotas {
    /// The most that is allowed; none: any number.
    #[must_use]
    pub fn most(&self, quota: Quota, tier: Tier) -> Option<u32> {
        let [free, paid, enterprise] = quota.definition().most;
        let usual = match tier {
            Tier::Free => free,
            Tier::Paid => paid,
            Tier::Enterprise => enterprise,
        };
        self.most_or(quota, tier, usual)
    }

    /// The same for a counter that has a setting of its own as well: what the table says goes before it.
    #[must_use]
    pub fn most_or(&self, quota: Quota, tier: Tier, usual: u32) -> Option<u32> {
        let said = self.0.get(&quota).copied().unwrap_or_default();
        let said = match tier {
            Tier::Free => said.free,
            Tier::Paid => said.paid,
            Tier::Enterprise => said.enterprise,
        };
        Some(said.unwrap_or(usual)).filter(|most| *most > 0)
    }

    /// Sets a limit for all tiers; 0: any number.
    pub fn set(&mut self, quota: Quota, most: u32) {
        let most = Some(most);
        self.0.insert(quota, PerTier { free: most, paid: most, enterprise: most });
    }
}

/// How much of a limit is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaUse {
    /// Which.
    pub quota: Quota,
    /// How much of it.
    pub used: u32,
    /// The most that is allowed.
    pub most: u32,
}

impl QuotaUse {
    /// Whether its owner should know (B-18).
    #[must_use]
    pub const fn is_near(&self) -> bool {
        is_near(self.used as u64, self.most as u64)
    }
}

impl std::fmt::Display for QuotaUse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "You have used {} of {} {}.", self.used, self.most, self.quota.definition().counts)
    }
}

/// Whether so much of a limit is used that its owner should know (B-18): four fifths.
#[must_use]
pub const fn is_near(used: u64, most: u64) -> bool {
    used.saturating_mul(5) >= most.saturating_mul(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_requirements() {
        let free = Quota::ALL.map(|quota| (quota.as_str(), Quotas::default().most(quota, Tier::Free)));
        assert_eq!(
            free,
            [
                ("accounts", None),
                ("anonymous_requests", Some(100)),
                ("requests", Some(600)),
                ("sign_ups", Some(20)),
                ("promptr_projects", Some(3)),
                ("projects", Some(10)),
                ("workspace_projects", None),
                ("refinements", Some(3)),
                ("conversations", Some(5)),
                ("questions", Some(50)),
                ("generations", Some(10)),
            ]
        );
        assert_eq!(crate::limits::Limits::default().refinements_max, 3);
        // B-11 to B-13 hold for tier free only.
        for quota in [Quota::Conversations, Quota::Questions, Quota::Generations] {
            assert_eq!(Quotas::default().most(quota, Tier::Paid), None);
        }
    }

    #[test]
    fn names_are_what_settings_say() {
        for quota in Quota::ALL {
            assert_eq!(serde_json::to_value(quota).ok(), Some(quota.as_str().into()));
        }
        let quotas: Quotas =
            serde_json::from_str(r#"{"requests": {"free": 0}, "projects": {"paid": 7}}"#).unwrap_or_default();
        assert_eq!(quotas.most(Quota::Requests, Tier::Free), None);
        assert_eq!(quotas.most(Quota::Requests, Tier::Paid), Some(600));
        assert_eq!(quotas.most(Quota::Projects, Tier::Paid), Some(7));
        let paid = |quota, usual| quotas.most_or(quota, Tier::Paid, usual);
        assert_eq!((paid(Quota::Projects, 3), paid(Quota::PromptrProjects, 3)), (Some(7), Some(3)));
        assert_eq!(paid(Quota::Accounts, 0), None);
        assert!(serde_json::from_str::<Quotas>(r#"{"request": {"free": 1}}"#).is_err());
        assert!(serde_json::from_str::<Quotas>(r#"{"requests": {"gratis": 1}}"#).is_err());
    }

    #[test]
    fn near_is_four_fifths() {
        assert!(!is_near(7, 10) && is_near(8, 10) && is_near(11, 10));
        assert!(!is_near(2, 3) && is_near(3, 3));
        assert!(!is_near(479, 600) && is_near(480, 600));
    }
}
