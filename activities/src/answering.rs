//! Asking an agent for something that a grammar can read: the request, its repair turns, and the person who may be asked
//! instead.

use crate::attempt::{Attempt, Made};
use crate::error::AttemptError;
use crate::inputs::Inputs;
use groundwork_agents::prompt::{self, Task};
use groundwork_agents::repair::{self, REPAIRS_MAX};
use groundwork_agents::toolbox::{self, PersonQuestion};
use groundwork_agents::{ModelReply, ModelRequest, Part, StopReason, ToolResult, Turn, parse};
use groundwork_domain::Digest;
use groundwork_domain::agent::OutputContract;
use groundwork_domain::model::{ProviderId, Tokens};
use groundwork_domain::request::question_request_id;
use groundwork_store::calls::FinishedCall;
use groundwork_store::results::{PersonAsked, Product};

/// A value that was read from a reply, with the reply's origin.
pub(crate) struct Answer<T> {
    pub(crate) value: T,
    model: String,
    prompt_digest: Digest,
}

impl<T> Answer<T> {
    pub(crate) fn made(self, message: String, product: impl FnOnce(T) -> Product) -> Made {
        Made {
            product: product(self.value),
            message,
            model: Some(self.model),
            prompt_digest: Some(self.prompt_digest),
        }
    }
}

impl Attempt<'_> {
    /// What is sent first.
    pub(crate) fn request(&self, inputs: &Inputs, task: &Task<'_>) -> Result<ModelRequest, AttemptError> {
        let rendered = prompt::render(&self.prompts, &self.agent, &inputs.documents(), task)?;
        let mut first = rendered.into_request(&self.agent, String::new()).with_keys(self.keys.clone());
        if let Some(model) = &self.task.model {
            first.model = Some(model.clone());
            first.model_setting = "retry.model".to_owned();
        }
        first.avoid = inputs.writer.as_deref().and_then(|model| self.workshop.agents.provider_of(model));
        Ok(first)
    }

    /// Asks for something and reads the reply; what cannot be read is quoted back, a bounded number of times, and then
    /// the attempt fails: nothing is guessed. An agent that hands something over may ask a person instead.
    pub(crate) async fn answer<T>(
        &self,
        inputs: &Inputs,
        task: Task<'_>,
        read: impl Fn(&str) -> Result<T, parse::ParseErrors>,
    ) -> Result<Answer<T>, AttemptError> {
        let mut first = self.request(inputs, &task)?;
        if self.agent.output == OutputContract::Handoff {
            first.tools = vec![toolbox::ask_person()];
        }
        let mut request = first.clone();
        let mut repairs = 0;
        for call_no in 1.. {
            let finished = self.buy(call_no, request).await?;
            let reply = reply(&finished)?;
            if !first.tools.is_empty() && reply.calls().next().is_some() {
                first.turns.extend(self.asked(&finished, &reply, &mut repairs)?);
                request = first.clone();
            } else {
                let errors = match parse::whole(&reply).and_then(&read) {
                    Ok(value) => {
                        let (model, prompt_digest) = (finished.model, finished.prompt_digest);
                        return Ok(Answer { value, model, prompt_digest });
                    }
                    Err(errors) => errors,
                };
                tracing::info!(project = %self.project(), stage = %self.task.stage, call_no, %errors, "unreadable reply");
                repairs += 1;
                if repairs > REPAIRS_MAX {
                    return Err(AttemptError::unreadable(&self.agent.id, &errors, call_no));
                }
                request = repaired(&first, &reply, repair::request(&self.prompts, task.kind(), &errors)?);
            }
            if repairs > REPAIRS_MAX {
                let message = "asked a person in a way that cannot be read";
                return Err(AttemptError::unreadable(&self.agent.id, &objection(message, ""), call_no));
            }
        }
        Err(AttemptError::failed("internal", "There are no numbers left for calls.", true))
    }

    /// The turns after a reply that calls the tool: with the person's answer if there is one, else the attempt ends with
    /// the question.
    fn asked(
        &self,
        finished: &FinishedCall,
        reply: &ModelReply,
        repairs: &mut u32,
    ) -> Result<Vec<Turn>, AttemptError> {
        let mut results = Vec::new();
        for (index, call) in reply.calls().enumerate() {
            let content = match toolbox::question(reply) {
                Ok(Some((id, question))) if index == 0 => match self.answer_to(&id) {
                    Some(text) => Ok(text),
                    None => return Err(self.ask_person(finished, question, id)),
                },
                Ok(_) => Err("One question at a time.".to_owned()),
                Err(error) => {
                    *repairs += 1;
                    Err(error)
                }
            };
            let is_error = content.is_err();
            let content = content.unwrap_or_else(|error| error);
            results.push(ToolResult { call_id: call.id.clone(), content, is_error });
        }
        Ok(vec![reply.turn(), Turn::Results { results }])
    }

    /// What people answered to that call.
    pub(crate) fn answer_to(&self, call_id: &str) -> Option<String> {
        let answers = &self.standing.answers;
        answers.iter().find(|answer| answer.call_id == call_id).map(|answer| answer.text.clone())
    }

    /// Ends the attempt with a question to a person.
    pub(crate) fn ask_person(
        &self,
        finished: &FinishedCall,
        question: PersonQuestion,
        call_id: String,
    ) -> AttemptError {
        let asked = PersonAsked {
            request_id: question_request_id(self.project(), &self.task.stage, self.task.attempt),
            question: question.question,
            reason: question.reason,
            call_id,
            work: self.standing.work.clone(),
            answers: self.standing.answers.clone(),
        };
        AttemptError::Asked {
            asked: Box::new(asked),
            model: finished.model.clone(),
            prompt_digest: finished.prompt_digest.clone(),
        }
    }
}

/// The request after an unreadable reply. Behind a loop of tool calls it is one more turn of it.
fn repaired(first: &ModelRequest, reply: &ModelReply, words: String) -> ModelRequest {
    let mut request = first.clone();
    if request.turns.is_empty() {
        return request.with_repair(reply.text.clone(), words);
    }
    request.turns.extend([reply.turn(), Turn::User { text: words }]);
    request
}

/// A stored call as the reader wants it.
pub(crate) fn reply(finished: &FinishedCall) -> Result<ModelReply, AttemptError> {
    let provider = ProviderId::ALL.into_iter().find(|provider| provider.as_str() == finished.provider);
    let parts: Vec<Part> = match &finished.parts {
        Some(parts) => serde_json::from_value(parts.clone()).map_err(|error| {
            AttemptError::failed("internal", format!("the parts of a stored reply: {error}"), false)
        })?,
        None => Vec::new(),
    };
    Ok(ModelReply {
        text: finished.reply.clone(),
        parts,
        stop_reason: StopReason::from_wire(finished.stop_reason.as_deref().unwrap_or_default()),
        tokens: Tokens { output: finished.output_tokens, ..Tokens::default() },
        estimated: false,
        usage_raw: serde_json::Value::Null,
        request_id: None,
        model: finished.model.clone(),
        provider: provider.unwrap_or(ProviderId::Anthropic),
        duration_ms: 0,
        first_token_ms: None,
        rate_limits: Vec::new(),
        simulated: finished.simulated,
        fallback: false,
    })
}

/// An error that a repair turn can quote, where no line is to blame.
pub(crate) fn objection(rule: impl Into<String>, found: impl Into<String>) -> parse::ParseErrors {
    parse::ParseErrors(vec![parse::ParseError { line: 0, rule: rule.into(), found: found.into() }])
}
