//! Who does what: agents, what kinds of stage there are, gates.

use super::{Checker, OUTPUT_TOKENS_MAX, OutputContract, OwnAgent, PROMPT_BYTES_MAX, Verb, agent};
use crate::access::Role;
use crate::pipeline::raw::{RawGate, RawPipeline, RawStage, duration_ms};
use crate::pipeline::{OnExpiry, PipelineError};
use std::collections::BTreeSet;
use toml::Spanned;

/// Most people that a gate may ask for.
const APPROVALS_MAX: u32 = 10;

impl Checker<'_> {
    pub(super) fn own_agent(&self, spanned: &Spanned<OwnAgent>) -> Result<(), PipelineError> {
        let own = spanned.get_ref();
        let at = |reason: String| self.fail(spanned, reason);
        self.word(&Spanned::new(spanned.span(), own.id.clone()), "an agent's id")?;
        if self.known_agents.contains(&own.id) {
            return Err(at(format!("`{}` is an agent of Groundwork's own: call yours otherwise", own.id)));
        }
        self.text(&Spanned::new(spanned.span(), own.role.clone()), "an agent's role")?;
        if own.prompt.trim().is_empty() || own.prompt.len() > PROMPT_BYTES_MAX || own.prompt.contains('\0') {
            let length = own.prompt.len();
            return Err(at(format!(
                "an agent's prompt has 1 to {PROMPT_BYTES_MAX} bytes of text, this one has {length}"
            )));
        }
        if !(1..=OUTPUT_TOKENS_MAX).contains(&own.output_tokens_max) {
            return Err(at(format!("a reply has 1 to {OUTPUT_TOKENS_MAX} tokens")));
        }
        Ok(())
    }

    pub(super) fn agents_are_named(&self, raw: &RawPipeline) -> Result<(), PipelineError> {
        for spanned in &raw.agent {
            let id = &spanned.get_ref().id;
            let named = raw.stage.iter().map(Spanned::get_ref).any(|stage| {
                let advisor = stage.gate.as_ref().and_then(|gate| gate.get_ref().advisor.as_ref());
                stage.agent.as_ref().into_iter().chain(advisor).any(|name| name.get_ref() == id)
            });
            if !named {
                return Err(self.fail(spanned, format!("no stage and no gate names agent `{id}`")));
            }
        }
        Ok(())
    }

    fn known_agent(&self, name: &Spanned<String>) -> Result<Option<OutputContract>, PipelineError> {
        let id = name.get_ref();
        if let Some(output) = self.own.get(id) {
            return Ok(Some(*output));
        }
        if self.known_agents.contains(id) {
            return Ok(agent::find(id).map(|agent| agent.output));
        }
        let known: Vec<_> = self.known_agents.iter().chain(self.own.keys()).map(String::as_str).collect();
        Err(self.fail(name, format!("there is no agent `{id}`; known: {}", known.join(", "))))
    }

    /// What a stage's agent writes, where it is known.
    pub(super) fn output_of(&self, stage: &RawStage) -> Option<OutputContract> {
        let id = stage.agent.as_ref()?.get_ref();
        self.own.get(id).copied().or_else(|| agent::find(id).map(|agent| agent.output))
    }

    pub(super) fn stage_agent(&self, stage: &RawStage) -> Result<(), PipelineError> {
        let verb = *stage.verb.get_ref();
        let name = match (&stage.agent, verb) {
            (None, Verb::Verdict) => return Ok(()),
            (Some(name), Verb::Verdict) => {
                return Err(self.fail(name, "a verdict is worked out by code: it has no agent"));
            }
            (None, _) => {
                return Err(self.fail(&stage.id, format!("stage `{}` names no agent", stage.id.get_ref())));
            }
            (Some(name), _) => name,
        };
        let output = self.known_agent(name)?;
        if output.is_some_and(|output| !verb.takes(output)) {
            let reason =
                format!("agent `{}` cannot do that: what it writes does not suit the verb", name.get_ref());
            return Err(self.fail(name, reason));
        }
        Ok(())
    }

    /// Chats, what runs beside, verdicts: each has its own rules.
    pub(super) fn kind(&self, stage: &RawStage, raw: &RawPipeline) -> Result<(), PipelineError> {
        let id = stage.id.get_ref();
        let stages = || raw.stage.iter().map(Spanned::get_ref);
        match stage.verb.get_ref() {
            Verb::Reply if stage.is_chat() => {
                if stages().filter(|other| other.is_chat()).count() > 1 {
                    return Err(self.fail(&stage.id, "a pipeline has one chat at most"));
                }
                if !stage.needs.is_empty() {
                    return Err(self.fail(&stage.id, "a chat comes first: it needs nothing"));
                }
                if stage.produces.get_ref() != "brief" {
                    return Err(self.fail(&stage.produces, "what a chat makes is called `brief`"));
                }
            }
            Verb::Reply if !stage.is_side() => {
                let reason = format!("`{id}` replies to nobody: it needs `confirm = true` or `side = true`");
                return Err(self.fail(&stage.verb, reason));
            }
            Verb::Verdict => {
                let reviewed = stage.needs.iter().any(|need| {
                    stages().any(|other| {
                        other.id.get_ref() == need.get_ref() && *other.verb.get_ref() == Verb::Review
                    })
                });
                if !reviewed {
                    return Err(self.fail(&stage.id, "a verdict needs at least one stage with verb `review`"));
                }
            }
            Verb::Reply | Verb::Ask | Verb::Write | Verb::Compose | Verb::Review | Verb::Implement => {}
        }
        if stage.is_chat() && *stage.verb.get_ref() != Verb::Reply {
            return Err(self.fail(&stage.verb, "only a stage with verb `reply` has a brief to confirm"));
        }
        if stage.is_side()
            && (stage.is_chat() || !stage.needs.is_empty() || stage.gate.is_some() || stage.reads.is_empty())
        {
            let reason = "what runs beside starts when what it reads exists: it reads something, needs nothing, and has no gate";
            return Err(self.fail(&stage.id, reason));
        }
        Ok(())
    }

    pub(super) fn gates(&self, raw: &RawPipeline) -> Result<(), PipelineError> {
        let mut names = BTreeSet::new();
        for stage in raw.stage.iter().map(Spanned::get_ref) {
            let Some(spanned) = &stage.gate else { continue };
            let gate = spanned.get_ref();
            self.word(&gate.name, "a gate's name")?;
            self.status(&gate.status)?;
            self.status(&gate.approved_status)?;
            let name = gate.name.get_ref().as_str();
            if matches!(stage.verb.get_ref(), Verb::Ask | Verb::Reply | Verb::Verdict) {
                let reason = format!(
                    "gate `{name}` has nothing to decide on: stage `{}` produces no document",
                    stage.id.get_ref()
                );
                return Err(self.fail(&gate.name, reason));
            }
            if !names.insert(name) {
                return Err(self.fail(&gate.name, format!("two gates are called `{name}`")));
            }
            let is_other =
                |other: &RawStage| other.id.get_ref() == name && other.id.get_ref() != stage.id.get_ref();
            if raw.stage.iter().map(Spanned::get_ref).any(is_other) {
                return Err(self.fail(&gate.name, format!("`{name}` is another stage's id")));
            }
            self.who(gate)?;
            self.times(gate)?;
        }
        Ok(())
    }

    fn who(&self, gate: &RawGate) -> Result<(), PipelineError> {
        if *gate.role.get_ref() == Role::Viewer {
            return Err(self.fail(&gate.name, "a viewer only reads: the least role that decides is `editor`"));
        }
        if !(1..=APPROVALS_MAX).contains(gate.approvals.get_ref()) {
            return Err(self.fail(&gate.approvals, format!("a gate asks for 1 to {APPROVALS_MAX} approvals")));
        }
        if gate.operators && (gate.four_eyes || *gate.approvals.get_ref() > 1) {
            let reason = "a signal proves nobody: operators cannot decide where four eyes or several people are asked for";
            return Err(self.fail(&gate.name, reason));
        }
        let Some(advisor) = &gate.advisor else { return Ok(()) };
        if self.known_agent(advisor)?.is_some_and(|output| output != OutputContract::Advice) {
            let reason =
                format!("agent `{}` gives no advice; one with output `advice` does", advisor.get_ref());
            return Err(self.fail(advisor, reason));
        }
        Ok(())
    }

    fn times(&self, gate: &RawGate) -> Result<(), PipelineError> {
        let read = |text: &Option<Spanned<String>>| -> Result<Option<u64>, PipelineError> {
            let Some(text) = text else { return Ok(None) };
            let ms = duration_ms(text.get_ref()).ok_or_else(|| {
                self.fail(
                    text,
                    format!(
                        "a time is written `30s`, `15m`, `12h` or `3d`, up to a year: `{}`",
                        text.get_ref()
                    ),
                )
            })?;
            Ok(Some(ms))
        };
        let deadline = read(&gate.deadline)?;
        for earlier in [&gate.remind_after, &gate.escalate_after] {
            if let (Some(text), Some(ms), Some(deadline)) = (earlier, read(earlier)?, deadline)
                && ms >= deadline
            {
                return Err(self.fail(text, "this comes after the gate's deadline"));
            }
        }
        if deadline.is_none() && gate.on_expiry != OnExpiry::Wait {
            return Err(
                self.fail(&gate.name, "`on_expiry` says what happens at a deadline, and this gate has none")
            );
        }
        Ok(())
    }
}
