//! What an attempt reads: loaded by reference, and proved to be what the reference means.

mod load;

use crate::error::AttemptError;
use groundwork_agents::parse::{self, Spec};
use groundwork_agents::prompt::Document;
use groundwork_domain::Digest;
use groundwork_domain::document::brief::ChatTurn;
use groundwork_domain::document::files::{CodeFile, CodeManifest};
use groundwork_domain::document::handoff::{Handoff, HandoffContent, SoftwareSpecification};
use groundwork_domain::document::{Answer, Finding, Prompt, Question};
use groundwork_domain::work::StageTask;
use groundwork_store::artifacts::Loaded;
use std::time::Duration;

pub(crate) use load::load;

/// How often is looked for what is not there yet.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(20);
/// The one document with a place of its own; every other one goes by its artifact's name.
const SPEC: &str = "spec";

/// Everything that an attempt reads.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    idea: Option<String>,
    answers: Option<(Vec<Question>, Vec<Answer>)>,
    /// The document called `spec`.
    spec: Option<String>,
    /// The package: what is read, or what is to be changed.
    pub(crate) prompts: Option<Vec<Prompt>>,
    /// The model that wrote the package.
    pub(crate) writer: Option<String>,
    /// Documents and reviews by their artifacts' names: `brief`, `plan`, `tests`, whatever a pipeline calls its own.
    named: Vec<(String, String)>,
    /// What was handed over.
    pub(crate) handoffs: Vec<Handoff>,
    /// Files to look at.
    pub(crate) code: Option<(CodeManifest, Vec<CodeFile>)>,
    /// Files to go on from.
    pub(crate) earlier: Vec<CodeFile>,
    /// The version that is to be written again.
    pub(crate) current: Option<String>,
    /// What a person wants changed, or a review found.
    pub(crate) feedback: Option<String>,
    /// The person's words to a refinement or in a chat.
    pub(crate) request: Option<String>,
    /// The findings of the review that asks for mending.
    pub(crate) findings: Vec<Finding>,
    /// The chat so far.
    pub(crate) turns: Vec<ChatTurn>,
}

impl Inputs {
    /// As the model reads them.
    pub(crate) fn documents(&self) -> Vec<Document<'_>> {
        let mut documents = Vec::new();
        documents.extend(self.idea.as_deref().map(Document::Idea));
        if let Some((questions, answers)) = &self.answers {
            documents.push(Document::Answers { questions, answers });
        }
        documents.extend(self.spec.as_deref().map(Document::Spec));
        documents.extend(self.prompts.as_deref().map(Document::Prompts));
        documents.extend(self.named.iter().map(|(name, text)| Document::Named { name, text }));
        documents.extend(
            self.handoffs
                .iter()
                .map(|handoff| Document::Named { name: handoff.handoff_type.as_str(), text: &handoff.body }),
        );
        documents.extend(self.code.as_ref().map(|(_, files)| Document::Code(files)));
        if !self.turns.is_empty() {
            documents.push(Document::Conversation(&self.turns));
        }
        documents
    }

    /// The document of that name.
    pub(crate) fn named(&self, name: &str) -> Option<&str> {
        self.named.iter().find(|(other, _)| other == name).map(|(_, text)| text.as_str())
    }

    /// A document by its artifact's name.
    pub(crate) fn document(&self, name: &str) -> Option<&str> {
        if name == SPEC { self.spec.as_deref() } else { self.named(name) }
    }

    /// The specification, where there is one that can be read.
    pub(crate) fn readable_specification(&self) -> Option<Spec> {
        self.specification().and_then(|text| parse::spec(text).ok())
    }

    /// The specification: the document called `spec`, else the first one that reads as one.
    pub(crate) fn specification(&self) -> Option<&str> {
        let reads_as_one = |text: &&str| parse::spec(text).is_ok();
        let written = || self.named.iter().filter(|(name, _)| !name.starts_with("uploads/"));
        let others = || written().map(|(_, text)| text.as_str()).find(reads_as_one);
        self.spec.as_deref().or_else(others)
    }

    /// What the analyst handed over.
    pub(crate) fn software_specification(&self) -> Option<&SoftwareSpecification> {
        self.handoffs.iter().find_map(|handoff| match &handoff.content {
            HandoffContent::SoftwareSpecification(specification) => Some(specification),
            HandoffContent::ImplementationPlan(_) | HandoffContent::Code(_) => None,
        })
    }

    /// The questions that were asked.
    pub(crate) fn questions(&self) -> &[Question] {
        self.answers.as_ref().map_or(&[], |(questions, _)| questions)
    }

    /// Ids of the assumptions that answers were taken as.
    pub(crate) fn assumptions(&self) -> Vec<String> {
        let answers = self.answers.iter().flat_map(|(_, answers)| answers);
        answers.filter_map(|answer| answer.assumption.clone()).collect()
    }

    /// A file that a person brought.
    fn bring(&mut self, filename: &str, text: String) {
        self.named.push((format!("uploads/{filename}"), text));
    }

    fn put(&mut self, name: &str, loaded: Loaded) {
        match loaded {
            Loaded::Document(text) if name == SPEC => self.spec = Some(text),
            Loaded::Document(text) | Loaded::Review(text) => self.named.push((name.to_owned(), text)),
            Loaded::Prompts(prompts) => self.prompts = Some(prompts),
            Loaded::Files(manifest, files) => self.code = Some((manifest, files)),
            Loaded::Handoff(handoff) => self.handoffs.push(*handoff),
        }
    }
}

/// The digest of what an attempt reads and is for: equal inputs may use each other's replies.
pub(crate) fn digest(task: &StageTask) -> Result<Digest, AttemptError> {
    let inputs = (&task.verb, &task.agent, &task.produces, &task.reads, &task.work, task.questions_max);
    let bytes = serde_json::to_vec(&inputs)
        .map_err(|error| AttemptError::failed("internal", format!("inputs: {error}"), true))?;
    Ok(Digest::of(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_of_any_name_stand_side_by_side() {
        let mut inputs = Inputs::default();
        for name in ["requirements", "architecture", "spec", "brief", "memo"] {
            inputs.put(name, Loaded::Document(format!("# {name}")));
        }
        let texts: Vec<String> = inputs.documents().iter().map(|document| format!("{document:?}")).collect();
        for name in ["requirements", "architecture", "spec", "brief", "memo"] {
            let seen = texts.iter().filter(|text| text.contains(&format!("# {name}"))).count();
            assert_eq!(seen, 1, "{name}: {texts:?}");
        }
        assert_eq!((inputs.document("memo"), inputs.document("spec")), (Some("# memo"), Some("# spec")));
    }
}
