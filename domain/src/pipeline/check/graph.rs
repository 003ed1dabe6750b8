//! The graph: needs, reads, what nothing leads to.

use super::{Checker, FROM_PEOPLE, OutputContract, Verb};
use crate::pipeline::PipelineError;
use crate::pipeline::raw::{RawPipeline, RawStage};
use std::collections::{BTreeMap, BTreeSet};
use toml::Spanned;

/// For each stage all stages before it.
type Upstream<'r> = BTreeMap<&'r str, BTreeSet<&'r str>>;

impl Checker<'_> {
    /// For each stage all stages before it; a cycle or an unknown need is an error.
    pub(super) fn upstream<'r>(
        &self,
        raw: &'r RawPipeline,
        ids: &BTreeSet<&str>,
    ) -> Result<Upstream<'r>, PipelineError> {
        let mut upstream: Upstream<'_> = BTreeMap::new();
        for spanned in &raw.stage {
            let stage = spanned.get_ref();
            for need in &stage.needs {
                if !ids.contains(need.get_ref().as_str()) {
                    return Err(
                        self.fail(need, format!("needs `{}`, and there is no such stage", need.get_ref()))
                    );
                }
            }
            upstream
                .insert(stage.id.get_ref(), stage.needs.iter().map(|need| need.get_ref().as_str()).collect());
        }
        for _ in 0..raw.stage.len() {
            let snapshot = upstream.clone();
            for before in upstream.values_mut() {
                let further: Vec<&str> =
                    before.iter().filter_map(|id| snapshot.get(id)).flatten().copied().collect();
                before.extend(further);
            }
        }
        for spanned in &raw.stage {
            let stage = spanned.get_ref();
            let id = stage.id.get_ref().as_str();
            if upstream.get(id).is_some_and(|before| before.contains(id)) {
                return Err(
                    self.fail(&stage.id, format!("stage `{id}` needs itself through its needs (a cycle)"))
                );
            }
        }
        Ok(upstream)
    }

    pub(super) fn reads(
        &self,
        stage: &RawStage,
        producers: &BTreeMap<&str, &RawStage>,
        upstream: &Upstream<'_>,
    ) -> Result<(), PipelineError> {
        for read in &stage.reads {
            let name = read.get_ref().as_str();
            let Some(producer) = producers.get(name) else {
                if FROM_PEOPLE.contains(&name) {
                    continue;
                }
                return Err(self.fail(read, format!("reads `{name}`, and no stage makes it")));
            };
            // What runs beside the others starts when what it reads exists, so it needs nothing.
            let producer = producer.id.get_ref().as_str();
            if !stage.is_side()
                && !upstream.get(stage.id.get_ref().as_str()).is_some_and(|before| before.contains(producer))
            {
                let reason = format!("reads `{name}`, but does not need stage `{producer}` which makes it");
                return Err(self.fail(read, reason));
            }
        }
        Ok(())
    }

    /// Nothing would ever lead to a stage that needs one which blocks nothing, and nothing may run before a brief is confirmed.
    pub(super) fn reachable(&self, raw: &RawPipeline, upstream: &Upstream<'_>) -> Result<(), PipelineError> {
        let stages = || raw.stage.iter().map(Spanned::get_ref);
        let chat = stages().find(|stage| stage.is_chat());
        for stage in stages() {
            let id = stage.id.get_ref().as_str();
            for need in &stage.needs {
                if stages().any(|other| other.is_side() && other.id.get_ref() == need.get_ref()) {
                    let side = need.get_ref();
                    let reason = format!(
                        "`{id}` is never reached: it needs `{side}`, which runs beside and is waited for by nobody"
                    );
                    return Err(self.fail(need, reason));
                }
            }
            let Some(chat) = chat else { continue };
            let talk = chat.id.get_ref().as_str();
            if id != talk && !stage.is_side() && !upstream.get(id).is_some_and(|before| before.contains(talk))
            {
                let reason =
                    format!("`{id}` would begin before the brief is confirmed: it must need `{talk}`");
                return Err(self.fail(&stage.id, reason));
            }
        }
        Ok(())
    }

    pub(super) fn on_findings(
        &self,
        stage: &RawStage,
        raw: &RawPipeline,
        upstream: &Upstream<'_>,
    ) -> Result<(), PipelineError> {
        let Some(findings) = &stage.on_findings else {
            return Ok(());
        };
        let verb = *stage.verb.get_ref();
        if !matches!(verb, Verb::Review | Verb::Verdict) {
            return Err(
                self.fail(&findings.mend, "only stages with verb `review` or `verdict` have findings")
            );
        }
        let target = findings.mend.get_ref().as_str();
        let id = stage.id.get_ref();
        let audits = verb == Verb::Review && self.output_of(stage) == Some(OutputContract::Audit);
        if audits {
            let reason = format!(
                "what `{id}` finds in files is mended after a verdict: `on_findings` belongs to the stage with verb `verdict`"
            );
            return Err(self.fail(&findings.mend, reason));
        }
        // A critic names prompts to mend, a verdict the files; no reviewer says what to mend in a document.
        let (mends, word) = match verb {
            Verb::Verdict => (Verb::Implement, "implement"),
            _ => (Verb::Compose, "compose"),
        };
        let can = raw
            .stage
            .iter()
            .map(Spanned::get_ref)
            .any(|other| other.id.get_ref() == target && *other.verb.get_ref() == mends);
        if !can || !upstream.get(id.as_str()).is_some_and(|before| before.contains(target)) {
            let reason = format!("`{target}` must be a stage with verb `{word}` before `{id}`");
            return Err(self.fail(&findings.mend, reason));
        }
        Ok(())
    }

    /// Reviewers that would have nothing to look at, and verdicts over reviews that say neither pass nor fail.
    pub(super) fn reviews(
        &self,
        stage: &RawStage,
        raw: &RawPipeline,
        producers: &BTreeMap<&str, &RawStage>,
    ) -> Result<(), PipelineError> {
        let id = stage.id.get_ref();
        let reads = |fits: &dyn Fn(&RawStage) -> bool| {
            let read = stage.reads.iter().filter_map(|read| producers.get(read.get_ref().as_str()));
            read.into_iter().any(|producer| fits(producer))
        };
        match (stage.verb.get_ref(), self.output_of(stage)) {
            (Verb::Review, Some(OutputContract::Audit))
                if !reads(&|producer| *producer.verb.get_ref() == Verb::Implement) =>
            {
                let reason = format!(
                    "`{id}` has no files to look at: it must read what a stage with verb `implement` makes"
                );
                return Err(self.fail(&stage.verb, reason));
            }
            (Verb::Review, Some(OutputContract::Review)) => {
                let has_prompts = reads(&|producer| *producer.verb.get_ref() == Verb::Compose);
                let has_spec = reads(&|producer| self.output_of(producer) == Some(OutputContract::Spec));
                if !has_prompts || !has_spec {
                    let reason = format!(
                        "`{id}` holds prompts against a specification: it must read what a stage with verb `compose` makes, and what an agent with output `spec` writes"
                    );
                    return Err(self.fail(&stage.verb, reason));
                }
            }
            (Verb::Verdict, _) => {
                for need in &stage.needs {
                    let silent = raw.stage.iter().map(Spanned::get_ref).any(|other| {
                        other.id.get_ref() == need.get_ref()
                            && *other.verb.get_ref() == Verb::Review
                            && self.output_of(other).is_some_and(|output| output != OutputContract::Audit)
                    });
                    if silent {
                        let reason = format!(
                            "`{}` says neither pass nor fail, so this verdict would always fail: it needs reviews by agents with output `audit`",
                            need.get_ref()
                        );
                        return Err(self.fail(need, reason));
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}
