//! Limits by time: what a person or an address may ask for in a minute, shared over replicas.
//!
//! A replica takes a tenth of a window's budget at a time from Postgres and counts that down in memory, so that one request in
//! sixty pays for a statement. All replicas together never let more through than the limit says; each may leave up to a tenth of
//! it unused. While Postgres is away nothing is counted: what needs it answers 503 anyway.

mod meter;

pub(crate) use meter::{Meter, Reading};

use crate::app::App;
use crate::auth::CurrentUser;
use crate::origin::client_ip;
use crate::problem::{ApiError, ApiResult};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use groundwork_domain::quota::{Quota, Window};
use groundwork_store::audit::Origin;
use std::net::{IpAddr, Ipv6Addr};

/// As in the IETF's draft "RateLimit header fields for HTTP".
pub(crate) const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// The limit itself, as against how much of it is left.
pub(crate) const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Counts a request of somebody who is signed in. Stands behind the check who asks.
pub(crate) async fn of_user(
    State(app): State<App>,
    user: CurrentUser,
    request: Request,
    next: Next,
) -> Response {
    match app.meter.count(Quota::Requests, &user.id.to_string()).await {
        Ok(reading) => told(next.run(request).await, reading),
        Err(reading) => refused(reading).into_response(),
    }
}

/// Counts a request that needs no credentials.
pub(crate) async fn of_address(State(app): State<App>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let place = place(client_ip(&parts, &app.settings.trusted_proxies));
    match app.meter.count(Quota::AnonymousRequests, &place).await {
        Ok(reading) => told(next.run(Request::from_parts(parts, body)).await, reading),
        Err(reading) => refused(reading).into_response(),
    }
}

/// Counts requests whose credentials were refused, so that nobody tries many. Stands before the check who asks.
pub(crate) async fn of_refused(State(app): State<App>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let place = place(client_ip(&parts, &app.settings.trusted_proxies));
    let response = next.run(Request::from_parts(parts, body)).await;
    if response.status() != StatusCode::UNAUTHORIZED {
        return response;
    }
    match app.meter.count(Quota::AnonymousRequests, &place).await {
        Ok(reading) => told(response, reading),
        Err(reading) => refused(reading).into_response(),
    }
}

/// Counts a new account from one place.
pub(crate) async fn sign_up(app: &App, origin: &Origin) -> ApiResult<()> {
    match app.meter.count(Quota::SignUps, &place(origin.ip)).await {
        Ok(_) => Ok(()),
        Err(reading) => Err(refused(reading)),
    }
}

/// What is one client: an IPv4 address, or the /64 that one customer has of IPv6.
fn place(ip: Option<IpAddr>) -> String {
    match ip.map(|ip| ip.to_canonical()) {
        None => "unknown".to_owned(),
        Some(IpAddr::V4(ip)) => ip.to_string(),
        Some(IpAddr::V6(ip)) => Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << 64)).to_string(),
    }
}

fn refused(reading: Reading) -> ApiError {
    let Reading { most, used, .. } = reading;
    let (what, seconds) = (reading.quota.definition().counts, reading.resets_in_s());
    let words = format!("You have used {used} of {most} {what}. Come back in {seconds} s.");
    ApiError::limit_reached(words, most.into(), used.into())
        .resets_at(chrono::Utc::now() + reading.resets_in)
        .retry_after(seconds)
        .with_headers(headers(reading))
}

fn told(mut response: Response, reading: Option<Reading>) -> Response {
    if let Some(reading) = reading {
        response.headers_mut().extend(headers(reading));
    }
    response
}

fn headers(reading: Reading) -> HeaderMap {
    let name = reading.quota.as_str();
    let left = reading.most.saturating_sub(reading.used);
    let state = format!("\"{name}\";r={left};t={}", reading.resets_in_s());
    let window = match reading.quota.definition().window {
        Window::Seconds(seconds) => format!(";w={seconds}"),
        Window::None => String::new(),
    };
    let policy = format!("\"{name}\";q={}{window}", reading.most);
    let pairs = [(RATE_LIMIT, state), (RATE_LIMIT_POLICY, policy)];
    let values =
        pairs.into_iter().filter_map(|(name, value)| Some((name, HeaderValue::try_from(value).ok()?)));
    values.collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn one_customer_is_one_place() {
        let of = |ip: &str| place(Some(ip.parse().unwrap()));
        assert_eq!(of("203.0.113.9"), "203.0.113.9");
        assert_eq!(of("::ffff:203.0.113.9"), "203.0.113.9");
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::9"));
        assert_ne!(of("2001:db8:1:2::9"), of("2001:db8:1:3::9"));
    }
}
