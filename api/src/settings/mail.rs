//! Section `[api.mail]`: how mail leaves the installation.

use super::SettingsError;
use groundwork_store::notices::Pace;
use groundwork_store::outbox::Allowance;
use reqwest::Url;
use secrecy::SecretString;
use serde::Deserialize;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// How mail is sent, and how much of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailSettings {
    /// `smtp://user@host:587` (STARTTLS, or nothing is sent), `smtps://user@host:465` (TLS from the first byte),
    /// `smtp://127.0.0.1:1025?tls=none` (loopback only), `file:///folder` (one `.eml` a mail). None: no mail is sent.
    pub url: Option<String>,
    /// Of the URL's user.
    pub password: Option<SecretString>,
    /// A file with the password instead.
    pub password_file: Option<PathBuf>,
    /// Certificates (PEM) of an authority of one's own that the server's may come from, besides the public ones.
    pub ca_file: Option<PathBuf>,
    /// Whom mails come from.
    pub from: String,
    /// Milliseconds that handing over one mail may take.
    pub send_ms_max: u64,
    /// How often a mail is tried; with the pauses below, for about four hours.
    pub tries_max: u32,
    /// Milliseconds before the second try; before each further one twice as long.
    pub retry_ms: u64,
    /// Milliseconds of the longest pause.
    pub retry_ms_max: u64,
    /// Milliseconds between two looks for mail of other replicas; a replica's own is sent at once.
    pub look_every_ms: u64,
    /// Mails that one replica sends at once.
    pub at_once_max: u32,
    /// Mails of one kind to one address that can be asked for from one place, or by one person, within the window; 0: any number.
    pub per_asker_max: u32,
    /// Mails of one kind that can be asked for to one address within the window, by all together; 0: any number.
    pub per_address_max: u32,
    /// Invitations by mail that one person can send a day; 0: any number.
    pub per_person_max: u32,
    /// Mails that can be asked for from one IP address (IPv6: one /64) within the window; 0: any number.
    pub per_ip_max: u32,
    /// Seconds of that window.
    pub window_s: u32,
    /// Seconds that news of a project waits before somebody is told by mail: what is settled by then is told to nobody.
    pub notice_wait_s: u32,
    /// Seconds between two mails with news to one person; what happens meanwhile comes in one mail.
    pub notice_pause_s: u32,
    /// Pieces of news in one mail; it says how many more there are.
    pub notice_lines_max: u32,
    /// Seconds after which nobody is told any more.
    pub notice_age_s_max: u32,
}

impl Default for MailSettings {
    fn default() -> Self {
        Self {
            url: None,
            password: None,
            password_file: None,
            ca_file: None,
            from: "Groundwork <groundwork@localhost>".to_owned(),
            send_ms_max: 20_000,
            tries_max: 10,
            retry_ms: 30_000,
            retry_ms_max: 3_600_000,
            look_every_ms: 1_000,
            at_once_max: 10,
            per_asker_max: 5,
            per_address_max: 20,
            per_person_max: 50,
            per_ip_max: 30,
            window_s: 3_600,
            notice_wait_s: 60,
            notice_pause_s: 900,
            notice_lines_max: 20,
            notice_age_s_max: 86_400,
        }
    }
}

/// The way that mail takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Off,
    Folder(PathBuf),
    Smtp { host: String, port: u16, user: Option<String>, security: Security },
}

/// How a connection to an SMTP server is kept private.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Security {
    /// It is not: on loopback only.
    None,
    StartTls,
    Tls,
}

