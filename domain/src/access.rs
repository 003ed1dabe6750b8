//! Who may do what: roles, permissions, and the scopes of API tokens, as one table.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What a member of a workspace is; each may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads (B-07).
    Viewer,
    /// Creates and edits projects, answers questions (B-06).
    Editor,
    /// Manages members, performs every project action (B-05).
    Admin,
    /// Everything (B-04).
    Owner,
}

impl Role {
    /// All, the least one first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Editor, Self::Admin, Self::Owner];

    /// As it is stored and sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// Reads what [`Role::as_str`] wrote.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// Whether a member of this role may do that. `is_own`: it is theirs (a project that they created, their own membership).
    #[must_use]
    pub fn may(self, permission: Permission, is_own: bool) -> bool {
        let rule = permission.rule();
        self >= rule.least || (is_own && rule.own.is_some_and(|least| self >= least))
    }

    /// Whether a member of this role may turn a membership of role `from` into `to` (none: end it). Nobody gives or takes
    /// away a role above their own.
    #[must_use]
    pub fn may_change_member(self, from: Self, to: Option<Self>) -> bool {
        self.may(Permission::ManageMembers, false) && self >= from && to.is_none_or(|to| self >= to)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing that can be done in a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// See the workspace, its members and limits.
    ReadWorkspace,
    /// Rename it, change its settings.
    UpdateWorkspace,
    /// Archive it and take it back.
    ArchiveWorkspace,
    /// Delete it and undo that.
    DeleteWorkspace,
    /// Make another member its owner.
    TransferOwnership,
    /// Change what it pays for.
    ChangePlan,
    /// Invite, change roles, remove.
    ManageMembers,
    /// End a membership.
    LeaveWorkspace,
    /// Read and export the audit log.
    ReadAudit,
    /// See what was used and what it cost.
    ReadUsage,
    /// See projects and all that is in them.
    ReadProject,
    /// Begin a project.
    CreateProject,
    /// Answer, refine, retry, pause, cancel, tick.
    WorkOnProject,
    /// Rename, change settings.
    UpdateProject,
    /// Archive a project and take it back.
    ArchiveProject,
    /// Delete a project and undo that.
    DeleteProject,
    /// Take the package away.
    ExportProject,
}

/// Least roles, and the scope that a token needs.
struct Rule {
    least: Role,
    /// Least role for what is one's own, where that is another one.
    own: Option<Role>,
    scope: Scope,
}

impl Permission {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::ReadWorkspace,
        Self::UpdateWorkspace,
        Self::ArchiveWorkspace,
        Self::DeleteWorkspace,
        Self::TransferOwnership,
        Self::ChangePlan,
        Self::ManageMembers,
        Self::LeaveWorkspace,
        Self::ReadAudit,
        Self::ReadUsage,
        Self::ReadProject,
        Self::CreateProject,
        Self::WorkOnProject,
        Self::UpdateProject,
        Self::ArchiveProject,
        Self::DeleteProject,
        Self::ExportProject,
    ];

    /// The table.
    const fn rule(self) -> Rule {
        use {Role::*, Scope::*};
        let (least, own, scope) = match self {
            Self::ReadWorkspace => (Viewer, None, WorkspacesRead),
            Self::UpdateWorkspace => (Admin, None, WorkspacesWrite),
            Self::ArchiveWorkspace => (Owner, None, WorkspacesWrite),
            Self::DeleteWorkspace => (Owner, None, WorkspacesWrite),
            Self::TransferOwnership => (Owner, None, WorkspacesWrite),
            Self::ChangePlan => (Owner, None, WorkspacesWrite),
            Self::ManageMembers => (Admin, None, WorkspacesWrite),
            Self::LeaveWorkspace => (Admin, Some(Viewer), WorkspacesWrite),
            Self::ReadAudit => (Admin, None, WorkspacesRead),
            Self::ReadUsage => (Viewer, None, WorkspacesRead),
            Self::ReadProject => (Viewer, None, ProjectsRead),
            Self::CreateProject => (Editor, None, ProjectsWrite),
            Self::WorkOnProject => (Editor, None, ProjectsWrite),
            Self::UpdateProject => (Editor, None, ProjectsWrite),
            Self::ArchiveProject => (Editor, None, ProjectsWrite),
            Self::DeleteProject => (Admin, Some(Editor), ProjectsWrite),
            Self::ExportProject => (Viewer, None, ProjectsRead),
        };
        Rule { least, own, scope }
    }

    /// What an API token must have been given for this.
    #[must_use]
    pub const fn scope(self) -> Scope {
        self.rule().scope
    }
}

