//! What comes out of an attempt, stored once: versions, questions, findings, conversation, events and the result itself in
//! one transaction. A second run of the attempt finds the result.

mod build;

pub use build::tell_written;

use crate::artifacts::ManifestEntry;
use crate::clean::{self, int};
use crate::events::{LockedProject, NewTurn, TurnKind};
use crate::{StoreError, Tx, streams, usage};
use groundwork_domain::command::Actor;
use groundwork_domain::document::audit::Advice;
use groundwork_domain::document::files::{CodeFile, CodeManifest};
use groundwork_domain::document::handoff::Handoff;
use groundwork_domain::document::{Finding, Prompt, Question, Verdict};
use groundwork_domain::event::Cause;
use groundwork_domain::work::{ArtifactRef, AskedQuestion, StageOutcome, StageResult, StageTask, Work};
use groundwork_domain::{Digest, ProjectId, StageId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

/// What an attempt made.
#[derive(Clone, Debug, PartialEq)]
pub enum Product {
    /// Questions for people, maybe none.
    Questions(Vec<Question>),
    /// One Markdown artifact.
    Document {
        /// The whole text.
        content: String,
        /// Numbers of the prompts that it makes stale.
        makes_stale: Vec<u32>,
    },
    /// A whole set of prompts; those that did not change keep their version.
    Prompts(Vec<Prompt>),
    /// A review.
    Review {
        /// As Markdown.
        content: String,
        /// What it says of the whole.
        verdict: Verdict,
        /// Of the critic and of the checks by code.
        findings: Vec<Finding>,
        /// How many of them the writer can mend.
        mendable: u32,
        /// Reviews of files, and verdicts: whether it passed.
        passed: Option<bool>,
    },
    /// Files with their manifest.
    Files {
        /// All of them.
        files: Vec<CodeFile>,
        /// What is said of them.
        manifest: CodeManifest,
    },
    /// What one agent hands over to the next.
    Handoff(Box<Handoff>),
    /// A turn of a chat; its message is what the agent says in the conversation.
    Chat {
        /// The brief as it is now, if it has changed.
        brief: Option<String>,
    },
    /// A name for the project.
    Title(String),
    /// Advice beside a gate.
    Advice {
        /// The gate.
        gate: String,
        /// Its request.
        request_id: Uuid,
        /// What was looked at.
        artifact: ArtifactRef,
        /// What was said.
        advice: Advice,
    },
    /// A question to a person.
    Question(PersonAsked),
}

/// A question that an agent asks a person, with what is needed to go on once it is answered.
#[derive(Clone, Debug, PartialEq)]
pub struct PersonAsked {
    /// As the state machine will name the request.
    pub request_id: Uuid,
    /// The question.
    pub question: String,
    /// Why only the person can answer it; may be empty.
    pub reason: String,
    /// The call of the tool whose result the answer is.
    pub call_id: String,
    /// What the attempt is for: the work that the first attempt of this chain had.
    pub work: Work,
    /// What people answered earlier in this chain.
    pub answers: Vec<PersonAnswer>,
}

/// What a person answered to a call of a tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonAnswer {
    /// Of the call.
    pub call_id: String,
    /// Their words.
    pub text: String,
}

/// An attempt's product with where it comes from.
#[derive(Clone, Debug)]
pub struct NewResult<'a> {
    /// What was asked for.
    pub task: &'a StageTask,
    /// What was made.
    pub product: Product,
    /// The model that made it; none where code did.
    pub model: Option<&'a str>,
    /// The prompt that it was made with; none where code made it.
    pub prompt_digest: Option<&'a Digest>,
    /// What the agent says of it in the conversation, a sentence.
    pub message: &'a str,
    /// Now.
    pub at: Timestamp,
}

/// The result of an attempt, if it has one.
///
/// # Errors
/// [`StoreError::Corrupt`], [`StoreError::Database`].
pub async fn find(
    conn: &mut PgConnection,
    project: ProjectId,
    stage: &StageId,
    attempt: u32,
) -> Result<Option<StageOutcome>, StoreError> {
    let outcome = sqlx::query_scalar!(
        "select outcome from stage_results where project_id = $1 and stage = $2 and attempt = $3",
        project.0,
        stage.0,
        int(attempt),
    )
    .fetch_optional(conn)
    .await?;
    outcome
        .map(serde_json::from_value)
        .transpose()
        .map_err(|error| StoreError::Corrupt { what: "stage result", reason: error.to_string() })
}

