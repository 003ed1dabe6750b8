//! Signing in with other providers: the whole way against a real OpenID provider, forged ID tokens against an issuer of our
//! own, and GitHub's way against a double that speaks its endpoints.

mod browser;
mod forged;
mod github;
mod linking;
mod provider;

pub(crate) use browser::Browser;

use crate::mailbox::Mailbox;
use crate::server::Server;
use groundwork_api::{ProviderSettings, Settings};
use sqlx::AssertSqlSafe;

/// Where browsers find the server that a test starts.
pub(crate) const PUBLIC: &str = "http://groundwork.test";

/// A server with one provider, `sso` unless it is another, and a mailbox.
pub(crate) async fn server_with(
    name: &str,
    provider: ProviderSettings,
    change: impl FnOnce(&mut Settings),
) -> (Server, Mailbox) {
    let mailbox = Mailbox::new();
    let server = Server::with(|settings| {
        mailbox.receive(settings);
        settings.oauth.insert(name.to_owned(), provider);
        change(settings);
    })
    .await;
    (server, mailbox)
}

pub(crate) async fn count(server: &Server, of: &str) -> i64 {
    let count = AssertSqlSafe(format!("select count(*) from {of}"));
    sqlx::query_scalar(count).fetch_one(&server.owner).await.unwrap()
}

/// The value of a parameter of a URL.
pub(crate) fn parameter(url: &str, name: &str) -> String {
    let url = reqwest::Url::parse(url).unwrap();
    url.query_pairs().find(|(found, _)| found == name).unwrap().1.into_owned()
}

/// The URL with another value of that parameter.
pub(crate) fn with_parameter(url: &str, name: &str, value: &str) -> String {
    let mut url = reqwest::Url::parse(url).unwrap();
    let others: Vec<(String, String)> =
        url.query_pairs().filter(|(found, _)| found != name).map(|(n, v)| (n.into(), v.into())).collect();
    url.query_pairs_mut().clear().extend_pairs(others).append_pair(name, value);
    url.into()
}
