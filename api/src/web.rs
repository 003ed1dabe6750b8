//! The web application: the files that the build of `web/` made. Release builds hold them; debug builds read them from the
//! checkout, so that pages can be built again without the server. Neither calls npm: `make web` does.

use crate::layers;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rust_embed::{EmbeddedFile, RustEmbed};
use std::borrow::Cow;
use std::fmt::Write as _;

#[derive(rust_embed::Embed)]
#[folder = "$GROUNDWORK_WEB_DIST"]
#[allow_missing = true]
struct Files;

/// The page that all addresses of the application open.
const INDEX: &str = "index.html";
/// Shown where nobody has built the pages.
const ABSENT: &str = include_str!("web/absent.html");
/// Stands in the page where the nonce of its styles belongs.
const NONCE_PLACE: &str = "__CSP_NONCE__";
/// Compressed siblings that the build wrote, the smallest first.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];
/// Names of these files hold a digest of what is in them.
const ASSETS: &str = "assets/";
/// A year: such a file never changes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Kept, and asked for again each time.
const ASK_AGAIN: &str = "no-cache";

/// Answers what no route of the API did: a file of the application, its page, or that there is nothing.
pub(crate) async fn serve(request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    if is_read && path != "api" && !path.starts_with("api/") {
        if path != INDEX
            && let Some(found) = file::<Files>(path, request.headers())
        {
            return found;
        }
        if wants_page(path, request.headers()) {
            return page();
        }
    }
    layers::not_found().await.into_response()
}

/// A navigation: programs that ask for JSON or for a file that is not there are told so.
fn wants_page(path: &str, headers: &HeaderMap) -> bool {
    let is_name = path.rsplit('/').next().is_some_and(|last| !last.contains('.'));
    is_name && text(headers, header::ACCEPT).is_some_and(|accept| accept.contains("text/html"))
}

/// The page with a nonce of its own: libraries of ours add style elements while they run, and nothing else may.
fn page() -> Response {
    let nonce = STANDARD.encode(rand::random::<[u8; 16]>());
    let html = match Files::get(INDEX) {
        Some(file) => String::from_utf8_lossy(&file.data).replace(NONCE_PLACE, &nonce),
        None => ABSENT.replace(NONCE_PLACE, &nonce),
    };
    let mut response = Body::from(html).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(ASK_AGAIN));
    insert(headers, header::CONTENT_SECURITY_POLICY, &policy(&format!(" 'nonce-{nonce}'")));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    response
}

/// What a page may load and do (R-15): our own files, and style elements that carry the nonce.
fn policy(styles: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'{styles}; img-src 'self'; font-src 'self'; \
         connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    )
}

fn file<F: RustEmbed>(path: &str, asked: &HeaderMap) -> Option<Response> {
    let plain = F::get(path)?;
    let media_type = media_type(&plain);
    let compressed = ENCODINGS
        .into_iter()
        .filter(|(encoding, _)| takes(asked, encoding))
        .find_map(|(encoding, suffix)| Some((encoding, F::get(&format!("{path}{suffix}"))?)));
    let (encoding, file) = match compressed {
        Some((encoding, file)) => (Some(encoding), file),
        None => (None, plain),
    };
    let etag = etag(&file);
    let is_known = text(asked, header::IF_NONE_MATCH).is_some_and(|tags| tags.contains(&etag));
    let mut response =
        if is_known { StatusCode::NOT_MODIFIED.into_response() } else { body(file.data).into_response() };
    let headers = response.headers_mut();
    if !is_known {
        insert(headers, header::CONTENT_TYPE, &media_type);
    }
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    let caching = if path.starts_with(ASSETS) { FOR_EVER } else { ASK_AGAIN };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    insert(headers, header::ETAG, &etag);
    // A service worker lives by the policy of its own file.
    insert(headers, header::CONTENT_SECURITY_POLICY, &policy(""));
    Some(response)
}

fn body(data: Cow<'static, [u8]>) -> Body {
    match data {
        Cow::Borrowed(bytes) => Body::from(bytes),
        Cow::Owned(bytes) => Body::from(bytes),
    }
}

fn media_type(file: &EmbeddedFile) -> String {
    let kind = file.metadata.mimetype();
    if kind.starts_with("text/") || kind.ends_with("json") {
        format!("{kind}; charset=utf-8")
    } else {
        kind.to_owned()
    }
}