impl MailSettings {
    /// What the URL says.
    pub(crate) fn route(&self) -> Result<Route, SettingsError> {
        let Some(url) = self.url.as_deref().filter(|url| !url.is_empty()) else { return Ok(Route::Off) };
        let url = Url::parse(url).map_err(|_| SettingsError("mail.url is not a URL"))?;
        let tls = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value.into_owned());
        let (security, port) = match (url.scheme(), tls.as_deref()) {
            ("file", None) => {
                let folder = url.to_file_path();
                return folder
                    .map(Route::Folder)
                    .map_err(|()| SettingsError("mail.url names no folder: file:///folder"));
            }
            ("smtps", None) => (Security::Tls, 465),
            ("smtp", None | Some("required")) => (Security::StartTls, 587),
            ("smtp", Some("none")) => (Security::None, 25),
            _ => return Err(SettingsError("mail.url must begin with smtp://, smtps:// or file:///")),
        };
        let host = url.host_str().ok_or(SettingsError("mail.url names no host"))?;
        let host = host.trim_matches(['[', ']']).to_owned();
        if security == Security::None && !is_loopback(&host) {
            return Err(SettingsError("mail.url has tls=none for a host that is not this machine"));
        }
        if url.password().is_some() {
            return Err(SettingsError("mail.url holds a password: it belongs into mail.password"));
        }
        let user = Some(url.username()).filter(|user| !user.is_empty()).map(decoded);
        Ok(Route::Smtp { host, port: url.port().unwrap_or(port), user, security })
    }

    pub(crate) fn allowance(&self) -> Allowance {
        Allowance { address_max: self.per_address_max, place_max: self.per_ip_max, within_s: self.window_s }
    }

    pub(crate) fn pace(&self) -> Pace {
        Pace { wait_s: self.notice_wait_s, pause_s: self.notice_pause_s, age_s_max: self.notice_age_s_max }
    }

    /// The pause after so many tries that failed.
    pub(crate) fn pause(&self, tries: u32) -> Duration {
        let doubled = self.retry_ms.saturating_mul(1 << tries.saturating_sub(1).min(30));
        Duration::from_millis(doubled.min(self.retry_ms_max))
    }

    /// How long a mail belongs to the replica that claimed it.
    pub(crate) fn lease(&self) -> Duration {
        Duration::from_millis(self.send_ms_max.saturating_mul(2).saturating_add(10_000))
    }
}

/// Whether a URL's host is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// A user name in a URL has its `@` as `%40`.
fn decoded(user: &str) -> String {
    let pair = format!("u={}", user.replace('+', "%2B"));
    // Reading a query decodes it; there is exactly one pair.
    let query = Url::parse("x://x").ok().and_then(|mut url| {
        url.set_query(Some(&pair));
        url.query_pairs().next().map(|(_, value)| value.into_owned())
    });
    query.unwrap_or_else(|| user.to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn route(url: &str) -> Result<Route, String> {
        let settings = MailSettings { url: Some(url.to_owned()), ..MailSettings::default() };
        settings.route().map_err(|error| error.0.to_owned())
    }

    #[test]
    fn a_url_says_how_mail_goes() {
        assert_eq!(MailSettings::default().route().unwrap(), Route::Off);
        assert_eq!(route("file:///tmp/mail").unwrap(), Route::Folder("/tmp/mail".into()));
        let smtp = |host: &str, port, user: Option<&str>, security| Route::Smtp {
            host: host.to_owned(),
            port,
            user: user.map(str::to_owned),
            security,
        };
        assert_eq!(
            route("smtp://a%40example.org@mail.example.org").unwrap(),
            smtp("mail.example.org", 587, Some("a@example.org"), Security::StartTls)
        );
        assert_eq!(
            route("smtps://apikey@smtp.example.org").unwrap(),
            smtp("smtp.example.org", 465, Some("apikey"), Security::Tls)
        );
        assert_eq!(
            route("smtp://127.0.0.1:1025?tls=none").unwrap(),
            smtp("127.0.0.1", 1025, None, Security::None)
        );
        assert_eq!(route("smtp://[::1]:25?tls=none").unwrap(), smtp("::1", 25, None, Security::None));
    }

    #[test]
    fn nothing_leaves_this_machine_unprotected() {
        for refused in [
            "smtp://mail.example.org?tls=none",
            "smtp://mail.example.org?tls=opportunistic",
            "smtps://mail.example.org?tls=none",
            "smtp://user:secret@mail.example.org",
            "https://mail.example.org",
            "mail.example.org",
        ] {
            route(refused).unwrap_err();
        }
    }

    #[test]
    fn pauses_grow_to_a_limit() {
        let settings = MailSettings::default();
        let pauses: Vec<_> = (1..10).map(|tries| settings.pause(tries).as_secs()).collect();
        assert_eq!(pauses, [30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600]);
    }
}
