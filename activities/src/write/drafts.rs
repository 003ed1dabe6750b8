//! Whole documents of the pipelines build and handoff: specification, plan, contract tests, what is handed over; for the
//! first time, or again as a person asked. A document that a person rewrote may not be readable: then what code would
//! check against it is left to the reviewers.

use crate::attempt::{Attempt, Made, misplaced};
use crate::error::AttemptError;
use crate::inputs::Inputs;
use groundwork_agents::check;
use groundwork_agents::parse::{self, ParseErrors};
use groundwork_agents::prompt::{Again, Draft, Task};
use groundwork_domain::agent::OutputContract;
use groundwork_domain::document::handoff::{Handoff, HandoffContent};
use groundwork_domain::document::plan::Plan;
use groundwork_store::results::Product;

pub(super) async fn make(attempt: &Attempt<'_>, inputs: &Inputs) -> Result<Made, AttemptError> {
    match attempt.agent.output {
        OutputContract::Spec => spec(attempt, inputs).await,
        OutputContract::Plan => plan(attempt, inputs).await,
        OutputContract::Tests => tests(attempt, inputs).await,
        OutputContract::Handoff => hand_over(attempt, inputs).await,
        OutputContract::Questions
        | OutputContract::Prompts
        | OutputContract::Review
        | OutputContract::Chat
        | OutputContract::Title
        | OutputContract::Code
        | OutputContract::Audit
        | OutputContract::Advice => Err(misplaced(attempt, "write what its agent does not write")),
    }
}

fn task<'a>(inputs: &'a Inputs, draft: Draft) -> Task<'a> {
    let again = inputs
        .feedback
        .as_deref()
        .map(|feedback| Again { current: inputs.current.as_deref().unwrap_or_default(), feedback });
    Task::Draft { draft, again }
}

fn document(content: String) -> Product {
    Product::Document { content, makes_stale: Vec::new() }
}

async fn spec(attempt: &Attempt<'_>, inputs: &Inputs) -> Result<Made, AttemptError> {
    let before = inputs.current.as_deref().and_then(|text| parse::spec(text).ok());
    let ids: Vec<String> =
        before.iter().flat_map(|spec| &spec.requirements).map(|one| one.id.clone()).collect();
    let assumptions = inputs.assumptions();
    let read = |text: &str| {
        let spec = parse::spec(text)?;
        check::ids_kept(&ids, &spec.text)?;
        super::refuse(super::new_and_grave(
            Vec::new(),
            check::spec(&spec, inputs.questions(), &assumptions),
        ))?;
        Ok(spec)
    };
    let answer = attempt.answer(inputs, task(inputs, Draft::Spec), read).await?;
    let message =
        format!("The specification is written: {} requirements.", answer.value.requirement_ids().len());
    Ok(answer.made(message, |spec| document(spec.text)))
}

async fn plan(attempt: &Attempt<'_>, inputs: &Inputs) -> Result<Made, AttemptError> {
    let spec = inputs.readable_specification();
    let ids = ids_of_plan(inputs.current.as_deref().and_then(|text| parse::plan(text).ok()));
    let read = |text: &str| {
        let plan = parse::plan(text)?;
        check::ids_kept(&ids, &plan.text)?;
        match &spec {
            Some(spec) => check::plan(spec, &plan).map(|()| plan),
            None => Ok(plan),
        }
    };
    let answer = attempt.answer(inputs, task(inputs, Draft::Plan), read).await?;
    let message = format!("The plan is written: {} tasks.", answer.value.tasks.len());
    Ok(answer.made(message, |plan| document(plan.text)))
}

fn ids_of_plan(plan: Option<Plan>) -> Vec<String> {
    plan.into_iter().flat_map(|plan| plan.tasks).map(|task| task.id).collect()
}

async fn tests(attempt: &Attempt<'_>, inputs: &Inputs) -> Result<Made, AttemptError> {
    let spec = inputs.readable_specification();
    let plan = inputs.named("plan").and_then(|text| parse::plan(text).ok());
    let before = inputs.current.as_deref().and_then(|text| parse::contract(text).ok());
    let ids: Vec<String> = before.into_iter().flat_map(|tests| tests.tests).map(|test| test.id).collect();
    let read = |text: &str| {
        let tests = parse::contract(text)?;
        check::ids_kept(&ids, &tests.text)?;
        if let (Some(spec), Some(plan)) = (&spec, &plan) {
            check::contract(spec, plan, &tests)?;
        }
        Ok(tests)
    };
    let answer = attempt.answer(inputs, task(inputs, Draft::Tests), read).await?;
    let message = format!("{} contract tests are written.", answer.value.tests.len());
    Ok(answer.made(message, |tests| document(tests.text)))
}

/// Who reads what the analyst handed over is the architect; who does not is the analyst.
async fn hand_over(attempt: &Attempt<'_>, inputs: &Inputs) -> Result<Made, AttemptError> {
    let project = attempt.project();
    let read = |text: &str| -> Result<Handoff, ParseErrors> {
        let (content, body) = match inputs.software_specification() {
            None => {
                let (specification, body) = parse::software_specification(text)?;
                (HandoffContent::SoftwareSpecification(specification), body)
            }
            Some(specification) => {
                let (plan, body) = parse::implementation_plan(text)?;
                check::handed_plan(specification, &plan)?;
                (HandoffContent::ImplementationPlan(plan), body)
            }
        };
        let handoff = Handoff::new(project, content, body);
        let checked = handoff.check();
        checked.map_err(|fault| {
            crate::answering::objection("what is handed over is complete", fault.to_string())
        })?;
        Ok(handoff)
    };
    let draft = match inputs.software_specification() {
        None => Draft::SoftwareSpecification,
        Some(_) => Draft::ImplementationPlan,
    };
    let answer = attempt.answer(inputs, task(inputs, draft), read).await?;
    let message = format!("The {} is handed over to the {}.", draft.document(), answer.value.target_agent);
    Ok(answer.made(message, |handoff| Product::Handoff(Box::new(handoff))))
}
