//! What an attempt reads: loaded by reference, and proved to be what the reference means.

use crate::error::AttemptError;
use crate::workshop::Workshop;
use groundwork_agents::prompt::Document;
use groundwork_domain::document::{Answer, Finding, Prompt, Question, answers_digest};
use groundwork_domain::work::{ArtifactRef, Source, StageTask, Work};
use groundwork_domain::{CommandId, Digest};
use groundwork_store::artifacts::{self, Loaded};
use groundwork_store::{StoreError, Tx};
use std::time::Duration;
use tokio::time::Instant;

/// How often is looked for what is not there yet.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Everything that an attempt reads.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    idea: Option<String>,
    answers: Option<(Vec<Question>, Vec<Answer>)>,
    /// The specification, as text.
    pub(crate) spec: Option<String>,
    /// The package: what is read, or what is to be changed.
    pub(crate) prompts: Option<Vec<Prompt>>,
    /// The model that wrote the package.
    pub(crate) writer: Option<String>,
    /// The person's words to a refinement.
    pub(crate) request: Option<String>,
    /// The findings of the review that asks for mending.
    pub(crate) findings: Vec<Finding>,
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
        documents
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

    fn put(&mut self, loaded: Loaded) {
        match loaded {
            Loaded::Document(text) => self.spec = Some(text),
            Loaded::Prompts(prompts) => self.prompts = Some(prompts),
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

/// Loads everything. What a publication under way will bring is waited for.
pub(crate) async fn load(workshop: &Workshop, task: &StageTask) -> Result<Inputs, AttemptError> {
    let until = Instant::now() + workshop.settings.input_wait;
    loop {
        let mut tx = workshop.store.tenant(task.workspace_id, task.owner_id).await?;
        match load_now(&mut tx, task).await {
            Err(AttemptError::NotYet(_)) if Instant::now() < until => {}
            ended => return ended,
        }
        drop(tx);
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn load_now(tx: &mut Tx, task: &StageTask) -> Result<Inputs, AttemptError> {
    let mut inputs = Inputs::default();
    for source in &task.reads {
        match source {
            Source::Idea { digest } => inputs.idea = Some(idea(tx, task, digest).await?),
            Source::Answers { digest } => inputs.answers = Some(answers(tx, task, digest).await?),
            Source::Artifact(artifact) => {
                inputs.put(artifact_of(tx, task, artifact).await?);
                inputs.writer = artifacts::model(tx, task.project_id, artifact).await?;
            }
        }
    }
    match &task.work {
        Work::Fresh => {}
        Work::Mend { review, artifact, .. } => {
            inputs.put(artifact_of(tx, task, artifact).await?);
            inputs.findings = artifacts::findings(tx, task.project_id, &review.name, review.version).await?;
        }
        Work::Refine { command_id, artifact, .. } => {
            inputs.put(artifact_of(tx, task, artifact).await?);
            inputs.request = Some(request(tx, task, *command_id).await?);
        }
    }
    Ok(inputs)
}

async fn artifact_of(tx: &mut Tx, task: &StageTask, artifact: &ArtifactRef) -> Result<Loaded, AttemptError> {
    Ok(artifacts::load(tx, task.project_id, artifact).await?)
}

async fn idea(tx: &mut Tx, task: &StageTask, digest: &Digest) -> Result<String, AttemptError> {
    let idea = artifacts::idea(tx, task.project_id).await?;
    if Digest::of(idea.as_bytes()) == *digest {
        return Ok(idea);
    }
    let reason = "its digest is not the one that the project was started with".to_owned();
    Err(StoreError::Corrupt { what: "idea", reason }.into())
}

async fn answers(
    tx: &mut Tx,
    task: &StageTask,
    digest: &Digest,
) -> Result<(Vec<Question>, Vec<Answer>), AttemptError> {
    let (questions, answers): (Vec<_>, Vec<_>) =
        artifacts::questions(tx, task.project_id).await?.into_iter().unzip();
    let answers: Vec<Answer> = answers.into_iter().flatten().collect();
    let digests: Vec<_> = answers.iter().map(Answer::digest).collect();
    if answers_digest(&digests) == *digest {
        Ok((questions, answers))
    } else {
        Err(AttemptError::NotYet("answers"))
    }
}

async fn request(tx: &mut Tx, task: &StageTask, command: CommandId) -> Result<String, AttemptError> {
    let request = artifacts::refinement_request(tx, task.project_id, command).await?;
    request.ok_or(AttemptError::NotYet("the refinement's request"))
}
