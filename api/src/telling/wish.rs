//! What a person wishes, before it is a command: a command names versions and digests, so what they wrote is stored first, and what they
//! did not name is what is there now.

use crate::problem::{ApiError, ApiResult};
use crate::redact::{Kind, redact};
use crate::said::DecisionWish;
use crate::speaker::Speaker;
use groundwork_domain::access::Permission;
use groundwork_domain::command::{CommandBody, Rejection, RejectionCode};
use groundwork_domain::request::Decision;
use groundwork_domain::work::ArtifactRef;
use groundwork_domain::{CommandId, Digest, ProjectId};
use groundwork_store::budgets::{self, Allowed, Scope};
use groundwork_store::hitl::Waiting;
use groundwork_store::versions::{self, NewVersion};
use groundwork_store::workspaces::Standing;
use groundwork_store::{Tx, artifacts, hitl, projects};
use rust_decimal::Decimal;

/// Something to be said to a project.
#[derive(Debug)]
pub(crate) enum Wish {
    /// A command as it is.
    Plain(CommandBody),
    /// The brief is what is wanted.
    ConfirmBrief { digest: Option<String> },
    /// A decision on a gate or on a question.
    Decide(DecisionWish),
    /// Another text for an artifact.
    Edit { artifact: String, base: Option<String>, content: String },
    /// A new brief.
    Revise { brief: Option<String> },
    /// Another budget.
    SetBudget { tokens: Option<u64>, usd: Option<Decimal> },
}

impl From<CommandBody> for Wish {
    fn from(body: CommandBody) -> Self {
        Self::Plain(body)
    }
}

impl Wish {
    /// What one must be allowed to do.
    pub(super) fn permission(&self) -> Permission {
        match self {
            Self::Plain(body) => super::permission_of(body),
            Self::SetBudget { .. } => Permission::UpdateProject,
            Self::ConfirmBrief { .. } | Self::Decide(_) | Self::Edit { .. } | Self::Revise { .. } => {
                Permission::WorkOnProject
            }
        }
    }

    pub(super) fn is_restore(&self) -> bool {
        matches!(self, Self::Plain(CommandBody::Restore))
    }
}

/// A transaction in which a wish becomes a command.
pub(super) struct Preparing<'a> {
    pub(super) tx: &'a mut Tx,
    pub(super) speaker: &'a Speaker,
    pub(super) standing: Standing,
    pub(super) project: ProjectId,
    pub(super) command: CommandId,
    /// What was taken out of what was written.
    pub(super) redacted: Vec<Kind>,
}

