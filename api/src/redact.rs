//! Secrets in what people write (R-11): they are taken out before anything is stored or sent to a model, and the person is told.
//! What looks like a secret is replaced by a mark that names its kind; the secret itself is kept nowhere.

use groundwork_domain::command::CommandBody;
use regex::{Captures, Regex};
use serde::Serialize;
use std::sync::LazyLock;
use utoipa::ToSchema;

/// What a secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// A private key in PEM.
    PrivateKey,
    /// A key of a model provider.
    ProviderKey,
    /// A key of a cloud.
    CloudKey,
    /// A token of a code host, a chat or a payment service.
    ServiceToken,
    /// A signed token.
    Jwt,
    /// What stands after `Bearer`.
    BearerToken,
    /// The password in a URL.
    UrlPassword,
    /// What somebody says a password, secret, token or key is.
    Password,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::PrivateKey => "private key",
            Self::ProviderKey => "provider key",
            Self::CloudKey => "cloud key",
            Self::ServiceToken => "service token",
            Self::Jwt => "signed token",
            Self::BearerToken => "bearer token",
            Self::UrlPassword | Self::Password => "password",
        }
    }
}

/// A text without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Redacted {
    pub(crate) text: String,
    /// Kinds that were found, each once.
    pub(crate) found: Vec<Kind>,
}

/// Each pattern: what stands before the secret is kept as `before`, what stands after it as `after`.
const PATTERNS: [(Kind, &str); 12] = [
    (
        Kind::PrivateKey,
        r"(?s)-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|\z)",
    ),
    (Kind::ProviderKey, r"\bsk-(?:ant-|proj-|svcacct-|or-v1-)?[A-Za-z0-9_-]{20,}"),
    (Kind::ProviderKey, r"\bAIza[A-Za-z0-9_-]{35}|\bgsk_[A-Za-z0-9]{20,}|\bhf_[A-Za-z0-9]{30,}"),
    (Kind::CloudKey, r"\b(?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{16}\b"),
    (
        Kind::CloudKey,
        r#"(?i)(?<before>\baws_?(?:secret_?access|session)_?(?:key|token)["']?\s*[:=]\s*["']?)[A-Za-z0-9/+=]{40,}"#,
    ),
    (
        Kind::ServiceToken,
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,}|glpat-[A-Za-z0-9_-]{20,}|xox[abeoprs]-[A-Za-z0-9-]{10,}|(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}|npm_[A-Za-z0-9]{36}|gw_[A-Za-z0-9_-]{32,})",
    ),
    (Kind::ServiceToken, r"\bGOCSPX-[A-Za-z0-9_-]{20,}|\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    (
        Kind::ServiceToken,
        r"(?<before>\bhttps://hooks\.slack\.com/(?:services|workflows)/)[A-Za-z0-9/_-]{16,}",
    ),
    (Kind::Jwt, r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    (Kind::BearerToken, r"(?i)(?<before>\bbearer[ \t]+)[A-Za-z0-9._~+/-]{20,}=*"),
    (
        Kind::UrlPassword,
        r"(?<before>\b[A-Za-z][A-Za-z0-9+.-]*://[^\s:/@\[]{0,256}:)[^\s/\[]{1,256}(?<after>@)",
    ),
    (
        Kind::Password,
        r#"(?i)(?<before>(?:password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key)["']?\s{0,4}(?::=|=>|[:=])\s{0,4}["']?)(?<value>[^\s"'\[\],;]{8,256})"#,
    ),
];

static REGEXES: LazyLock<Vec<(Kind, Regex)>> = LazyLock::new(|| {
    // The test below compiles each of them.
    PATTERNS.iter().filter_map(|(kind, pattern)| Some((*kind, Regex::new(pattern).ok()?))).collect()
});

/// Takes secrets out. Linear in the text's length, whatever stands in it.
pub(crate) fn redact(text: String) -> Redacted {
    let mut redacted = Redacted { text, found: Vec::new() };
    for (kind, regex) in REGEXES.iter() {
        if !regex.is_match(&redacted.text) {
            continue;
        }
        let mut any = false;
        let replaced = regex.replace_all(&redacted.text, |found: &Captures<'_>| {
            let part = |name| found.name(name).map_or("", |part| part.as_str());
            if found.name("value").is_some_and(|value| !is_random(value.as_str())) {
                return found[0].to_owned();
            }
            any = true;
            format!("{}[redacted: {}]{}", part("before"), kind.as_str(), part("after"))
        });
        redacted.text = replaced.into_owned();
        if any && !redacted.found.contains(kind) {
            redacted.found.push(*kind);
        }
    }
    redacted
}

/// Whether a word that stands where a secret would is one, and no word of a language: `password: required` says nothing secret.
fn is_random(word: &str) -> bool {
    let has = |is: fn(char) -> bool| word.chars().any(is);
    let has_digit = has(|c| c.is_ascii_digit());
    let is_mixed = has(char::is_uppercase) && has(char::is_lowercase) && has(|c| !c.is_alphanumeric());
    has(char::is_alphabetic) && (has_digit || is_mixed)
}

