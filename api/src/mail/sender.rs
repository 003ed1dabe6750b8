//! The way out: SMTP, or a folder of `.eml` files. Another service is another variant; SendGrid and SES speak SMTP too.

use super::template::Rendered;
use crate::settings::{MailSettings, Route, Security, SettingsError};
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use secrecy::{ExposeSecret as _, SecretString};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Notify;
use uuid::Uuid;

/// Sends mail, one way or the other.
pub(crate) struct Mailer {
    way: Way,
    from: Mailbox,
    /// Told when this process left something in the outbox.
    pub(super) wake: Notify,
}

enum Way {
    Off,
    Folder(PathBuf),
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
}

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    /// The address cannot be one, or its server will never take the mail.
    #[error("nobody can be reached there: {0}")]
    Never(String),
    /// It may be taken later.
    #[error("not now: {0}")]
    NotNow(String),
}

impl Mailer {
    pub(crate) fn new(settings: &MailSettings) -> Result<Self, MailerError> {
        let way = match settings.route()? {
            Route::Off => Way::Off,
            Route::Folder(folder) => Way::Folder(folder),
            Route::Smtp { host, port, user, security } => {
                Way::Smtp(smtp(settings, &host, port, user, security)?)
            }
        };
        let from = settings.from.parse().map_err(|_| MailerError::From)?;
        Ok(Self { way, from, wake: Notify::new() })
    }

    /// Whether mail is sent at all.
    pub(crate) fn is_on(&self) -> bool {
        !matches!(self.way, Way::Off)
    }

    /// Looks into the outbox at once: something was left there.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Hands a mail over. The same id gives the same Message-ID, so that one that arrives twice can be told.
    pub(crate) async fn send(&self, id: Uuid, recipient: &str, mail: Rendered) -> Result<(), SendError> {
        let message = self.message(id, recipient, mail)?;
        match &self.way {
            Way::Off => Err(SendError::NotNow("this installation sends no mail".to_owned())),
            Way::Folder(folder) => {
                let path = folder.join(format!("{id}.eml"));
                write(&path, &message.formatted())
                    .await
                    .map_err(|error| SendError::NotNow(format!("{}: {error}", path.display())))?;
                tracing::info!(file = %path.display(), "wrote a mail");
                Ok(())
            }
            Way::Smtp(transport) => {
                transport.send(message).await.map_err(|error| of_smtp(&error))?;
                Ok(())
            }
        }
    }

    fn message(&self, id: Uuid, recipient: &str, mail: Rendered) -> Result<Message, SendError> {
        // An address that does not read cannot reach a header: line breaks are the least of what it refuses.
        let to: Address = recipient.parse().map_err(|_| SendError::Never("no address".to_owned()))?;
        let id = format!("<{id}@{}>", self.from.email.domain());
        let automatic =
            HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
        Message::builder()
            .from(self.from.clone())
            .to(to.into())
            .subject(mail.subject)
            .message_id(Some(id))
            .raw_header(automatic)
            .multipart(MultiPart::alternative_plain_html(mail.text, mail.html))
            .map_err(|error| SendError::Never(error.to_string()))
    }
}

