//! `Idempotency-Key` on every mutation: a repeat gets the first answer (N-02), and a mutation goes on to its end though its
//! client went away.

use crate::app::App;
use crate::auth::CurrentUser;
use crate::blocking::off_runtime;
use crate::extract::unreadable;
use crate::layers::detached;
use crate::problem::{ApiError, ApiResult, internal};
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use groundwork_domain::Digest;
use groundwork_store::idempotency::{self, Claim, FirstAnswer};
use std::time::{Duration, Instant};
use uuid::Uuid;

pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// Longest answer that is kept, in bytes.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// Bodies up to here are digested faster than another thread wakes, in bytes.
const SHORT_BYTES_MAX: usize = 64 * 1024;
/// Pause between two looks for the answer of a request under way.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Stands in the extensions of an answer that holds a secret: the answer is not kept, a repeat is told that it was given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShownOnce;

/// The key of a mutation: the client's, or one made here where none came.
#[derive(Clone, Debug)]
pub(crate) struct RequestKey(pub(crate) String);

impl<S: Sync> FromRequestParts<S> for RequestKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_else(Self::random))
    }
}

impl RequestKey {
    fn random() -> Self {
        Self(Uuid::new_v4().to_string())
    }

    fn of(request: &Request) -> ApiResult<Option<Self>> {
        let Some(value) = request.headers().get(&IDEMPOTENCY_KEY) else {
            return Ok(None);
        };
        let key = value.to_str().unwrap_or_default().trim();
        if key.is_empty() || key.len() > 255 {
            return Err(ApiError::bad_request(
                "invalid_idempotency_key",
                "An Idempotency-Key is 1 to 255 visible ASCII characters.",
            ));
        }
        Ok(Some(Self(key.to_owned())))
    }
}

/// Answers a repeated mutation with the first answer. Comes after the check who asks: keys belong to people.
pub(crate) async fn answer_once(
    State(app): State<App>,
    user: CurrentUser,
    mut request: Request,
    next: Next,
) -> ApiResult<Response> {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(next.run(request).await);
    }
    let Some(key) = RequestKey::of(&request)? else {
        request.extensions_mut().insert(RequestKey::random());
        return run_to_end(next.run(request)).await;
    };
    let (request, digest) = with_digest(request).await?;
    match claim(&app, user, &key, &digest).await? {
        Claim::Yours => {}
        Claim::Answered(first) => return Ok(replay(first)),
        Claim::UnderWay => {
            let words = "The same request is being answered right now. Ask again for its answer.";
            return Err(ApiError::conflict("request_in_progress", words).retry_after(1));
        }
        Claim::OtherRequest => {
            return Err(ApiError::unprocessable(
                "idempotency_key_reused",
                "This Idempotency-Key was used for another request. Make a new one for a new request.",
            ));
        }
    }
    run_to_end(async move {
        let mut request = request;
        request.extensions_mut().insert(key.clone());
        let response = next.run(request).await;
        settle(&app, user, &key, response).await
    })
    .await
}

/// Goes on when the client is gone: what was begun is not left half done, and its answer is kept.
async fn run_to_end(answer: impl Future<Output = Response> + Send + 'static) -> ApiResult<Response> {
    tokio::spawn(detached(answer)).await.map_err(|error| {
        if error.is_panic() {
            std::panic::resume_unwind(error.into_panic());
        }
        internal("a request's task", &error)
    })
}

async fn with_digest(request: Request) -> ApiResult<(Request, Digest)> {
    let (parts, body) = request.into_parts();
    let method = parts.method.clone();
    let uri = parts.uri.clone();
    // Through the extractor, so that the limit of the body's size holds.
    let (mut empty, ()) = Request::new(()).into_parts();
    empty.extensions = parts.extensions.clone();
    let bytes = Bytes::from_request(Request::from_parts(empty, body), &()).await.map_err(unreadable)?;
    let target = uri.path_and_query().map_or("", |target| target.as_str());
    let target = target.to_owned();
    let body = bytes.clone();
    let digest = move || Digest::of_parts([method.as_str().as_bytes(), target.as_bytes(), &body]);
    let digest =
        if bytes.len() < SHORT_BYTES_MAX { digest() } else { off_runtime("a digest", digest).await? };
    Ok((Request::from_parts(parts, Body::from(bytes)), digest))
}

