//! What both clients share: the HTTP client, headers of answers, and the sorting of failed answers.

use crate::call::ModelRequest;
use crate::error::CallError;
use groundwork_domain::model::{ProviderId, UnknownModel};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Longest delay that is believed of a provider.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3_600);
/// Longest part of a provider's words in our own, in characters.
const DETAIL_CHARS_MAX: usize = 300;
/// Longest body of an error that is read, in bytes.
const ERROR_BYTES_MAX: usize = 64 * 1024;

/// Sent in the place of a key that cannot be a header: the provider rejects it, and the error names the setting.
pub(crate) const UNREADABLE_KEY: &str = "unreadable";

/// How long to wait for a provider. There is no limit on a whole call: a long answer is not a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until a connection stands.
    pub connect: Duration,
    /// Between two bytes, the first one included.
    pub idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), idle: Duration::from_secs(120) }
    }
}

/// An HTTP client for calls of models. Redirects are not followed: a key goes to the configured address and nowhere else.
pub(crate) fn client(timeouts: Timeouts) -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .connect_timeout(timeouts.connect)
        .read_timeout(timeouts.idle)
        .tcp_nodelay(true)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("groundwork/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// The headers by which the simulator and providers' logs tell calls apart.
pub(crate) fn call_headers(request: &ModelRequest) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let named = [("x-groundwork-call-key", &request.call_key), ("x-groundwork-agent", &request.agent)];
    for (name, value) in named {
        // Keys and agent ids are ASCII by construction; what is not is simply not sent.
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    headers
}

/// What the headers of an answer say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) request_id: Option<String>,
    pub(crate) simulated: bool,
    pub(crate) rate_limits: Vec<(String, String)>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) should_retry: Option<bool>,
}

impl Seen {
    pub(crate) fn read(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        let is_limit =
            |name: &str| name.starts_with("anthropic-ratelimit-") || name.starts_with("x-ratelimit-");
        Self {
            request_id: text("request-id").or_else(|| text("x-request-id")).map(str::to_owned),
            simulated: text("x-groundwork-simulated") == Some("true"),
            rate_limits: headers
                .iter()
                .filter(|(name, _)| is_limit(name.as_str()))
                .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
                .collect(),
            retry_after: retry_after(&text, SystemTime::now()),
            should_retry: match text("x-should-retry") {
                Some("true") => Some(true),
                Some("false") => Some(false),
                _ => None,
            },
        }
    }
}

/// The delay that an answer asks for: `retry-after-ms`, else `retry-after` in seconds or as an HTTP date.
fn retry_after<'a>(text: &impl Fn(&str) -> Option<&'a str>, now: SystemTime) -> Option<Duration> {
    let seconds = |value: &str, unit: f64| {
        value
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite() && *number >= 0.0)
            .map(|number| number / unit)
    };
    let delay = text("retry-after-ms").and_then(|value| seconds(value, 1_000.0)).or_else(|| {
        let value = text("retry-after")?;
        seconds(value, 1.0).or_else(|| {
            let date = chrono::DateTime::parse_from_rfc2822(value).ok()?;
            let now = now.duration_since(UNIX_EPOCH).ok()?.as_secs_f64();
            Some((date.timestamp() as f64 - now).max(0.0))
        })
    })?;
    Some(Duration::from_secs_f64(delay.min(RETRY_AFTER_MAX.as_secs_f64())))
}

/// An error in a provider's words; both providers' shapes fit in it.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct ProviderFault {
    #[serde(default)]
    pub(crate) message: Option<String>,
    #[serde(default, rename = "type")]
    pub(crate) kind: Option<String>,
    #[serde(default)]
    pub(crate) code: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct FaultBody {
    error: ProviderFault,
    #[serde(default)]
    request_id: Option<String>,
}

/// Whom and what a call was for: what the sorted errors say.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) provider: ProviderId,
    pub(crate) model: &'a str,
    pub(crate) prompt_tokens: u64,
    pub(crate) limit_tokens: u64,
    pub(crate) model_setting: &'a str,
    /// True where the key is not the platform's.
    pub(crate) own_key: bool,
}

