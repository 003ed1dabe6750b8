//! Tokens of browsers, in cookies that scripts cannot read, and the check that a call with cookies comes from our own
//! pages.
//!
//! `__Host-` makes a browser insist on `Secure`, on the path `/` and on this host alone. Browsers take such cookies over
//! plain http from localhost only; elsewhere there is TLS in front.

use crate::app::App;
use crate::problem::{ApiError, ApiResult};
use axum::http::header::{COOKIE, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use http::Uri;
use secrecy::{ExposeSecret as _, SecretString};

/// The access token.
pub(crate) const ACCESS: &str = "__Host-gw_access";
/// The refresh token.
pub(crate) const REFRESH: &str = "__Host-gw_refresh";
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What a cookie of that name says, if the request has just one of it.
pub(crate) fn find<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut found = pairs.filter(|(its_name, _)| *its_name == name).map(|(_, value)| value);
    let first = found.next();
    // Two of one name: one of them is somebody else's doing.
    if found.next().is_some() { None } else { first.filter(|value| !value.is_empty()) }
}

/// A `Set-Cookie` that a browser keeps for so many seconds.
pub(crate) fn set(name: &str, value: &SecretString, seconds: i64) -> Option<HeaderValue> {
    let value = value.expose_secret();
    let cookie = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}");
    let mut header = HeaderValue::from_str(&cookie).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// `Set-Cookie`s that take both away.
pub(crate) fn clear() -> [HeaderValue; 2] {
    [
        HeaderValue::from_static("__Host-gw_access=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"),
        HeaderValue::from_static("__Host-gw_refresh=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"),
    ]
}

/// Refuses what another site makes a browser send. Browsers say where a request comes from (`Sec-Fetch-Site`); older ones say
/// `Origin`, with everything that is not a plain read. A read that says neither is let through: no other site can see its answer.
pub(crate) fn check_site(app: &App, method: &Method, headers: &HeaderMap) -> ApiResult<()> {
    let is_ours = match text(headers, &FETCH_SITE) {
        Some(site) => site == "same-origin" || site == "none",
        None => match text(headers, &ORIGIN) {
            Some(origin) => is_own(app.settings.public_url.as_deref(), text(headers, &HOST), origin),
            None => matches!(*method, Method::GET | Method::HEAD),
        },
    };
    if is_ours { Ok(()) } else { Err(other_site()) }
}

/// The same for opening a WebSocket, which every browser says its `Origin` with, and which no other rule keeps to one site.
pub(crate) fn check_socket(app: &App, headers: &HeaderMap) -> ApiResult<()> {
    let host = text(headers, &HOST);
    let is_ours =
        text(headers, &ORIGIN).is_some_and(|origin| is_own(app.settings.public_url.as_deref(), host, origin));
    if is_ours { check_site(app, &Method::GET, headers) } else { Err(other_site()) }
}

fn other_site() -> ApiError {
    ApiError::new(
        StatusCode::FORBIDDEN,
        "cross_site",
        "A call with cookies has to come from this server's own pages.",
    )
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"))
}

/// Whether that origin is the public URL's or, where none is set, that of the host which was called.
fn is_own(public_url: Option<&str>, host: Option<&str>, origin: &str) -> bool {
    let Ok(origin) = origin.parse::<Uri>() else { return false };
    let Some(authority) = origin.authority() else { return false };
    match public_url.and_then(|url| url.parse::<Uri>().ok()) {
        Some(own) => origin.scheme() == own.scheme() && own.authority() == Some(authority),
        None => host.is_some_and(|host| host.eq_ignore_ascii_case(authority.as_str())),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_by_its_whole_name_and_only_alone() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, "a=1; __Host-gw_access=t; x__Host-gw_access=u".parse().unwrap());
        headers.append(COOKIE, "b=2".parse().unwrap());
        assert_eq!(find(&headers, ACCESS), Some("t"));
        assert_eq!(find(&headers, REFRESH), None);
        headers.append(COOKIE, "__Host-gw_access=v".parse().unwrap());
        assert_eq!(find(&headers, ACCESS), None);
    }

    #[test]
    fn an_origin_is_ours_by_scheme_host_and_port() {
        let public = Some("https://plan.example.org");
        assert!(is_own(public, None, "https://plan.example.org"));
        for foreign in
            ["http://plan.example.org", "https://plan.example.org:444", "https://example.org", "null", ""]
        {
            assert!(!is_own(public, Some("plan.example.org"), foreign), "{foreign}");
        }
        assert!(is_own(None, Some("localhost:8080"), "http://localhost:8080"));
        assert!(!is_own(None, Some("localhost:8080"), "http://localhost:8081"));
        assert!(!is_own(None, None, "http://localhost:8081"));
    }
}
