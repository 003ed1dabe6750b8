//! What would be taken now.

use super::{Course, Phase, Progress, Project};
use crate::lifecycle::Lifecycle;

impl Project {
    /// Wire names of the commands that would be taken now, in a fixed order.
    pub(super) fn allowed(&self) -> Vec<&'static str> {
        match self.lifecycle() {
            Lifecycle::Active => {}
            Lifecycle::Archived => return vec!["restore", "delete"],
            Lifecycle::Deleted => return vec!["restore"],
        }
        let phase = self.phase();
        let mut names = Vec::new();
        self.for_questions(&mut names);
        self.for_people(&mut names);
        match (self.course, phase) {
            (Course::Cancelled | Course::Deleted, _) => {}
            (Course::Paused, _) => names.extend(["resume", "cancel"]),
            (Course::Active, Phase::Completed) => {
                if self.is_refinable() && self.refinements_used < self.limits.refinements_max {
                    names.push("refine");
                }
            }
            (Course::Active, Phase::Failed) => {
                if self.may_retry() {
                    names.push("retry");
                }
                names.push("cancel");
            }
            (
                Course::Active,
                Phase::Drafting
                | Phase::Working
                | Phase::AwaitingInput
                | Phase::AwaitingApproval
                | Phase::Paused
                | Phase::Cancelled,
            ) => names.extend(["pause", "cancel"]),
        }
        if phase != Phase::Failed && self.may_retry() {
            names.push("retry");
        }
        if self.may_revise() {
            names.push("revise");
        }
        if self.rewindable().next().is_some() {
            names.push("rewind");
        }
        if self.has(Progress::OverBudget) {
            names.push("set_budget");
        }
        names.extend(["archive", "delete"]);
        names
    }

    fn for_questions(&self, names: &mut Vec<&'static str>) {
        match self.open_questions().count() {
            0 => {}
            1 => names.extend(["answer", "accept_recommendations"]),
            _ => names.extend(["answer", "accept_recommendations", "defer"]),
        }
        if self.amendable().next().is_some() {
            names.push("amend_answer");
        }
    }

    fn for_people(&self, names: &mut Vec<&'static str>) {
        let stands = matches!(self.course, Course::Active | Course::Paused);
        if stands && self.open_requests().next().is_some() {
            names.push("decide");
        }
        if self.chat_place().is_some() {
            names.push("message");
        }
        let brief = self.pipeline.chat().is_some_and(|stage| self.artifacts.contains_key(&stage.produces));
        if brief && self.is_drafting() && self.course == Course::Active {
            names.push("confirm_brief");
        }
        if self.editable().next().is_some() {
            names.push("edit");
        }
    }
}