/// Claims the key; where another request has it, waits for its answer. One that died with its process is taken over.
async fn claim(app: &App, user: CurrentUser, key: &RequestKey, digest: &Digest) -> ApiResult<Claim> {
    let lease_ms = app.settings.idempotency_lease_ms;
    let kept_h = app.settings.idempotency_hours;
    let deadline = Instant::now() + Duration::from_millis(lease_ms.into()) + LOOK_EVERY;
    loop {
        let mut tx = app.store.person(user.id).await?;
        let claim = idempotency::claim(&mut tx, user.id, &key.0, digest, lease_ms, kept_h).await?;
        tx.commit().await?;
        if claim != Claim::UnderWay || Instant::now() >= deadline {
            return Ok(claim);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Keeps what was decided (done, or refused by the project's state); forgets what was refused before any effect; leaves open
/// what failed on our side, so that the same request, and no other, may try again.
async fn settle(app: &App, user: CurrentUser, key: &RequestKey, response: Response) -> Response {
    let (parts, body) = response.into_parts();
    let header =
        |name: HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let is_json = header(header::CONTENT_TYPE).is_none_or(|content| content.contains("json"));
    let decided = is_json && (parts.status.is_success() || parts.status == StatusCode::CONFLICT);
    if !decided {
        let settled = give_up(app, user, key, parts.status.is_server_error()).await;
        log_unsettled(settled);
        return Response::from_parts(parts, body);
    }
    let bytes = match to_bytes(body, ANSWER_BYTES_MAX).await {
        Ok(bytes) => bytes,
        Err(error) => {
            // It was done: a repeat must not do it again.
            log_unsettled(keep_that_it_was(app, user, key).await);
            return internal("an answer", &error).into_response();
        }
    };
    if parts.extensions.get::<ShownOnce>().is_some() {
        log_unsettled(keep_that_it_was(app, user, key).await);
        return Response::from_parts(parts, Body::from(bytes));
    }
    let first = FirstAnswer {
        status: i16::try_from(parts.status.as_u16()).unwrap_or_default(),
        content_type: header(header::CONTENT_TYPE),
        location: header(header::LOCATION),
        body: bytes.to_vec(),
    };
    log_unsettled(keep(app, user, key, &first).await);
    Response::from_parts(parts, Body::from(bytes))
}

/// Keeps, of an answer that holds a secret, only that it was given.
async fn keep_that_it_was(app: &App, user: CurrentUser, key: &RequestKey) -> ApiResult<()> {
    let words = "This was done, and its answer was shown once. If it was lost, undo it and make a new one.";
    let (parts, body) = ApiError::conflict("shown_once", words).into_response().into_parts();
    let body = to_bytes(body, ANSWER_BYTES_MAX).await.map_err(|error| internal("an answer", &error))?;
    let first = FirstAnswer {
        status: i16::try_from(parts.status.as_u16()).unwrap_or_default(),
        content_type: Some("application/problem+json".to_owned()),
        location: None,
        body: body.to_vec(),
    };
    keep(app, user, key, &first).await
}

async fn keep(app: &App, user: CurrentUser, key: &RequestKey, first: &FirstAnswer) -> ApiResult<()> {
    let mut tx = app.store.person(user.id).await?;
    idempotency::keep(&mut tx, user.id, &key.0, first).await?;
    Ok(tx.commit().await?)
}

async fn give_up(app: &App, user: CurrentUser, key: &RequestKey, is_open: bool) -> ApiResult<()> {
    let mut tx = app.store.person(user.id).await?;
    if is_open {
        idempotency::release(&mut tx, user.id, &key.0).await?;
    } else {
        idempotency::forget(&mut tx, user.id, &key.0).await?;
    }
    Ok(tx.commit().await?)
}

/// The answer itself is not held back: what it did is idempotent by its own ids, and the claim runs out by itself.
fn log_unsettled(settled: ApiResult<()>) {
    if let Err(error) = settled {
        tracing::warn!(code = error.code(), "a first answer could not be kept");
    }
}

fn replay(first: FirstAnswer) -> Response {
    let status = u16::try_from(first.status).ok().and_then(|status| StatusCode::from_u16(status).ok());
    let mut response = (status.unwrap_or_default(), first.body).into_response();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    for (name, value) in [(header::CONTENT_TYPE, first.content_type), (header::LOCATION, first.location)] {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            headers.insert(name, value);
        }
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    response
}
