//! What goes wrong on purpose: effects, the calls that they hit, and how both are written down. Rules come from flags,
//! from `POST /_simulator/faults` and, for one call, from the header `x-groundwork-fault`. Nothing inside a request's
//! body is ever taken as a rule: ideas are data.

use crate::exchange::hash_of;
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use std::sync::Mutex;

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// 429 with Retry-After.
    RateLimit,
    /// Anthropic's 529, OpenAI's 503 "overloaded".
    Overloaded,
    /// 503 of a gateway.
    Unavailable,
    /// 500.
    ServerError,
    /// 400.
    BadRequest,
    /// 401, as for a revoked key.
    Unauthorized,
    /// 404, as for a retired model.
    NotFound,
    /// The connection breaks in the middle of the answer.
    BreakStream,
    /// An error event in the middle of a stream; without a stream an overloaded answer.
    ErrorEvent,
    /// Silence in the middle of the answer: for `stall_ms`, or until the client hangs up.
    Stall,
    /// The model refuses: stop reason `refusal`, finish reason `content_filter`.
    Refuse,
    /// A text that no grammar accepts.
    Unparsable,
    /// The answer is cut in the middle, as at the output limit.
    MaxTokens,
    /// A reviewer finds something: FAIL of files, REVISE at a gate.
    Object,
    /// An agent that may ask a person does so.
    AskPerson,
    /// An agent that writes files writes `files` of them.
    ManyFiles,
}

impl Effect {
    const ALL: [(Self, &'static str); 16] = [
        (Self::RateLimit, "rate_limit"),
        (Self::Overloaded, "overloaded"),
        (Self::Unavailable, "unavailable"),
        (Self::ServerError, "server_error"),
        (Self::BadRequest, "bad_request"),
        (Self::Unauthorized, "unauthorized"),
        (Self::NotFound, "not_found"),
        (Self::BreakStream, "break_stream"),
        (Self::ErrorEvent, "error_event"),
        (Self::Stall, "stall"),
        (Self::Refuse, "refuse"),
        (Self::Unparsable, "unparsable"),
        (Self::MaxTokens, "max_tokens"),
        (Self::Object, "object"),
        (Self::AskPerson, "ask_person"),
        (Self::ManyFiles, "many_files"),
    ];

    /// The word on the wire, in flags and in the call log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(effect, _)| *effect == self).map_or("unknown", |(_, word)| word)
    }
}

/// A rule that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// No such effect.
    #[error(
        "unknown effect `{0}`; one of: rate_limit, overloaded, unavailable, server_error, bad_request, unauthorized, not_found, break_stream, error_event, stall, refuse, unparsable, max_tokens, object, ask_person, many_files"
    )]
    Effect(String),
    /// No such key.
    #[error(
        "unknown key `{0}`; one of: agent, model, call_key, idea, calls, times, every, probability, seed, retry_after_s, stall_ms, files"
    )]
    Key(String),
    /// A value that its key does not take.
    #[error("`{key}` does not take `{value}`")]
    Value {
        /// The key.
        key: String,
        /// What was given.
        value: String,
    },
}

/// An effect and the calls that it hits. All conditions must hold; one that is not given always holds. As text:
/// `EFFECT[,key=value…]`; as JSON an object with the same keys and `effect`.
///
/// ```
/// use groundwork_simulator::{Effect, Rule};
/// let rule: Rule = "rate_limit,agent=architect,calls=1..3,retry_after_s=2".parse()?;
/// assert_eq!((rule.effect, rule.retry_after_s), (Effect::RateLimit, Some(2)));
/// # Ok::<(), groundwork_simulator::RuleError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What happens.
    pub effect: Effect,
    /// The agent that asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The model asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Part of the call key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_key: Option<String>,
    /// Part of the idea; of all that the user's turns say where a request quotes no idea.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idea: Option<String>,
    /// Which of the calls that match otherwise, counted from 1: `2` or `1..3`, both ends included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<String>,
    /// At most so many times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// Every nth of the calls that match otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<u64>,
    /// Share of the calls that match otherwise, 0 to 1; drawn from `seed` and the number of the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// Seed of `probability`.
    #[serde(default)]
    pub seed: u64,
    /// Seconds of Retry-After, for `rate_limit` and `overloaded`; `rate_limit` without it says 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u32>,
    /// Milliseconds of silence, for `stall`; without it until the client hangs up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stall_ms: Option<u64>,
    /// How many files, for `many_files`; without it 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<u32>,
}