/// Stores what an attempt made and commits. If it has a result already, that one is returned and nothing changes.
///
/// # Errors
/// [`StoreError::Database`]; nothing is stored then, or whether it is is unknown. Both are mended by calling again.
pub async fn store(mut tx: Tx, new: &NewResult<'_>) -> Result<StageOutcome, StoreError> {
    let task = new.task;
    let (project, stage, attempt) = (task.project_id, &task.stage, task.attempt);
    let mut locked = LockedProject::lock(&mut tx, task.workspace_id, project).await?;
    if let Some(outcome) = find(&mut tx, project, stage, attempt).await? {
        return Ok(outcome);
    }
    let result = match &new.product {
        Product::Questions(questions) => ask(&mut tx, new, questions).await?,
        Product::Document { content, makes_stale } => {
            let stale_prompts = u32::try_from(makes_stale.len()).unwrap_or(u32::MAX);
            let artifact = write(&mut tx, new, "document", content, makes_stale).await?;
            StageResult::Written { artifact, stale_prompts }
        }
        Product::Prompts(prompts) => compose(&mut tx, new, prompts).await?,
        Product::Review { content, verdict, findings, mendable, passed } => {
            let artifact = write(&mut tx, new, "review", content, &[]).await?;
            report(&mut tx, task, &artifact, findings).await?;
            let total = u32::try_from(findings.len()).unwrap_or(u32::MAX);
            let open = total.saturating_sub(*mendable);
            let passed = *passed;
            StageResult::Reviewed { artifact, verdict: *verdict, mendable: *mendable, open, passed }
        }
        other => build::store(&mut tx, &mut locked, new, other).await?,
    };
    let outcome = StageOutcome { result, used: usage::of_attempt(&mut tx, project, stage, attempt).await? };
    sqlx::query!(
        "insert into stage_results (workspace_id, project_id, stage, attempt, outcome) values ($1, $2, $3, $4, $5)",
        task.workspace_id.0,
        project.0,
        stage.0,
        int(attempt),
        Json(&outcome) as _,
    )
    .execute(tx.conn())
    .await?;
    build::store_behind(&mut tx, new).await?;
    locked.say(&mut tx, turns(new)).await?;
    locked.release(&mut tx).await?;
    streams::forget(&mut tx, project, stage, attempt).await?;
    tx.commit().await?;
    Ok(outcome)
}

/// Every question is a turn of the conversation; everything else is one sentence about what was made.
fn turns(new: &NewResult<'_>) -> Vec<NewTurn> {
    let task = new.task;
    let cause = Cause::Stage { stage: task.stage.clone(), attempt: task.attempt, parked: 0 };
    let turn = |kind, item: String, content: String, metadata| NewTurn {
        kind,
        agent: Some(task.agent.clone()),
        content,
        metadata,
        cause: cause.clone(),
        item,
        actor: Actor::System,
        at: new.at,
    };
    let mut turns = Vec::new();
    if let Product::Questions(questions) = &new.product {
        turns.extend(questions.iter().map(|question| {
            let metadata =
                json!({"question_id": question.id, "options": question.options, "format": question.format});
            turn(TurnKind::AgentQuestion, question.id.clone(), question.text.clone(), metadata)
        }));
    }
    if turns.is_empty() {
        let mut metadata = json!({"stage": task.stage, "attempt": task.attempt, "model": new.model});
        if let Product::Chat { .. } = &new.product {
            metadata["chat"] = json!(true);
        }
        turns.push(turn(TurnKind::AgentResponse, task.agent.clone(), new.message.to_owned(), metadata));
    }
    turns
}

async fn ask(
    conn: &mut PgConnection,
    new: &NewResult<'_>,
    questions: &[Question],
) -> Result<StageResult, StoreError> {
    let task = new.task;
    // Ids are never used again: what an attempt asked that came to nothing is not asked any more.
    sqlx::query!(
        "update questions set state = 'superseded' where project_id = $1 and stage = $2 and attempt < $3 and state = 'open'",
        task.project_id.0,
        task.stage.0,
        int(task.attempt),
    )
    .execute(&mut *conn)
    .await?;
    for (position, question) in questions.iter().enumerate() {
        sqlx::query!(
            "insert into questions (workspace_id, project_id, stage, attempt, id, position, text, category, why, format,
                 options)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            task.workspace_id.0,
            task.project_id.0,
            task.stage.0,
            int(task.attempt),
            question.id,
            int(u32::try_from(position).unwrap_or(u32::MAX)),
            question.text,
            question.category,
            question.why,
            format_word(question),
            Json(&question.options) as _,
        )
        .execute(&mut *conn)
        .await?;
    }
    let manifest = serde_json::to_vec(questions).unwrap_or_default();
    Ok(StageResult::Asked {
        manifest: Digest::of(&manifest),
        questions: questions.iter().map(asked).collect(),
    })
}

fn format_word(question: &Question) -> &'static str {
    use groundwork_domain::document::QuestionFormat;
    match question.format {
        QuestionFormat::Radio => "radio",
        QuestionFormat::Checkbox => "checkbox",
        QuestionFormat::Text => "text",
    }
}

fn asked(question: &Question) -> AskedQuestion {
    AskedQuestion {
        id: question.id.clone(),
        format: question.format,
        options: question.options.iter().map(|option| option.key.clone()).collect(),
        recommended: question
            .options
            .iter()
            .find(|option| option.recommended)
            .map(|option| option.key.clone()),
    }
}

