//! A folder where mails arrive, and how a person reads them.

use groundwork_api::Settings;
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub(crate) struct Mailbox(TempDir);

impl Mailbox {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Makes a server's mails arrive here.
    pub(crate) fn receive(&self, settings: &mut Settings) {
        settings.mail.url = Some(format!("file://{}", self.0.path().display()));
        settings.mail.look_every_ms = 50;
        settings.public_url = Some("http://groundwork.test".to_owned());
    }

    /// All mails to somebody that are here now, with that subject.
    pub(crate) fn all(&self, to: &str, subject: &str) -> Vec<String> {
        let mut mails = Vec::new();
        for entry in std::fs::read_dir(self.0.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "eml") {
                let mail = decoded(&std::fs::read_to_string(path).unwrap());
                let has = |line: String| mail.lines().any(|found| found == line);
                if has(format!("To: {to}")) && has(format!("Subject: {subject}")) {
                    mails.push(mail);
                }
            }
        }
        mails
    }

    /// The mail to somebody with that subject, once it is here; the latest of several is any of them.
    pub(crate) async fn wait(&self, to: &str, subject: &str) -> String {
        self.wait_for(1, to, subject).await.remove(0)
    }

    /// So many of them.
    pub(crate) async fn wait_for(&self, count: usize, to: &str, subject: &str) -> Vec<String> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let mails = self.all(to, subject);
            if mails.len() >= count {
                return mails;
            }
            assert!(Instant::now() < deadline, "{} of {count} mails {subject:?} to {to}", mails.len());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The token of the link in such a mail.
    pub(crate) async fn token(&self, to: &str, subject: &str) -> String {
        token(&self.wait(to, subject).await)
    }
}

/// The token of the link in a mail.
pub(crate) fn token(mail: &str) -> String {
    let (_, rest) = mail.split_once("#token=").unwrap();
    let token: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
    assert_eq!(token.len(), 43, "{mail}");
    token
}

/// Quoted-printable, as long lines of a mail are.
pub(crate) fn decoded(mail: &str) -> String {
    let joined = mail.replace("=\r\n", "").replace("\r\n", "\n");
    let mut out = Vec::new();
    let mut rest = joined.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let pair = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let code = pair.filter(|_| byte == b'=').and_then(|pair| u8::from_str_radix(pair, 16).ok());
        out.push(code.unwrap_or(byte));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(out).unwrap()
}