/// Reads a failed answer and sorts it.
pub(crate) async fn failed_answer(asked: Asked<'_>, response: reqwest::Response) -> CallError {
    let status = response.status().as_u16();
    let mut seen = Seen::read(response.headers());
    let body = read_capped(response).await;
    let fault = match serde_json::from_slice::<FaultBody>(&body) {
        Ok(body) => {
            seen.request_id = seen.request_id.or(body.request_id);
            body.error
        }
        Err(_) => ProviderFault {
            message: Some(String::from_utf8_lossy(&body).into_owned()),
            ..ProviderFault::default()
        },
    };
    sort(asked, status, &fault, seen)
}

async fn read_capped(mut response: reqwest::Response) -> Vec<u8> {
    let mut body = Vec::new();
    // A body that breaks off says as much as there is of it.
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() >= ERROR_BYTES_MAX {
            break;
        }
    }
    body
}

/// The status that an error event in a stream stands for.
pub(crate) fn status_of(fault: &ProviderFault) -> u16 {
    match fault.kind.as_deref().unwrap_or_default() {
        "invalid_request_error" => 400,
        "authentication_error" => 401,
        "billing_error" | "insufficient_quota" => 402,
        "permission_error" => 403,
        "not_found_error" => 404,
        "request_too_large" => 413,
        "rate_limit_error" | "rate_limit_exceeded" => 429,
        "timeout_error" => 504,
        "overloaded_error" => 529,
        _ => 500,
    }
}

/// Sorts a failure. The header `x-should-retry` wins over what the status says.
pub(crate) fn sort(asked: Asked<'_>, status: u16, fault: &ProviderFault, seen: Seen) -> CallError {
    let error = by_status(asked, status, fault, &seen);
    match (seen.should_retry, error.retryable()) {
        (Some(true), false) => CallError::ServerError {
            provider: asked.provider,
            status,
            detail: detail(fault),
            retry_after: seen.retry_after,
            request_id: seen.request_id,
        },
        (Some(false), true) => CallError::RejectedRequest {
            provider: asked.provider,
            status,
            detail: detail(fault),
            request_id: seen.request_id,
        },
        _ => error,
    }
}

fn by_status(asked: Asked<'_>, status: u16, fault: &ProviderFault, seen: &Seen) -> CallError {
    let provider = asked.provider;
    let (request_id, retry_after) = (seen.request_id.clone(), seen.retry_after);
    let words = fault.message.as_deref().unwrap_or_default().to_ascii_lowercase();
    let code = fault.code.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
    let kind = fault.kind.as_deref().unwrap_or_default();
    let is_billing = status == 402
        || kind == "billing_error"
        || [code, kind].contains(&"insufficient_quota")
        || words.contains("credit balance");
    let is_long = code == "context_length_exceeded"
        || status == 413
        || (status == 400
            && ["prompt is too long", "maximum context length", "context window"]
                .iter()
                .any(|part| words.contains(part)));
    match status {
        _ if is_billing => CallError::Billing { provider, detail: detail(fault), request_id },
        _ if is_long => CallError::ContextTooLarge {
            model: asked.model.to_owned(),
            prompt_tokens: asked.prompt_tokens,
            limit_tokens: asked.limit_tokens,
        },
        401 | 403 => CallError::RejectedKey {
            provider,
            detail: detail(fault),
            setting: if asked.own_key { "your own provider keys" } else { key_setting(provider) },
            request_id,
        },
        404 if words.contains("model") || code == "model_not_found" => {
            CallError::UnknownModel(UnknownModel {
                setting: asked.model_setting.to_owned(),
                name: asked.model.to_owned(),
                known: format!("what {provider} serves to this account"),
            })
        }
        429 => CallError::RateLimited { provider, retry_after, request_id },
        503 | 529 => CallError::Overloaded { provider, retry_after, request_id },
        408 | 409 | 500.. => {
            CallError::ServerError { provider, status, detail: detail(fault), retry_after, request_id }
        }
        _ => CallError::RejectedRequest { provider, status, detail: detail(fault), request_id },
    }
}

/// The environment variable of a provider's key.
pub(crate) fn key_setting(provider: ProviderId) -> &'static str {
    match provider {
        ProviderId::Anthropic => "ANTHROPIC_API_KEY",
        ProviderId::OpenAi => "OPENAI_API_KEY",
    }
}

