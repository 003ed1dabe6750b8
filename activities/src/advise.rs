//! Advice beside a gate: whether what waits there is what the brief asks for.

use crate::attempt::{Attempt, Made, misplaced};
use crate::error::AttemptError;
use crate::inputs::Inputs;
use groundwork_agents::prompt::Task;
use groundwork_agents::{check, parse};
use groundwork_domain::work::Work;
use groundwork_store::results::Product;

pub(crate) async fn make(attempt: &Attempt<'_>, inputs: &Inputs) -> Result<Made, AttemptError> {
    let Work::Advise { gate, request_id, artifact } = &attempt.standing.work else {
        return Err(misplaced(attempt, "advise without a gate"));
    };
    let document = match artifact.name.as_str() {
        "spec" => "specification",
        other => other,
    };
    let brief = inputs.named("brief");
    let read = |text: &str| {
        let advice = parse::advice(text)?;
        // Without a brief there is nothing to quote exactly.
        if let Some(brief) = brief {
            check::advice(brief, &advice)?;
        }
        Ok(advice)
    };
    let answer = attempt.answer(inputs, Task::Advise { document }, read).await?;
    let advice = &answer.value;
    let message = format!("{}: {}", advice.recommendation.as_str(), advice.reasons.join(" "));
    let (gate, request_id, artifact) = (gate.clone(), *request_id, artifact.clone());
    Ok(answer.made(message, |advice| Product::Advice { gate, request_id, artifact, advice }))
}
