//! The TOML of a pipeline, with the place of everything that can be wrong.

use super::{GatePolicy, ORCHESTRATOR, OnExpiry, OnFindings, OwnAgent, Pipeline, Stage, Verb};
use crate::access::Role;
use crate::ids::StageId;
use serde::Deserialize;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPipeline {
    pub(super) id: Spanned<String>,
    pub(super) version: Spanned<u32>,
    pub(super) title: Spanned<String>,
    #[serde(default)]
    pub(super) description: String,
    pub(super) done_status: Option<Spanned<String>>,
    pub(super) active_minutes: Option<Spanned<u32>>,
    #[serde(default)]
    pub(super) tells_tasks: bool,
    #[serde(default)]
    pub(super) agent: Vec<Spanned<OwnAgent>>,
    #[serde(default)]
    pub(super) stage: Vec<Spanned<RawStage>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStage {
    pub(super) id: Spanned<String>,
    pub(super) status: Spanned<String>,
    pub(super) message: Spanned<String>,
    pub(super) verb: Spanned<Verb>,
    pub(super) agent: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) needs: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) reads: Vec<Spanned<String>>,
    pub(super) produces: Spanned<String>,
    pub(super) on_findings: Option<RawOnFindings>,
    pub(super) confirm: Option<Spanned<bool>>,
    pub(super) side: Option<Spanned<bool>>,
    pub(super) gate: Option<Spanned<RawGate>>,
}

impl RawStage {
    pub(super) fn is_chat(&self) -> bool {
        self.confirm.as_ref().is_some_and(|flag| *flag.get_ref())
    }

    pub(super) fn is_side(&self) -> bool {
        self.side.as_ref().is_some_and(|flag| *flag.get_ref())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOnFindings {
    pub(super) mend: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawGate {
    pub(super) name: Spanned<String>,
    pub(super) status: Spanned<String>,
    pub(super) approved_status: Spanned<String>,
    #[serde(default = "editor")]
    pub(super) role: Spanned<Role>,
    #[serde(default = "one")]
    pub(super) approvals: Spanned<u32>,
    #[serde(default)]
    pub(super) four_eyes: bool,
    #[serde(default)]
    pub(super) operators: bool,
    pub(super) remind_after: Option<Spanned<String>>,
    pub(super) escalate_after: Option<Spanned<String>>,
    pub(super) deadline: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) on_expiry: OnExpiry,
    pub(super) advisor: Option<Spanned<String>>,
}

fn editor() -> Spanned<Role> {
    Spanned::new(0..0, Role::Editor)
}

fn one() -> Spanned<u32> {
    Spanned::new(0..0, 1)
}

impl RawPipeline {
    pub(super) fn into_pipeline(self) -> Pipeline {
        let stages = self.stage.into_iter().map(|stage| stage.into_inner().into_stage()).collect();
        Pipeline {
            id: self.id.into_inner(),
            version: self.version.into_inner(),
            title: self.title.into_inner(),
            description: self.description,
            done_status: self.done_status.map(Spanned::into_inner),
            active_minutes: self.active_minutes.map(Spanned::into_inner),
            tells_tasks: self.tells_tasks,
            agents: self.agent.into_iter().map(Spanned::into_inner).collect(),
            stages,
        }
    }
}

impl RawStage {
    fn into_stage(self) -> Stage {
        let (confirm, side) = (self.is_chat(), self.is_side());
        Stage {
            id: StageId(self.id.into_inner()),
            status: self.status.into_inner(),
            message: self.message.into_inner(),
            verb: self.verb.into_inner(),
            agent: self.agent.map_or_else(|| ORCHESTRATOR.to_owned(), Spanned::into_inner),
            needs: self.needs.into_iter().map(|need| StageId(need.into_inner())).collect(),
            reads: self.reads.into_iter().map(Spanned::into_inner).collect(),
            produces: self.produces.into_inner(),
            on_findings: self
                .on_findings
                .map(|findings| OnFindings { mend: StageId(findings.mend.into_inner()) }),
            confirm,
            side,
            gate: self.gate.map(|gate| gate.into_inner().into_policy()),
        }
    }
}

impl RawGate {
    fn into_policy(self) -> GatePolicy {
        let ms = |text: Option<Spanned<String>>| text.and_then(|text| duration_ms(text.get_ref()));
        GatePolicy {
            name: self.name.into_inner(),
            status: self.status.into_inner(),
            approved_status: self.approved_status.into_inner(),
            role: self.role.into_inner(),
            approvals: self.approvals.into_inner(),
            four_eyes: self.four_eyes,
            operators: self.operators,
            remind_after_ms: ms(self.remind_after),
            escalate_after_ms: ms(self.escalate_after),
            deadline_ms: ms(self.deadline),
            on_expiry: self.on_expiry,
            advisor: self.advisor.map(Spanned::into_inner),
        }
    }
}

/// Longest time that a policy may name: a year.
const DURATION_MS_MAX: u64 = 366 * 24 * 3_600_000;

/// Reads `30s`, `15m`, `12h`, `3d`; none for anything else, for zero and for more than a year.
pub(super) fn duration_ms(text: &str) -> Option<u64> {
    let unit_ms = match text.chars().last()? {
        's' => 1_000,
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => 24 * 3_600_000,
        _ => return None,
    };
    let digits = &text[..text.len() - 1];
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let ms = digits.parse::<u64>().ok()?.checked_mul(unit_ms)?;
    (1..=DURATION_MS_MAX).contains(&ms).then_some(ms)
}

#[cfg(test)]
mod tests {
    use super::duration_ms;

    #[test]
    fn durations_have_a_unit_and_an_end() {
        let cases = [
            ("2s", Some(2_000)),
            ("15m", Some(900_000)),
            ("12h", Some(43_200_000)),
            ("3d", Some(259_200_000)),
        ];
        for (text, ms) in cases {
            assert_eq!(duration_ms(text), ms);
        }
        for text in ["", "3", "d", "-1d", "0s", "1w", "1.5h", "400d", "99999999999999999999s", "3é"] {
            assert_eq!(duration_ms(text), None, "{text}");
        }
    }
}
