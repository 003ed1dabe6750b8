//! One project through the API, watched by server-sent events from its creation to its end.

use super::events::Events;
use crate::client::Client;
use crate::driver;
use crate::wait::now_ms;
use anyhow::{Context, Result, ensure};
use serde_json::json;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// The stage that an answer starts.
pub const NEXT_STAGE: &str = "spec";

/// When things happened, as the client saw them.
#[derive(Clone, Copy, Debug)]
pub struct Walk {
    /// The project.
    pub id: Uuid,
    /// The request that creates it was sent.
    pub began: Instant,
    /// It was seen to ask.
    pub asked: Instant,
    /// The answer was sent.
    pub answered: Instant,
    /// The same in milliseconds since 1970.
    pub answered_ms: i64,
    /// The next stage was seen to start.
    pub started: Instant,
    /// It was seen to be done.
    pub done: Instant,
    /// Verdicts of the critic: one, unless something had to be mended.
    pub verdicts: usize,
}

impl Walk {
    /// All of it but the time that it waited for the person.
    #[must_use]
    pub fn without_person(&self) -> Duration {
        self.done.duration_since(self.began).saturating_sub(self.answered.duration_since(self.asked))
    }
}

/// Ideas to try before the simulated critic is content with one at once; it is with about half of them.
const TRIES_MAX: usize = 60;

/// A project that asks, and its stream.
pub struct Asked {
    /// The project.
    pub id: Uuid,
    /// Its events from here on.
    pub events: Events,
    began: Instant,
    at: Instant,
}

/// Creates a project and waits until it asks. `number` chooses the idea.
///
/// # Errors
/// When it does not come to that.
pub async fn begin(client: &Client, number: usize) -> Result<Asked> {
    let idea = driver::errand(number).idea;
    let began = Instant::now();
    let id = client.create(&Uuid::new_v4().to_string(), &idea).await?;
    let mut events = Events::open(client, id).await?;
    events.until("questions_ready").await?;
    Ok(Asked { id, events, began, at: Instant::now() })
}

/// Answers: "decide for me".
///
/// # Errors
/// When the API does not take it.
pub async fn answer(client: &Client, id: Uuid) -> Result<()> {
    let body = json!({"command": "accept_recommendations"});
    client.command(id, &Uuid::new_v4().to_string(), &body).await?.ok().context("answering")?;
    Ok(())
}

/// A whole project: created, answered at once when it asks, watched until it is completed.
///
/// # Errors
/// When it does not come to that.
pub async fn walk(client: &Client, number: usize) -> Result<Walk> {
    let Asked { id, mut events, began, at: asked } = begin(client, number).await?;
    let (answered, answered_ms) = (Instant::now(), now_ms());
    let watch = async {
        events.until_stage(NEXT_STAGE).await?;
        let started = Instant::now();
        let mut verdicts = 0;
        loop {
            match events.next().await?.event.as_str() {
                "review_verdict" => verdicts += 1,
                "workflow_completed" => return Ok((started, Instant::now(), verdicts)),
                _ => {}
            }
        }
    };
    // At once: the answer's response comes after its events.
    let ((), (started, done, verdicts)) = tokio::try_join!(answer(client, id), watch)?;
    Ok(Walk { id, began, asked, answered, answered_ms, started, done, verdicts })
}

/// Numbers of ideas whose projects have four stages and no mending, which the simulator decides by the idea alone. Finding
/// them opens connections and fills caches, too.
///
/// # Errors
/// When a project does not come to its end, or too few ideas are of that kind.
pub async fn plain_ideas(client: &Client, count: usize) -> Result<Vec<usize>> {
    let mut plain = Vec::with_capacity(count);
    for number in 0..TRIES_MAX {
        if plain.len() == count {
            break;
        }
        if walk(client, number).await?.verdicts == 1 {
            plain.push(number);
        }
    }
    ensure!(plain.len() == count, "only {} of {TRIES_MAX} ideas need no mending", plain.len());
    Ok(plain)
}