fn smtp(
    settings: &MailSettings,
    host: &str,
    port: u16,
    user: Option<String>,
    security: Security,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, MailerError> {
    let tls = || -> Result<TlsParameters, MailerError> {
        let mut parameters = TlsParameters::builder(host.to_owned());
        if let Some(file) = &settings.ca_file {
            let pem = std::fs::read(file).map_err(|error| MailerError::File(file.clone(), error))?;
            parameters =
                parameters.add_root_certificate(Certificate::from_pem(&pem).map_err(MailerError::Tls)?);
        }
        parameters.build().map_err(MailerError::Tls)
    };
    let tls = match security {
        Security::None => Tls::None,
        // Required, not opportunistic: who stands in between could take the offer of STARTTLS away.
        Security::StartTls => Tls::Required(tls()?),
        Security::Tls => Tls::Wrapper(tls()?),
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
        .port(port)
        .tls(tls)
        .timeout(Some(Duration::from_millis(settings.send_ms_max)));
    if let Some(user) = user {
        let password = password(settings)?;
        builder = builder.credentials(Credentials::new(user, password.expose_secret().to_owned()));
    }
    Ok(builder.build())
}

fn password(settings: &MailSettings) -> Result<SecretString, MailerError> {
    if let Some(password) = &settings.password {
        return Ok(password.clone());
    }
    let file = settings.password_file.as_ref().ok_or(MailerError::Password)?;
    let text = std::fs::read_to_string(file).map_err(|error| MailerError::File(file.clone(), error))?;
    Ok(text.trim_end().to_owned().into())
}

/// A refusal of us (wrong password, TLS wanted) is not one of the address: it ends when the operator mends it.
fn of_smtp(error: &lettre::transport::smtp::Error) -> SendError {
    let status = error.status().map(u16::from);
    if error.is_permanent() && !matches!(status, Some(530 | 534 | 535 | 538)) {
        return SendError::Never(error.to_string());
    }
    SendError::NotNow(error.to_string())
}

/// Whole or not at all, and for its owner only: mails hold links.
async fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        tokio::fs::create_dir_all(folder).await?;
    }
    let draft = path.with_extension("part");
    let mut options = tokio::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    options.mode(0o600);
    let mut file = options.open(&draft).await?;
    file.write_all(bytes).await?;
    file.sync_all().await?;
    tokio::fs::rename(&draft, path).await
}

/// Settings with which no mail can be sent.
#[derive(Debug, thiserror::Error)]
pub enum MailerError {
    /// What they say.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The sender.
    #[error("api settings: mail.from is not an address")]
    From,
    /// The URL has a user.
    #[error("api settings: mail.url names a user, so mail.password or mail.password_file must be set")]
    Password,
    /// A file that they name.
    #[error("api settings: {} could not be read", .0.display())]
    File(PathBuf, #[source] io::Error),
    /// Certificates.
    #[error("api settings: mail.ca_file holds no certificate that can be used")]
    Tls(#[source] lettre::transport::smtp::Error),
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::mail::Template;
    use serde_json::json;

    fn formatted(recipient: &str) -> Result<String, SendError> {
        let mailer = Mailer::new(&MailSettings::default()).unwrap();
        let mail = Template::PasswordChanged.render(&json!({"installation": "https://g.example.org"}), None);
        let message = mailer.message(Uuid::nil(), recipient, mail)?;
        Ok(String::from_utf8(message.formatted()).unwrap())
    }

    #[test]
    fn a_mail_has_its_headers_and_two_bodies() {
        let mail = formatted("ada@example.org").unwrap();
        let (head, body) = mail.split_once("\r\n\r\n").unwrap();
        for line in [
            "From: Groundwork <groundwork@localhost>",
            "To: ada@example.org",
            "Subject: Your password was changed",
            "Message-ID: <00000000-0000-0000-0000-000000000000@localhost>",
            "Auto-Submitted: auto-generated",
        ] {
            assert!(head.lines().any(|found| found == line), "{line} in\n{head}");
        }
        assert!(body.contains("text/plain") && body.contains("text/html"));
    }

    #[test]
    fn an_address_adds_no_header() {
        for evil in [
            "ada@example.org\r\nBcc: eve@example.org",
            "ada@example.org\nBcc: eve@example.org",
            "ada@example.org, eve@example.org",
            "Ada <ada@example.org>",
            "\"a\r\nBcc: eve@example.org\"@example.org",
            "ada@example.org\0",
            "",
        ] {
            let refused = formatted(evil).unwrap_err();
            assert!(matches!(refused, SendError::Never(_)), "{evil:?}: {refused}");
        }
    }
}
