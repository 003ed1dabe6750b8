//! Where an attempt begins: with its own work, or where an earlier one stopped to ask a person.

use crate::error::AttemptError;
use crate::inputs::{LOOK_EVERY, digest};
use crate::workshop::Workshop;
use groundwork_domain::Digest;
use groundwork_domain::request::RequestStatus;
use groundwork_domain::work::{StageTask, Work};
use groundwork_store::results::PersonAnswer;
use groundwork_store::{Tx, talk};
use tokio::time::Instant;

/// Stands for the words of a person who only approved.
const GO_ON: &str = "Yes. Go on as you think best.";

/// What an attempt is for, once the answers of people are known.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    /// What it is for: never [`Work::Answered`].
    pub(crate) work: Work,
    /// What people answered to calls of this chain of attempts.
    pub(crate) answers: Vec<PersonAnswer>,
    /// Set where a person refused to answer: the question and what they said.
    pub(crate) refused: Option<String>,
    /// Of what it reads: replies are used again under the same.
    pub(crate) inputs_digest: Digest,
}

/// Finds out. What a publication under way will bring is waited for.
pub(crate) async fn find(workshop: &Workshop, task: &StageTask) -> Result<Standing, AttemptError> {
    let Work::Answered { .. } = &task.work else {
        return Ok(Standing {
            work: task.work.clone(),
            answers: Vec::new(),
            refused: None,
            inputs_digest: digest(task)?,
        });
    };
    let until = Instant::now() + workshop.settings.input_wait;
    loop {
        let mut tx = workshop.store.tenant(task.workspace_id, task.owner_id).await?;
        match answered(&mut tx, task).await {
            Err(AttemptError::NotYet(_)) if Instant::now() < until => {}
            ended => return ended,
        }
        drop(tx);
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn answered(tx: &mut Tx, task: &StageTask) -> Result<Standing, AttemptError> {
    let Work::Answered { command_id, asked_by, status, .. } = &task.work else {
        return Err(AttemptError::failed("internal", "Nobody answered anything.", true));
    };
    let asked = talk::asked(tx, task.project_id, &task.stage, *asked_by).await?;
    let words = talk::comment(tx, task.project_id, *command_id).await?;
    let words = words.ok_or(AttemptError::NotYet("the person's answer"))?;
    if *status == RequestStatus::Rejected {
        let refused = format!("You asked: {}\n\nThe person says: {words}", asked.question);
        let inputs_digest = digest(task)?;
        return Ok(Standing { work: asked.work, answers: Vec::new(), refused: Some(refused), inputs_digest });
    }
    let text = if words.trim().is_empty() { GO_ON.to_owned() } else { words };
    let mut answers = asked.answers;
    answers.push(PersonAnswer { call_id: asked.call_id, text });
    Ok(Standing { work: asked.work, answers, refused: None, inputs_digest: asked.inputs_digest })
}
