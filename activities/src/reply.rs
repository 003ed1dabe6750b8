//! `agent.reply`: a turn of a chat with the brief as it grows, and a title.

use crate::attempt::{Attempt, Made, misplaced};
use crate::error::AttemptError;
use crate::inputs::Inputs;
use groundwork_agents::parse;
use groundwork_agents::prompt::Task;
use groundwork_domain::work::Work;
use groundwork_store::results::Product;

pub(crate) async fn chat(attempt: &Attempt<'_>, inputs: &Inputs) -> Result<Made, AttemptError> {
    let Work::Turn { gate, .. } = &attempt.standing.work else {
        return Err(misplaced(attempt, "answer a person without a turn of theirs"));
    };
    let facts = gate.as_deref().map(|gate| format!("The project waits for a decision at gate `{gate}`."));
    let brief = inputs.named(&attempt.task.produces).unwrap_or_default();
    let task =
        Task::Chat { request: inputs.request.as_deref().unwrap_or_default(), brief, gate: facts.as_deref() };
    let is_shaped = gate.is_none();
    let answer = attempt.answer(inputs, task, |text| parse::chat(text, is_shaped)).await?;
    let mut message = answer.value.message.clone();
    if let Some(proposed) = answer.value.brief.as_ref().filter(|_| !is_shaped) {
        message.push_str(&format!("\n\n{}", proposed.markdown()));
    }
    Ok(answer.made(message, |reply| {
        // At a gate the brief is confirmed: what the agent proposes there is words, and a person's Revise makes it hold.
        let grown = reply.brief.filter(|_| is_shaped).map(|brief| brief.markdown());
        Product::Chat { brief: grown.filter(|text| text != brief) }
    }))
}

pub(crate) async fn title(attempt: &Attempt<'_>, inputs: &Inputs) -> Result<Made, AttemptError> {
    let answer = attempt.answer(inputs, Task::Title, parse::title).await?;
    let message = format!("I call it: {}", answer.value);
    Ok(answer.made(message, Product::Title))
}