/// Inserts the next version of the artifact that the task produces.
async fn write(
    conn: &mut PgConnection,
    new: &NewResult<'_>,
    kind: &str,
    content: &str,
    makes_stale: &[u32],
) -> Result<ArtifactRef, StoreError> {
    let task = new.task;
    let content = clean::text(content);
    let digest = Digest::of(content.as_bytes());
    let makes_stale: Vec<_> = makes_stale.iter().map(|number| int(*number)).collect();
    let version = sqlx::query_scalar!(
        "insert into artifacts (workspace_id, project_id, name, version, digest, kind, format, content, stage, attempt,
             agent, model, prompt_digest, sources, makes_stale)
         select $1, $2, $3, coalesce(max(version), 0) + 1, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14
         from artifacts where project_id = $2 and name = $3
         returning version",
        task.workspace_id.0,
        task.project_id.0,
        task.produces,
        digest.0,
        kind,
        if matches!(kind, "prompts" | "code" | "handoff") { "json" } else { "markdown" },
        content,
        task.stage.0,
        int(task.attempt),
        task.agent,
        new.model,
        new.prompt_digest.map(|digest| digest.0.as_str()),
        Json(&task.reads) as _,
        &makes_stale,
    )
    .fetch_one(conn)
    .await?;
    Ok(ArtifactRef { name: task.produces.clone(), version: clean::count(version), digest })
}

async fn compose(
    conn: &mut PgConnection,
    new: &NewResult<'_>,
    prompts: &[Prompt],
) -> Result<StageResult, StoreError> {
    let (mut manifest, mut changed) = (Vec::new(), 0);
    for prompt in prompts {
        let (entry, is_new) = keep(conn, new.task, prompt).await?;
        changed += u32::from(is_new);
        manifest.push(entry);
    }
    let content = serde_json::to_string(&manifest)
        .map_err(|error| StoreError::Corrupt { what: "manifest", reason: error.to_string() })?;
    let artifact = write(conn, new, "prompts", &content, &[]).await?;
    Ok(StageResult::Composed { artifact, count: u32::try_from(prompts.len()).unwrap_or(u32::MAX), changed })
}

/// The version of a prompt that has this text: the one that is there, or the next. True where it is new.
async fn keep(
    conn: &mut PgConnection,
    task: &StageTask,
    prompt: &Prompt,
) -> Result<(ManifestEntry, bool), StoreError> {
    let project = task.project_id;
    let content = clean::text(&prompt.content);
    let digest = Digest::of(content.as_bytes());
    let row = sqlx::query!(
        "select max(version) as latest, max(version) filter (where digest = $3) as same
         from prompts where project_id = $1 and number = $2",
        project.0,
        int(prompt.number),
        digest.0,
    )
    .fetch_one(&mut *conn)
    .await?;
    if let Some(version) = row.same {
        let entry = ManifestEntry { number: prompt.number, version: clean::count(version), digest };
        return Ok((entry, false));
    }
    let version = row.latest.unwrap_or(0) + 1;
    let id = Uuid::new_v5(&project.0, format!("prompt|{}|{version}", prompt.number).as_bytes());
    let needs: Vec<_> = prompt.needs.iter().map(|number| int(*number)).collect();
    sqlx::query!(
        "insert into prompts (id, workspace_id, project_id, number, version, stage, title, content, covers, needs, checklist,
             digest)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        id,
        task.workspace_id.0,
        project.0,
        int(prompt.number),
        version,
        prompt.stage.as_str(),
        clean::text(&prompt.title),
        content,
        &prompt.covers,
        &needs,
        &prompt.checklist,
        digest.0,
    )
    .execute(conn)
    .await?;
    Ok((ManifestEntry { number: prompt.number, version: clean::count(version), digest }, true))
}

async fn report(
    conn: &mut PgConnection,
    task: &StageTask,
    review: &ArtifactRef,
    findings: &[Finding],
) -> Result<(), StoreError> {
    for (position, finding) in findings.iter().enumerate() {
        let prompts: Vec<_> = finding.prompts.iter().map(|number| int(*number)).collect();
        sqlx::query!(
            "insert into findings (workspace_id, project_id, review, review_version, id, position, severity, layer, prompts,
                 requirements, problem, fix)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            task.workspace_id.0,
            task.project_id.0,
            review.name,
            int(review.version),
            finding.id,
            int(u32::try_from(position).unwrap_or(u32::MAX)),
            severity_word(finding),
            layer_word(finding),
            &prompts,
            &finding.requirements,
            finding.problem,
            finding.fix,
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

fn severity_word(finding: &Finding) -> &'static str {
    use groundwork_domain::document::Severity;
    match finding.severity {
        Severity::Minor => "minor",
        Severity::Major => "major",
        Severity::Blocker => "blocker",
    }
}

fn layer_word(finding: &Finding) -> &'static str {
    use groundwork_domain::document::Layer;
    match finding.layer {
        Layer::Prompt => "prompt",
        Layer::Spec => "spec",
        Layer::Intent => "intent",
        Layer::Code => "code",
    }
}