/// Strong, and another one for each encoding: it is of the bytes that are sent.
fn etag(file: &EmbeddedFile) -> String {
    let mut tag = String::from("\"");
    for byte in &file.metadata.sha256_hash()[..16] {
        // Writing to a string does not fail.
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    tag
}

fn takes(headers: &HeaderMap, encoding: &str) -> bool {
    text(headers, header::ACCEPT_ENCODING).is_some_and(|accepted| {
        accepted.split(',').any(|one| {
            let mut parts = one.split(';').map(str::trim);
            parts.next() == Some(encoding) && !parts.any(|part| part == "q=0" || part == "q=0.0")
        })
    })
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn insert(headers: &mut HeaderMap, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    async fn ask(method: Method, path: &str, accept: &str) -> Response {
        let request = Request::builder().method(method).uri(path).header(header::ACCEPT, accept);
        serve(request.body(Body::empty()).unwrap()).await
    }

    #[tokio::test]
    async fn a_navigation_opens_the_page_under_a_policy_with_a_fresh_nonce() {
        let policy_of = |response: &Response| {
            response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned()
        };
        let first = ask(Method::GET, "/projects/1?tab=spec", "text/html,*/*;q=0.8").await;
        let second = ask(Method::GET, "/", "text/html").await;
        assert_eq!(first.status(), StatusCode::OK);
        assert_ne!(policy_of(&first), policy_of(&second));
        for response in [&first, &second] {
            assert!(!policy_of(response).contains("unsafe"));
            assert_eq!(response.headers()[header::CACHE_CONTROL], ASK_AGAIN);
        }
    }

    #[tokio::test]
    async fn what_is_no_navigation_finds_nothing() {
        for (method, path, accept) in [
            (Method::GET, "/", "application/json"),
            (Method::GET, "/api/v1/nothing", "text/html"),
            (Method::GET, "/api", "text/html"),
            (Method::GET, "/assets/gone.js", "text/html"),
            (Method::GET, "/../Cargo.toml", "text/html"),
            (Method::POST, "/", "text/html"),
        ] {
            assert_eq!(
                ask(method.clone(), path, accept).await.status(),
                StatusCode::NOT_FOUND,
                "{method} {path}"
            );
        }
    }

    /// What a build leaves: a script with its compressed siblings, and a file whose name does not change.
    #[derive(rust_embed::Embed)]
    #[folder = "src/web/fixture"]
    struct Built;

    async fn get(path: &str, asked: &[(header::HeaderName, &str)]) -> (StatusCode, HeaderMap, Vec<u8>) {
        let mut headers = HeaderMap::new();
        for (name, value) in asked {
            headers.insert(name, HeaderValue::from_str(value).unwrap());
        }
        let response = file::<Built>(path, &headers).unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 1_000).await.unwrap();
        (parts.status, parts.headers, bytes.to_vec())
    }

    #[tokio::test]
    async fn a_hashed_file_is_kept_for_a_year_in_the_smallest_encoding_that_is_taken() {
        let script = "assets/app-1a2b3c4d.js";
        let mut tags = Vec::new();
        for (taken, encoding, suffix) in [
            ("", None, ""),
            ("gzip", Some("gzip"), ".gz"),
            ("gzip, deflate, br, zstd", Some("br"), ".br"),
            ("br;q=0, gzip;q=0.5", Some("gzip"), ".gz"),
            ("zstd", None, ""),
        ] {
            let (status, headers, bytes) = get(script, &[(header::ACCEPT_ENCODING, taken)]).await;
            assert_eq!(
                (status, bytes),
                (StatusCode::OK, Built::get(&format!("{script}{suffix}")).unwrap().data.into_owned())
            );
            assert_eq!(headers.get(header::CONTENT_ENCODING).map(|value| value.to_str().unwrap()), encoding);
            assert_eq!(headers[header::CONTENT_TYPE], "text/javascript; charset=utf-8", "{taken}");
            assert_eq!(headers[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
            assert_eq!(headers[header::VARY], "accept-encoding");
            assert!(!headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().contains("unsafe"));
            tags.push(headers[header::ETAG].to_str().unwrap().to_owned());
        }
        // Each encoding has a tag of its own, and each tag is of the bytes.
        assert!(tags[0] != tags[1] && tags[1] != tags[2] && tags[0] != tags[2], "{tags:?}");
        assert_eq!((&tags[1], &tags[0]), (&tags[3], &tags[4]));
    }

    #[tokio::test]
    async fn a_file_whose_name_stays_is_asked_for_again_and_not_sent_again() {
        let (status, first, bytes) = get("icon.svg", &[(header::ACCEPT_ENCODING, "br")]).await;
        assert_eq!((status, bytes.is_empty()), (StatusCode::OK, false));
        assert_eq!(first[header::CACHE_CONTROL], "no-cache");
        assert_eq!(first[header::CONTENT_TYPE], "image/svg+xml");
        assert!(!first.contains_key(header::CONTENT_ENCODING), "there is no smaller one");
        let tag = first[header::ETAG].to_str().unwrap().to_owned();
        let (status, again, bytes) = get("icon.svg", &[(header::IF_NONE_MATCH, &tag)]).await;
        assert_eq!((status, bytes.is_empty()), (StatusCode::NOT_MODIFIED, true));
        for name in [header::ETAG, header::CACHE_CONTROL, header::VARY] {
            assert_eq!(again[&name], first[&name]);
        }
        assert!(!again.contains_key(header::CONTENT_TYPE));
        let (status, ..) = get("icon.svg", &[(header::IF_NONE_MATCH, "\"another\"")]).await;
        assert_eq!(status, StatusCode::OK);
    }

    #[tokio::test]
    async fn the_page_is_asked_for_again_and_never_the_same() {
        // It holds a nonce, so no tag can stand for it: an old page under a new policy would have no styles.
        let page = ask(Method::GET, "/index.html", "text/html").await;
        assert_eq!(page.status(), StatusCode::NOT_FOUND, "it has no address of its own");
        let page = ask(Method::GET, "/", "text/html").await;
        assert_eq!(page.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
        assert_eq!(page.headers()[header::CACHE_CONTROL], "no-cache");
        assert!(!page.headers().contains_key(header::ETAG));
    }

    #[test]
    fn an_encoding_is_taken_where_it_is_named_and_not_refused() {
        let mut headers = HeaderMap::new();
        assert!(!takes(&headers, "br"));
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip, deflate;q=0.5, br;q=0"));
        assert!(takes(&headers, "gzip") && takes(&headers, "deflate"));
        assert!(!takes(&headers, "br") && !takes(&headers, "zip"));
    }
}