impl Preparing<'_> {
    /// The command; texts that it names are stored with the transaction.
    pub(super) async fn command(&mut self, wish: Wish) -> ApiResult<CommandBody> {
        match wish {
            Wish::Plain(body) => Ok(body),
            Wish::ConfirmBrief { digest } => {
                let digest = match digest {
                    Some(digest) => Digest(digest),
                    None => self.brief().await?.1.map(|brief| brief.digest).ok_or_else(nothing_yet)?,
                };
                Ok(CommandBody::ConfirmBrief { digest })
            }
            Wish::Decide(decision) => self.decide(decision).await,
            Wish::Edit { artifact, base, content } => self.edit(&artifact, base, content).await,
            Wish::Revise { brief: None } => Ok(CommandBody::Revise { brief: None }),
            Wish::Revise { brief: Some(text) } => {
                let ((name, stage), current) = self.brief().await?;
                let brief = self.write(&name, &stage, current.as_ref(), text).await?;
                Ok(CommandBody::Revise { brief: Some(brief) })
            }
            Wish::SetBudget { tokens, usd } => {
                let scope = Scope::Project(self.project);
                // Whether unpriced models may be called is not what this speaks of.
                let before = budgets::show(self.tx, self.standing.workspace_id, scope).await?;
                let allow_unpriced = before.allow_unpriced;
                let allowed = Allowed { tokens_max: tokens, usd_max: usd, allow_unpriced };
                budgets::set(self.tx, self.standing.workspace_id, scope, allowed, self.speaker.user.id)
                    .await?;
                Ok(CommandBody::SetBudget { tokens, usd })
            }
        }
    }

    async fn decide(&mut self, wish: DecisionWish) -> ApiResult<CommandBody> {
        let waiting = hitl::waiting(self.tx, self.project, &wish.gate).await?;
        let current = waiting.as_ref().map(|waiting| Digest(waiting.digest.clone()));
        let digest = match wish.digest.map(Digest).or_else(|| current.clone()) {
            Some(digest) => digest,
            // The rules say why nothing waits there, and whether this was decided before; they need a digest to speak of.
            None => hitl::last_digest(self.tx, self.project, &wish.gate, self.command)
                .await?
                .ok_or_else(|| wrong_gate(&wish.gate))?,
        };
        let role = Some(self.standing.role);
        if let Some(before) = versions::of_command(self.tx, self.project, self.command).await? {
            // Said before, and perhaps applied: it is said again as it was.
            let (decision, artifact) = (wish.decision, Some(before.artifact));
            let comment = wish.comment;
            return Ok(CommandBody::Decide { gate: wish.gate, digest, decision, comment, artifact, role });
        }
        let is_silent = wish.comment.as_deref().is_none_or(|comment| comment.trim().is_empty());
        if waiting.as_ref().is_some_and(|waiting| waiting.kind == "question")
            && wish.decision == Decision::RequestChanges
            && is_silent
        {
            // The agent would be paid once more to ask the same.
            return Err(ApiError::field("comment", "is missing: say what the agent should do instead"));
        }
        let at_gate = waiting.filter(|waiting| waiting.kind == "gate");
        let (mut comment, mut artifact) = (wish.comment, None);
        match (wish.decision, wish.content, at_gate) {
            (Decision::Amend, Some(content), Some(gate)) if current.as_ref() == Some(&digest) => {
                artifact = Some(self.amended(&gate, content).await?);
            }
            // Stale: refused by the rules, and nothing is stored for it.
            (Decision::Amend, Some(_), Some(_)) => {}
            (Decision::Amend, None, Some(_)) => {
                return Err(ApiError::field("content", "is missing: all of the text that takes the place"));
            }
            // A question is answered by words alone.
            (Decision::Amend, Some(content), None) => comment = comment.or(Some(content)),
            (_, Some(_), _) => {
                return Err(ApiError::field("content", "goes with `amend` only"));
            }
            (_, None, _) => {}
        }
        Ok(CommandBody::Decide { gate: wish.gate, digest, decision: wish.decision, comment, artifact, role })
    }

    async fn amended(&mut self, gate: &Waiting, content: String) -> ApiResult<ArtifactRef> {
        let name = gate.artifact_name.as_deref().ok_or_else(|| wrong_gate(&gate.stage))?;
        let base = ArtifactRef {
            name: name.to_owned(),
            version: gate.artifact_version.and_then(|version| u32::try_from(version).ok()).unwrap_or(1),
            digest: Digest(gate.digest.clone()),
        };
        let standing = versions::standing(self.tx, self.project, name).await?;
        check_is_text(&standing.ok_or_else(|| ApiError::not_found("artifact"))?)?;
        self.write(name, &gate.stage, Some(&base), content).await
    }

    async fn edit(&mut self, name: &str, base: Option<String>, content: String) -> ApiResult<CommandBody> {
        if let Some(before) = versions::of_command(self.tx, self.project, self.command).await? {
            // Said before, and perhaps applied: then what it made is current, and its base is not. The rules know.
            let base = before.base.or(base.map(Digest)).unwrap_or_else(|| before.artifact.digest.clone());
            return Ok(CommandBody::Edit { base, artifact: before.artifact });
        }
        let standing = versions::standing(self.tx, self.project, name).await?;
        let standing = standing.ok_or_else(|| ApiError::not_found("artifact"))?;
        let base = base.map_or_else(|| standing.current.digest.clone(), Digest);
        if base != standing.current.digest {
            let words = "Somebody changed it meanwhile: read it again, and bring your changes into what is there now.";
            return Err(ApiError::conflict("stale_digest", words));
        }
        check_is_text(&standing)?;
        let artifact = self.write(name, &standing.stage, Some(&standing.current), content).await?;
        Ok(CommandBody::Edit { base, artifact })
    }

    /// The artifact that the chat shapes and the stage that makes it; and its version that counts.
    async fn brief(&mut self) -> ApiResult<((String, String), Option<ArtifactRef>)> {
        let material = projects::start_material(self.tx, self.project).await?;
        let chat = material.pipeline.stages.iter().find(|stage| stage.confirm);
        let chat = chat.ok_or_else(|| {
            let words = "The pipeline of this project shapes no brief.";
            ApiError::conflict("no_brief", words)
        })?;
        let current = artifacts::current(self.tx, self.project, &chat.produces).await?;
        Ok(((chat.produces.clone(), chat.id.0.clone()), current))
    }

    async fn write(
        &mut self,
        name: &str,
        stage: &str,
        base: Option<&ArtifactRef>,
        content: String,
    ) -> ApiResult<ArtifactRef> {
        let redacted = redact(content);
        self.redacted.extend(redacted.found);
        let new = NewVersion {
            workspace: self.standing.workspace_id,
            project: self.project,
            name,
            stage,
            base,
            content: &redacted.text,
            by: self.speaker.user.id,
            command: self.command,
        };
        Ok(versions::write(self.tx, &new).await?)
    }
}

/// Only a text can be replaced by a text.
fn check_is_text(standing: &versions::Standing) -> ApiResult<()> {
    if standing.kind == "document" {
        return Ok(());
    }
    let words = "Only documents are edited as a text; prompts are refined, code is written again.";
    Err(ApiError::conflict("not_editable", words))
}

fn wrong_gate(gate: &str) -> ApiError {
    let message = format!("Nothing waits for a decision at `{gate}`.");
    Rejection { code: RejectionCode::WrongGate, message, allowed: Vec::new() }.into()
}

fn nothing_yet() -> ApiError {
    ApiError::conflict("no_brief", "There is no brief yet: talk with the agent first.")
}