/// The provider's words on one line, shortened, and without anything that looks like a key (OpenAI quotes part of it).
fn detail(fault: &ProviderFault) -> String {
    let words = fault.message.as_deref().or(fault.kind.as_deref()).unwrap_or_default();
    let mut line = String::new();
    for word in words.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(if word.contains("sk-") { "[key]" } else { word });
    }
    if line.is_empty() {
        return "no reason given".to_owned();
    }
    line.chars().take(DETAIL_CHARS_MAX).collect()
}

/// Sorts what the network said before an answer began.
pub(crate) fn network(provider: ProviderId, error: reqwest::Error) -> CallError {
    let timeout = error.is_timeout();
    let detail = cause(&error.without_url());
    if timeout { CallError::Timeout { provider, detail } } else { CallError::Network { provider, detail } }
}

/// The innermost cause of an error: the outer ones only say that sending failed.
pub(crate) fn cause(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string().chars().take(DETAIL_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const ASKED: Asked<'_> = Asked {
        provider: ProviderId::OpenAi,
        model: "gpt-5.6-terra",
        prompt_tokens: 9,
        limit_tokens: 8,
        model_setting: "retry.model",
        own_key: false,
    };

    fn delay(pairs: &[(&str, &str)]) -> Option<Duration> {
        let text = |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
        // 2015-10-21T07:28:00Z
        retry_after(&text, UNIX_EPOCH + Duration::from_secs(1_445_412_480))
    }

    #[test]
    fn retry_after_has_three_forms() {
        assert_eq!(
            delay(&[("retry-after-ms", "1500"), ("retry-after", "9")]),
            Some(Duration::from_millis(1_500))
        );
        assert_eq!(delay(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
        assert_eq!(delay(&[("retry-after", "Wed, 21 Oct 2015 07:28:30 GMT")]), Some(Duration::from_secs(30)));
        assert_eq!(delay(&[("retry-after", "Wed, 21 Oct 2015 07:00:00 GMT")]), Some(Duration::ZERO));
        assert_eq!(delay(&[("retry-after", "99999999999")]), Some(RETRY_AFTER_MAX));
        for wrong in ["soon", "-5", "NaN", ""] {
            assert_eq!(delay(&[("retry-after", wrong)]), None, "{wrong}");
        }
    }

    fn sorted(status: u16, body: &str, should_retry: Option<bool>) -> CallError {
        let fault = serde_json::from_str::<FaultBody>(body).unwrap().error;
        sort(ASKED, status, &fault, Seen { should_retry, ..Seen::default() })
    }

    #[test]
    fn failures_are_sorted_by_what_can_mend_them() {
        let quota = r#"{"error":{"message":"You exceeded your quota","type":"insufficient_quota","code":"insufficient_quota"}}"#;
        assert!(matches!(sorted(429, quota, None), CallError::Billing { .. }));
        let credit = r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low"}}"#;
        assert!(matches!(sorted(400, credit, None), CallError::Billing { .. }));
        let long =
            r#"{"error":{"type":"invalid_request_error","message":"prompt is too long: 300000 tokens"}}"#;
        assert_eq!(sorted(400, long, None).code(), "context_too_large");
        let model = r#"{"error":{"message":"The model `x` does not exist","code":"model_not_found"}}"#;
        assert_eq!(sorted(404, model, None).code(), "unknown_model");
        let other = r#"{"error":{"message":"bad"}}"#;
        for (status, code, retryable) in [
            (400, "provider_rejected_request", false),
            (401, "provider_rejected_key", false),
            (403, "provider_rejected_key", false),
            (422, "provider_rejected_request", false),
            (408, "provider_unavailable", true),
            (409, "provider_unavailable", true),
            (429, "provider_unavailable", true),
            (500, "provider_unavailable", true),
            (529, "provider_unavailable", true),
        ] {
            let error = sorted(status, other, None);
            assert_eq!((error.code(), error.retryable()), (code, retryable), "{status}");
        }
    }

    #[test]
    fn the_providers_word_on_retrying_wins() {
        let body = r#"{"error":{"message":"bad"}}"#;
        assert!(sorted(400, body, Some(true)).retryable());
        assert!(!sorted(500, body, Some(false)).retryable());
    }

    #[test]
    fn no_key_in_an_error() {
        let body = r#"{"error":{"message":"Incorrect API key provided: sk-abc***xyz. Find yours online."}}"#;
        let text = sorted(401, body, None).to_string();
        assert!(!text.contains("sk-"), "{text}");
        assert!(text.contains("OPENAI_API_KEY"), "{text}");
    }
}