/// What a personal API token can be given. A token never reaches the account itself: passwords, sessions, tokens, deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// Projects, their texts, events and packages.
    #[serde(rename = "projects:read")]
    ProjectsRead,
    /// Begin projects and work on them; holds `projects:read` too.
    #[serde(rename = "projects:write")]
    ProjectsWrite,
    /// Workspaces, members, usage, audit.
    #[serde(rename = "workspaces:read")]
    WorkspacesRead,
    /// Change workspaces and members; holds `workspaces:read` too.
    #[serde(rename = "workspaces:write")]
    WorkspacesWrite,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::ProjectsRead, Self::ProjectsWrite, Self::WorkspacesRead, Self::WorkspacesWrite];

    /// As it is stored and sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ProjectsRead => "projects:read",
            Self::ProjectsWrite => "projects:write",
            Self::WorkspacesRead => "workspaces:read",
            Self::WorkspacesWrite => "workspaces:write",
        }
    }

    /// Reads what [`Scope::as_str`] wrote.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }
}

/// What a caller's credentials reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach(u8);

impl Reach {
    /// A session of a person: everything that the person may.
    pub const ALL: Self = Self(u8::MAX);
    const ACCOUNT: u8 = 1 << 7;

    /// An API token with these scopes.
    #[must_use]
    pub fn of(scopes: impl IntoIterator<Item = Scope>) -> Self {
        let bits = |scope| match scope {
            Scope::ProjectsRead => 1,
            Scope::ProjectsWrite => 1 | 1 << 1,
            Scope::WorkspacesRead => 1 << 2,
            Scope::WorkspacesWrite => 1 << 2 | 1 << 3,
        };
        Self(scopes.into_iter().fold(0, |reach, scope| reach | bits(scope)))
    }

    /// Whether it reaches what needs that scope.
    #[must_use]
    pub fn holds(self, scope: Scope) -> bool {
        let needed = match scope {
            Scope::ProjectsRead => 1,
            Scope::ProjectsWrite => 1 << 1,
            Scope::WorkspacesRead => 1 << 2,
            Scope::WorkspacesWrite => 1 << 3,
        };
        self.0 & needed != 0
    }

    /// Whether it reaches the account itself.
    #[must_use]
    pub const fn holds_account(self) -> bool {
        self.0 & Self::ACCOUNT != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// V, E, A, O: what each role may; then what each may with its own.
    #[test]
    fn the_matrix() {
        use Permission::*;
        let matrix = [
            (ReadWorkspace, "VEAO", "VEAO"),
            (UpdateWorkspace, "AO", "AO"),
            (ArchiveWorkspace, "O", "O"),
            (DeleteWorkspace, "O", "O"),
            (TransferOwnership, "O", "O"),
            (ChangePlan, "O", "O"),
            (ManageMembers, "AO", "AO"),
            (LeaveWorkspace, "AO", "VEAO"),
            (ReadAudit, "AO", "AO"),
            (ReadUsage, "VEAO", "VEAO"),
            (ReadProject, "VEAO", "VEAO"),
            (CreateProject, "EAO", "EAO"),
            (WorkOnProject, "EAO", "EAO"),
            (UpdateProject, "EAO", "EAO"),
            (ArchiveProject, "EAO", "EAO"),
            (DeleteProject, "AO", "EAO"),
            (ExportProject, "VEAO", "VEAO"),
        ];
        assert_eq!(matrix.map(|(permission, ..)| permission), Permission::ALL);
        for (permission, any, own) in matrix {
            let letters = |is_own| {
                let those = Role::ALL.into_iter().zip(['V', 'E', 'A', 'O']);
                those
                    .filter(|(role, _)| role.may(permission, is_own))
                    .map(|(_, letter)| letter)
                    .collect::<String>()
            };
            assert_eq!((letters(false).as_str(), letters(true).as_str()), (any, own), "{permission:?}");
        }
    }

    #[test]
    fn nobody_gives_or_takes_a_role_above_their_own() {
        use Role::*;
        let may = |who: Role, from: Role, to: Option<Role>| who.may_change_member(from, to);
        for from in Role::ALL {
            for to in Role::ALL.map(Some).into_iter().chain([None]) {
                assert!(may(Owner, from, to));
                assert_eq!(may(Admin, from, to), from <= Admin && to.is_none_or(|to| to <= Admin));
                assert!(!may(Editor, from, to) && !may(Viewer, from, to));
            }
        }
    }

    #[test]
    fn a_token_reaches_what_it_was_given_and_never_the_account() {
        for scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.as_str()), Some(scope));
            assert!(Reach::of([scope]).holds(scope));
            assert!(Reach::ALL.holds(scope));
        }
        assert!(Reach::of([Scope::ProjectsWrite]).holds(Scope::ProjectsRead));
        assert!(!Reach::of([Scope::ProjectsRead]).holds(Scope::ProjectsWrite));
        assert!(!Reach::of([Scope::WorkspacesWrite]).holds(Scope::ProjectsRead));
        assert!(!Reach::of(Scope::ALL).holds_account());
        assert!(Reach::ALL.holds_account());
        assert!(Scope::ALL.into_iter().all(|scope| !Reach::of([]).holds(scope)));
    }

    #[test]
    fn roles_are_read_as_they_are_written() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        assert_eq!(Role::parse("Owner"), None);
    }
}