/// What a person wrote goes on without its secrets: to the workflow, to Postgres, to models.
pub(crate) fn take_secrets_out(body: &mut CommandBody) -> Vec<Kind> {
    let mut found = Vec::new();
    match body {
        CommandBody::Answer { answers, .. } => answers
            .iter_mut()
            .filter_map(|answer| answer.text.as_mut())
            .for_each(|text| redact_in(text, &mut found)),
        CommandBody::AmendAnswer { answer } => {
            answer.text.iter_mut().for_each(|text| redact_in(text, &mut found));
        }
        CommandBody::Refine { request, .. } => redact_in(request, &mut found),
        CommandBody::Message { text } => redact_in(text, &mut found),
        CommandBody::Decide { comment, .. } => {
            comment.iter_mut().for_each(|text| redact_in(text, &mut found));
        }
        _ => {}
    }
    found
}

/// Takes secrets out of one of several texts, and notes what was found.
fn redact_in(text: &mut String, found: &mut Vec<Kind>) {
    let redacted = redact(std::mem::take(text));
    *text = redacted.text;
    found.extend(redacted.found);
    found.sort_unstable();
    found.dedup();
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str) -> (String, Vec<Kind>) {
        let redacted = redact(text.to_owned());
        (redacted.text, redacted.found)
    }

    #[test]
    fn every_pattern_reads() {
        assert_eq!(REGEXES.len(), PATTERNS.len());
    }

    #[test]
    fn secrets_of_each_kind_are_taken_out() {
        // Put together here, so that nobody takes them for leaked ones.
        let letters = "a1B2c3D4e5F6g7H8i9J0a1B2c3D4e5F6g7H8i9J0";
        for (kind, secret) in [
            (Kind::ProviderKey, format!("sk-ant-{letters}")),
            (Kind::ProviderKey, format!("sk-proj-{letters}")),
            (Kind::CloudKey, "AKIA".to_owned() + "IOSFODNN7EXAMPLE"),
            (Kind::ServiceToken, format!("ghp_{letters}")),
            (Kind::ServiceToken, format!("sk_live_{letters}")),
            (Kind::Jwt, format!("eyJ{letters}.eyJ{letters}.{letters}")),
            (
                Kind::PrivateKey,
                format!("-----BEGIN RSA PRIVATE KEY-----\n{letters}\n-----END RSA PRIVATE KEY-----"),
            ),
            (Kind::PrivateKey, format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{letters}")),
        ] {
            let (text, found) = of(&format!("Use {secret}"));
            assert!(!text.contains(letters) && !text.contains("IOSFODNN7"), "{text}");
            assert_eq!(found, [kind], "{text}");
            assert_eq!(text, format!("Use [redacted: {}]", kind.as_str()));
        }
    }

    #[test]
    fn what_stands_around_a_secret_stays() {
        assert_eq!(
            of("db: postgres://app:hunter2@db.example.org/x, ok?").0,
            "db: postgres://app:[redacted: password]@db.example.org/x, ok?"
        );
        assert_eq!(
            of("Authorization: Bearer abcdefghijklmnopqrstuvwxyz").0,
            "Authorization: Bearer [redacted: bearer token]"
        );
        let key = "x".repeat(40);
        assert_eq!(
            of(&format!("aws_secret_access_key = {key}\nend")).0,
            "aws_secret_access_key = [redacted: cloud key]\nend"
        );
    }

    #[test]
    fn a_whole_secret_is_taken_out_and_what_is_called_one() {
        assert_eq!(of("postgres://app:p@ssw0rd99@db/x").0, "postgres://app:[redacted: password]@db/x");
        let letters = "a1B2c3D4e5F6g7H8i9J0";
        for said in [
            "password: Sup3rSecret!".to_owned(),
            "DB_PASSWORD=hunter2hunter2".to_owned(),
            format!("api_key=\"{letters}\""),
            format!("{{\"client_secret\": \"{letters}\"}}"),
            format!("GOCSPX-{letters}"),
            format!("SG.{letters}.{letters}"),
            format!("https://hooks.slack.com/services/T000/B000/{letters}"),
        ] {
            let (text, found) = of(&said);
            let is_out = [letters, "Sup3r", "hunter2"].iter().all(|secret| !text.contains(secret));
            assert!(is_out && found.len() == 1, "{said}: {text} {found:?}");
        }
        for text in [
            "password: required, at least twelve characters",
            "Secret: members only",
            "token => expires daily",
        ] {
            assert_eq!(of(text), (text.to_owned(), Vec::new()));
        }
    }

    #[test]
    fn ordinary_words_stay_as_they_are() {
        for text in [
            "A booking site for a small gym, see https://example.org:8080/a@b and mail ada@example.org",
            "The bearer of this ticket may enter. sk-8 boards. Public key: -----BEGIN PUBLIC KEY-----",
            "Ask for a task-force-of-people-who-know-it",
            "予約アプリ 😀 FR-001 sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        ] {
            assert_eq!(of(text), (text.to_owned(), Vec::new()));
        }
    }

    proptest! {
        #[test]
        fn redacting_twice_is_redacting_once(text in "(?s).{0,200}|(sk-ant-|Bearer |://a:|@|eyJ|\\.|[A-Za-z0-9]{0,40}){0,8}") {
            let once = redact(text);
            prop_assert_eq!(redact(once.text.clone()).text, once.text);
        }
    }
}