impl Rule {
    /// A rule that hits every call.
    #[must_use]
    pub fn new(effect: Effect) -> Self {
        Self {
            effect,
            agent: None,
            model: None,
            call_key: None,
            idea: None,
            calls: None,
            times: None,
            every: None,
            probability: None,
            seed: 0,
            retry_after_s: None,
            stall_ms: None,
            files: None,
        }
    }

    /// Fails when a field holds what it cannot mean: an unreadable range, a share beyond 1.
    pub(crate) fn validate(&self) -> Result<(), RuleError> {
        let wrong = |key: &str, value: String| RuleError::Value { key: key.to_owned(), value };
        if let Some(calls) = &self.calls {
            range(calls).ok_or_else(|| wrong("calls", calls.clone()))?;
        }
        match (self.every, self.probability) {
            (Some(0), _) => Err(wrong("every", "0".to_owned())),
            (_, Some(share)) if !(0.0..=1.0).contains(&share) => Err(wrong("probability", share.to_string())),
            _ => Ok(()),
        }
    }

    fn speaks_of(&self, call: &Subject<'_>) -> bool {
        let equal = |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|word| word == found);
        let part =
            |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|word| found.contains(word));
        equal(&self.agent, call.agent)
            && equal(&self.model, call.model)
            && part(&self.call_key, call.call_key)
            && part(&self.idea, call.idea)
    }

    /// Whether it hits the `nth` call that it speaks of, after `fired` hits.
    fn hits(&self, nth: u64, fired: u64) -> bool {
        let in_range =
            self.calls.as_deref().and_then(range).is_none_or(|(low, high)| (low..=high).contains(&nth));
        // 53 bits: what an f64 holds exactly.
        let draw = (hash_of(&(self.seed, nth)) >> 11) as f64 / (1u64 << 53) as f64;
        in_range
            && self.times.is_none_or(|times| fired < times)
            && self.every.is_none_or(|every| nth.is_multiple_of(every))
            && self.probability.is_none_or(|share| draw < share)
    }
}

fn range(text: &str) -> Option<(u64, u64)> {
    match text.split_once("..") {
        Some((low, high)) => {
            Some((low.trim().parse().ok()?, high.trim_start_matches('=').trim().parse().ok()?))
        }
        None => text.trim().parse().ok().map(|only| (only, only)),
    }
}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let mut pieces = text.split(',').map(str::trim);
        let word = pieces.next().unwrap_or_default();
        let effect = Effect::ALL.iter().find(|(_, name)| *name == word).map(|(effect, _)| *effect);
        let mut rule = Self::new(effect.ok_or_else(|| RuleError::Effect(word.to_owned()))?);
        for piece in pieces.filter(|piece| !piece.is_empty()) {
            let (key, value) = piece.split_once('=').unwrap_or((piece, ""));
            set(&mut rule, key.trim(), value.trim())?;
        }
        rule.validate()?;
        Ok(rule)
    }
}

fn set(rule: &mut Rule, key: &str, value: &str) -> Result<(), RuleError> {
    fn number<T: FromStr>(key: &str, value: &str) -> Result<Option<T>, RuleError> {
        let wrong = |_| RuleError::Value { key: key.to_owned(), value: value.to_owned() };
        value.parse().map(Some).map_err(wrong)
    }
    let text = Some(value.to_owned());
    match key {
        "agent" => rule.agent = text,
        "model" => rule.model = text,
        "call_key" => rule.call_key = text,
        "idea" => rule.idea = text,
        "calls" => rule.calls = text,
        "times" => rule.times = number(key, value)?,
        "every" => rule.every = number(key, value)?,
        "probability" => rule.probability = number(key, value)?,
        "seed" => rule.seed = number(key, value)?.unwrap_or_default(),
        "retry_after_s" => rule.retry_after_s = number(key, value)?,
        "stall_ms" => rule.stall_ms = number(key, value)?,
        "files" => rule.files = number(key, value)?,
        _ => return Err(RuleError::Key(key.to_owned())),
    }
    Ok(())
}

