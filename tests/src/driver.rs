//! Takes an idea to a completed project as a patient person would: asks again when the server is away, never gives up a
//! key, answers in one of three ways, decides at every gate.

pub mod decisions;

use crate::client::{Client, Question};
use crate::wait;
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// Pause between two looks at a project; 50 people look at once.
const LOOK_EVERY: Duration = Duration::from_millis(700);
/// Until a project asks its questions, and until it is done after they were answered, kills included.
const STAGE_MAX: Duration = Duration::from_secs(300);

/// How somebody answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// "Decide for me", once.
    Recommended,
    /// Every question, in one command.
    AtOnce,
    /// The first question, then the rest, in two commands.
    OneByOne,
}

/// What comes out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pipeline {
    /// Prompts.
    #[default]
    Promptr,
    /// A feature, with a talk, three gates and reviews side by side.
    Build,
    /// Files, handed on by three agents that may ask.
    Handoff,
}

impl Pipeline {
    /// Its id.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Promptr => "promptr",
            Self::Build => "build",
            Self::Handoff => "handoff",
        }
    }
}

/// One project to be.
#[derive(Clone, Debug)]
pub struct Errand {
    /// The idempotency key of its creation, and the beginning of all others.
    pub key: String,
    /// The idea.
    pub idea: String,
    /// How its questions are answered.
    pub style: Style,
    /// What comes out.
    pub pipeline: Pipeline,
}

impl Errand {
    /// A plain one, by its key: prompts, and "decide for me".
    #[must_use]
    pub fn named(key: &str) -> Self {
        let idea = format!(
            "A booking app for the climbing gym {key}. Members book classes; trainers see who comes."
        );
        Self { key: key.to_owned(), idea, style: Style::Recommended, pipeline: Pipeline::Promptr }
    }
}

/// As many errands as wanted: every idea is another one, all styles take turns. The same number gives the same errand.
#[must_use]
pub fn errands(count: usize) -> Vec<Errand> {
    (0..count).map(errand).collect()
}

/// As [`errands`], of all pipelines: of ten, six are `promptr`, two `build` and two `handoff`.
#[must_use]
pub fn mixed_errands(count: usize) -> Vec<Errand> {
    let pipeline = |number: usize| match number % 5 {
        3 => Pipeline::Build,
        4 => Pipeline::Handoff,
        _ => Pipeline::Promptr,
    };
    (0..count).map(|number| Errand { pipeline: pipeline(number), ..errand(number) }).collect()
}

/// The errand of a number.
#[must_use]
pub fn errand(number: usize) -> Errand {
    const THINGS: [&str; 10] = [
        "books classes and shows who comes",
        "keeps an inventory of spare parts",
        "shares recipes and plans the week's meals",
        "records what volunteers did and for how long",
        "sends invoices and sees who has paid",
        "collects wishes for the library and lets members vote",
        "tracks repairs of rented bicycles",
        "plans shifts and lets people swap them",
        "keeps a diary of a garden with photographs",
        "runs a tournament with teams and results",
    ];
    const STYLES: [Style; 3] = [Style::Recommended, Style::AtOnce, Style::OneByOne];
    Errand {
        key: format!("errand-{number}"),
        idea: format!(
            "An app for club number {number} that {}. Members sign in; an administrator sees everything.",
            THINGS[number % THINGS.len()]
        ),
        style: STYLES[number % STYLES.len()],
        pipeline: Pipeline::default(),
    }
}

/// Creates the project and waits until something waits for a person.
///
/// # Errors
/// When it does not come to that.
pub async fn begin(client: &Client, errand: &Errand) -> Result<Uuid> {
    let id = client.create_in(&errand.key, &errand.idea, errand.pipeline.as_str()).await?;
    match errand.pipeline {
        Pipeline::Promptr => {
            until_phase(client, id, &["awaiting_input", "completed"]).await?;
        }
        Pipeline::Build | Pipeline::Handoff => {
            decisions::until_waiting(client, id).await?;
        }
    }
    Ok(id)
}

/// Answers its questions, decides what waits, and waits until it is completed.
///
/// # Errors
/// When it does not come to that, or the API refuses what it must take.
pub async fn complete(client: &Client, id: Uuid, errand: &Errand) -> Result<()> {
    if errand.pipeline != Pipeline::Promptr {
        return decisions::decide_all(client, id, errand).await;
    }
    let open: Vec<Question> =
        client.questions(id).await?.into_iter().filter(|question| question.state == "open").collect();
    if !open.is_empty() {
        answer(client, id, errand, &open).await?;
    }
    until_phase(client, id, &["completed"]).await?;
    Ok(())
}

/// Both, one after the other.
///
/// # Errors
/// As both.
pub async fn run(client: &Client, errand: &Errand) -> Result<Uuid> {
    let id = begin(client, errand).await?;
    complete(client, id, errand).await?;
    Ok(id)
}

/// Waits until the project is in one of these phases.
///
/// # Errors
/// When it fails or is cancelled instead, or takes more than five minutes.
pub async fn until_phase(client: &Client, id: Uuid, phases: &[&str]) -> Result<String> {
    let what = format!("project {id} {}", phases.join(" or "));
    let mut last = String::new();
    let found = wait::until_every(LOOK_EVERY, &what, STAGE_MAX, async || {
        let project = client.project(id).await?;
        let phase = project["phase"].as_str().context("no phase")?;
        last = format!("{phase}, stage {}", project["stage"]);
        if phases.contains(&phase) {
            return Ok(Some(phase.to_owned()));
        }
        if matches!(phase, "failed" | "cancelled") {
            bail!("project {id} is {phase}: {}", project["failure"]);
        }
        Ok(None)
    })
    .await;
    found.with_context(|| format!("it was {last}"))
}

async fn answer(client: &Client, id: Uuid, errand: &Errand, open: &[Question]) -> Result<()> {
    let key = &errand.key;
    match errand.style {
        Style::Recommended => {
            say(client, id, &format!("{key}-answer"), &json!({"command": "accept_recommendations"})).await
        }
        Style::AtOnce => say(client, id, &format!("{key}-answer"), &answers(open)).await,
        Style::OneByOne => {
            let (first, rest) = open.split_at(1);
            say(client, id, &format!("{key}-first"), &answers(first)).await?;
            if rest.is_empty() {
                return Ok(());
            }
            // The second answer is given by somebody who has seen the first one taken: said at the same time the two
            // could be published together, in another order than one after the other.
            wait::until_every(LOOK_EVERY, "the first answer in the log", STAGE_MAX, async || {
                let questions = client.questions(id).await?;
                let is_taken =
                    |question: &Question| question.id == first[0].id && question.state == "answered";
                Ok(questions.iter().any(is_taken).then_some(()))
            })
            .await?;
            say(client, id, &format!("{key}-rest"), &answers(rest)).await
        }
    }
}

pub(crate) async fn say(client: &Client, id: Uuid, key: &str, body: &Value) -> Result<()> {
    client.command(id, key, body).await?.ok().with_context(|| format!("answering project {id}"))?;
    Ok(())
}

/// The last option of each question, so that the answers differ from the recommendations; words where there are none.
fn answers(questions: &[Question]) -> Value {
    let answers: Vec<Value> = questions
        .iter()
        .map(|question| match question.options.last() {
            Some(option) => json!({"question_id": question.id, "options": [option.key]}),
            None => json!({"question_id": question.id, "text": "As simple as possible."}),
        })
        .collect();
    json!({"command": "answer", "answers": answers})
}
