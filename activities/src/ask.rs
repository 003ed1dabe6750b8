//! `agent.ask`: questions for people, maybe none.

use crate::answering::objection;
use crate::attempt::{Attempt, Made};
use crate::error::AttemptError;
use crate::inputs::Inputs;
use groundwork_agents::prompt::Task;
use groundwork_agents::{check, parse};
use groundwork_domain::document::Question;
use groundwork_store::results::Product;

pub(crate) async fn make(attempt: &Attempt<'_>, inputs: &Inputs) -> Result<Made, AttemptError> {
    let questions_max = attempt.task.questions_max;
    let task = Task::Ask { questions_max };
    let answer = attempt.answer(inputs, task, |text| read(text, questions_max)).await?;
    let message = match answer.value.len() {
        0 => "No questions: the idea says what is needed.".to_owned(),
        1 => "One question before the plan.".to_owned(),
        count => format!("{count} questions before the plan."),
    };
    Ok(answer.made(message, Product::Questions))
}

fn read(text: &str, questions_max: u32) -> Result<Vec<Question>, parse::ParseErrors> {
    let questions = parse::questions(text, usize::try_from(questions_max).unwrap_or(usize::MAX))?;
    match check::duplicate_questions(&questions).first() {
        None => Ok(questions),
        Some((one, other)) => {
            Err(objection("every question asks something else", format!("{one} and {other} ask the same")))
        }
    }
}