/// What a rule is held against.
pub(crate) struct Subject<'a> {
    pub(crate) agent: &'a str,
    pub(crate) model: &'a str,
    pub(crate) call_key: &'a str,
    pub(crate) idea: &'a str,
}

/// A rule at work, as `GET /_simulator/faults` shows it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Active {
    pub(crate) id: u64,
    #[serde(flatten)]
    pub(crate) rule: Rule,
    /// Calls that it spoke of.
    pub(crate) matched: u64,
    /// Calls that it hit.
    pub(crate) fired: u64,
}

/// The rules of a process.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    active: Mutex<(u64, Vec<Active>)>,
}

impl Rules {
    pub(crate) fn new(rules: Vec<Rule>) -> Self {
        let this = Self::default();
        this.add(rules);
        this
    }

    pub(crate) fn add(&self, rules: Vec<Rule>) {
        let mut guard = self.lock();
        for rule in rules {
            guard.0 += 1;
            let id = guard.0;
            guard.1.push(Active { id, rule, matched: 0, fired: 0 });
        }
    }

    pub(crate) fn list(&self) -> Vec<Active> {
        self.lock().1.clone()
    }

    pub(crate) fn clear(&self) {
        self.lock().1.clear();
    }

    /// The first rule that hits this call. Every rule counts the calls that it speaks of, hit or not.
    pub(crate) fn choose(&self, call: &Subject<'_>) -> Option<Rule> {
        let mut chosen = None;
        for active in &mut self.lock().1 {
            if !active.rule.speaks_of(call) {
                continue;
            }
            active.matched += 1;
            if chosen.is_none() && active.rule.hits(active.matched, active.fired) {
                active.fired += 1;
                chosen = Some(active.rule.clone());
            }
        }
        chosen
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (u64, Vec<Active>)> {
        // A panic while holding the lock leaves counters at worst one off, which is better than no simulator.
        self.active.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn hits(rule: &str, calls: u64) -> Vec<u64> {
        let rules = Rules::new(vec![rule.parse().unwrap()]);
        let call = Subject { agent: "critic", model: "gpt-5", call_key: "p/critique/1/1", idea: "a gym" };
        (1..=calls).filter(|_| rules.choose(&call).is_some()).collect()
    }

    #[test]
    fn rules_hit_the_calls_that_they_name() {
        assert_eq!(hits("overloaded,agent=critic,calls=2..3", 5), [2, 3]);
        assert_eq!(hits("overloaded,every=2", 5), [2, 4]);
        assert_eq!(hits("stall,times=1", 3), [1]);
        assert_eq!(hits("stall,call_key=/critique/,idea=gym,calls=1", 3), [1]);
        assert!(hits("refuse,agent=architect", 3).is_empty());
        assert!(hits("refuse,probability=0", 50).is_empty());
        assert_eq!(hits("refuse,probability=0.3,seed=1", 50), hits("refuse,probability=0.3,seed=1", 50));
        assert!((5..30).contains(&hits("refuse,probability=0.3,seed=1", 50).len()));
    }

    #[test]
    fn wrong_rules_are_named() {
        assert_eq!("explode".parse::<Rule>(), Err(RuleError::Effect("explode".into())));
        assert_eq!("stall,when=now".parse::<Rule>(), Err(RuleError::Key("when".into())));
        assert!(matches!("stall,calls=x".parse::<Rule>(), Err(RuleError::Value { .. })));
        assert!(matches!("stall,every=0".parse::<Rule>(), Err(RuleError::Value { .. })));
    }
}
