//! Loads what an attempt reads from the store.

use super::{Inputs, LOOK_EVERY};
use crate::error::AttemptError;
use crate::standing::Standing;
use crate::workshop::Workshop;
use groundwork_domain::document::{Answer, Question, answers_digest};
use groundwork_domain::work::{ArtifactRef, Source, StageTask, Work};
use groundwork_domain::{CommandId, Digest};
use groundwork_store::artifacts::{self, Loaded};
use groundwork_store::{StoreError, Tx, talk, uploads};
use tokio::time::Instant;

/// Stands for the words of a person where a gate's deadline asked for changes.
const NOBODY_DECIDED: &str =
    "Nobody decided in time. Look at it once more with fresh eyes and mend what a reader would object to.";

/// Files of people that an agent reads at most, the latest ones.
const UPLOADS_MAX: u32 = 20;
/// Bytes of all of them together.
const UPLOAD_BYTES_MAX: usize = 64 * 1024;

/// Loads everything. What a publication under way will bring is waited for.
pub(crate) async fn load(
    workshop: &Workshop,
    task: &StageTask,
    standing: &Standing,
) -> Result<Inputs, AttemptError> {
    let until = Instant::now() + workshop.settings.input_wait;
    loop {
        let mut tx = workshop.store.tenant(task.workspace_id, task.owner_id).await?;
        match load_now(&mut tx, task, standing).await {
            Err(AttemptError::NotYet(_)) if Instant::now() < until => {}
            ended => return ended,
        }
        drop(tx);
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn load_now(tx: &mut Tx, task: &StageTask, standing: &Standing) -> Result<Inputs, AttemptError> {
    let mut inputs = Inputs::default();
    for source in &task.reads {
        match source {
            Source::Idea { digest } => inputs.idea = Some(idea(tx, task, digest).await?),
            Source::Answers { digest } => inputs.answers = Some(answers(tx, task, digest).await?),
            Source::Artifact(artifact) => {
                let loaded = artifact_of(tx, task, artifact).await?;
                inputs.put(&artifact.name, loaded);
                inputs.writer = artifacts::model(tx, task.project_id, artifact).await?;
            }
        }
    }
    work(tx, task, &standing.work, &mut inputs).await?;
    if reads_people(task) {
        // Whoever reads what people began with reads what they brought along; data like every word of theirs.
        for (name, text) in uploads::texts(tx, task.project_id, UPLOADS_MAX, UPLOAD_BYTES_MAX).await? {
            inputs.bring(&name, text);
        }
    }
    if let Some(refused) = &standing.refused {
        inputs.feedback = Some(refused.clone());
    }
    Ok(inputs)
}

fn reads_people(task: &StageTask) -> bool {
    matches!(task.work, Work::Turn { .. })
        || task.reads.iter().any(|source| matches!(source, Source::Idea { .. }))
}

/// What this attempt is for brings its own.
async fn work(tx: &mut Tx, task: &StageTask, work: &Work, inputs: &mut Inputs) -> Result<(), AttemptError> {
    match work {
        Work::Fresh | Work::Answered { .. } => {}
        Work::Mend { review, artifact, .. } => {
            inputs.findings = artifacts::findings(tx, task.project_id, &review.name, review.version).await?;
            match artifact_of(tx, task, artifact).await? {
                Loaded::Files(_, files) => {
                    inputs.earlier = files;
                    inputs.feedback = Some(artifacts::content(tx, task.project_id, review).await?);
                }
                other => inputs.put(&artifact.name, other),
            }
        }
        Work::Refine { command_id, artifact, .. } => {
            let loaded = artifact_of(tx, task, artifact).await?;
            inputs.put(&artifact.name, loaded);
            inputs.request = Some(request(tx, task, *command_id).await?);
        }
        Work::Again { artifact, command_id, .. } => {
            inputs.feedback = Some(match command_id {
                Some(command) => talk::comment(tx, task.project_id, *command)
                    .await?
                    .ok_or(AttemptError::NotYet("the person's comment"))?,
                None => NOBODY_DECIDED.to_owned(),
            });
            match artifact_of(tx, task, artifact).await? {
                Loaded::Files(_, files) => inputs.earlier = files,
                Loaded::Document(text) | Loaded::Review(text) => inputs.current = Some(text),
                Loaded::Handoff(handoff) => inputs.current = Some(handoff.body),
                Loaded::Prompts(prompts) => inputs.prompts = Some(prompts),
            }
        }
        Work::Turn { command_id, .. } => turn(tx, task, *command_id, inputs).await?,
        Work::Advise { artifact, .. } => {
            if inputs.named("brief").is_none()
                && let Some(brief) = artifacts::current(tx, task.project_id, "brief").await?
            {
                let loaded = artifact_of(tx, task, &brief).await?;
                inputs.put("brief", loaded);
            }
            let is_read =
                task.reads.iter().any(|source| matches!(source, Source::Artifact(one) if one == artifact));
            if !is_read {
                let loaded = artifact_of(tx, task, artifact).await?;
                inputs.put(&artifact.name, loaded);
            }
        }
    }
    Ok(())
}

/// The chat before the person's message, the message, and the brief as it is.
async fn turn(
    tx: &mut Tx,
    task: &StageTask,
    command: Option<CommandId>,
    inputs: &mut Inputs,
) -> Result<(), AttemptError> {
    let before = match command {
        Some(command) => {
            let message = talk::message(tx, task.project_id, command).await?;
            let (place, text) = message.ok_or(AttemptError::NotYet("the person's message"))?;
            inputs.request = Some(text);
            place
        }
        None => u64::MAX,
    };
    inputs.turns = talk::chat(tx, task.project_id, before).await?;
    if inputs.named(&task.produces).is_none() {
        let last = talk::last_written(tx, task.project_id, &task.produces, &task.stage, task.attempt).await?;
        if let Some(last) = last {
            let loaded = artifact_of(tx, task, &last).await?;
            inputs.put(&task.produces, loaded);
        }
    }
    Ok(())
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
