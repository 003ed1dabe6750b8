//! The OpenAPI document: generated from the handlers, served, and checked in as `api/openapi.json`.

use crate::app::App;
use crate::auth::cookies;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Content, OpenApi as Document, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, Modify, OpenApi, ToSchema};

/// Under which everything lies.
pub(crate) const PREFIX: &str = "/api/v1";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Groundwork",
        description = "Turns an idea into an approved, traceable plan that a person or a coding agent builds from.\n\n\
            Errors are problem documents (RFC 9457) with a `code` for programs. Every mutation takes an \
            `Idempotency-Key` header: a repeat within 24 hours gets the first answer. Lists are paged by cursor.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(Problem, crate::routes::ExportFormat)),
    modifiers(&Bearer),
    tags(
        (name = "accounts", description = "People and their sessions"),
        (name = "workspaces", description = "Workspaces, their members, what they used and who did what"),
        (name = "projects", description = "Projects: creation, lists, the project itself"),
        (name = "features", description = "Features: projects of the pipeline `build`, under names of their own"),
        (name = "commands", description = "What people say to a project"),
        (name = "texts", description = "What people and agents wrote"),
        (name = "live", description = "What happens, as it happens"),
        (name = "operations", description = "Health and this document"),
        (name = "administration", description = "For the people who operate the installation"),
    )
)]
struct ApiDocument;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// A browser's cookie opens what a bearer token opens.
fn add_cookies(document: &mut Document) {
    let scheme = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(cookies::ACCESS)));
    document.components.get_or_insert_default().add_security_scheme("cookie", scheme);
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        for requirements in
            operations.into_iter().flatten().filter_map(|operation| operation.security.as_mut())
        {
            requirements.push(SecurityRequirement::new("cookie", [] as [&str; 0]));
        }
    }
}

pub(crate) fn document() -> Document {
    ApiDocument::openapi()
}

/// The whole document, as it is served and checked in.
#[must_use]
pub fn openapi() -> Document {
    let mut document = crate::routes::documented(None).into_openapi();
    add_cookies(&mut document);
    document.paths.paths.values_mut().flat_map(operations).for_each(|operation| {
        for (status, response) in problems(&EVERYWHERE) {
            operation.responses.responses.entry(status).or_insert(response);
        }
    });
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    [get, put, post, delete, patch].into_iter().filter_map(Option::as_mut)
}

/// This document.
#[utoipa::path(get, operation_id = "get_openapi", path = "/openapi.json", tag = "operations",
    responses((status = OK, description = "The OpenAPI document", content_type = "application/json", body = Object)))]
pub(crate) async fn show(State(app): State<App>) -> Json<Document> {
    static DOCUMENT: LazyLock<Document> = LazyLock::new(openapi);
    let mut document = DOCUMENT.clone();
    if let Some(url) = &app.settings.public_url {
        document.servers = Some(vec![utoipa::openapi::Server::new(url)]);
    }
    Json(document)
}

/// One event of a stream of server-sent events. Clients read a `text/event-stream`'s schema as that of each event.
#[derive(ToSchema)]
#[expect(dead_code, reason = "names the fields of the wire's format in the document; axum writes them")]
pub(crate) struct ServerSentEvent {
    /// What the event is called; `event` of the object in `data` says the same where it has one.
    event: String,
    /// A JSON object in one line.
    #[schema(content_media_type = "application/json")]
    data: String,
    /// Sequence number of the event: as `Last-Event-ID` it lets a stream go on after it. What no log keeps has none of its own.
    #[schema(required = false, nullable = false)]
    id: Option<String>,
    /// How soon to come back when the stream ends, in milliseconds.
    #[schema(required = false, nullable = false)]
    retry: Option<u32>,
}

/// Problems of routes that anybody may call.
pub(crate) struct PublicProblems;
/// Problems of routes that read for a signed-in person.
pub(crate) struct ReadProblems;
/// Problems of routes that change something for a signed-in person.
pub(crate) struct WriteProblems;

/// What may happen to any request before a handler sees it.
const EVERYWHERE: [(&str, &str); 3] = [
    ("413", "The request is larger than this server takes"),
    ("429", "A limit is reached: `limit`, `used` and `resets_at` say which, Retry-After when to come back"),
    ("503", "A part that is needed is not there, or this took too long; try again after Retry-After"),
];
const PUBLIC: [(&str, &str); 9] = [
    ("400", "The request does not read"),
    ("403", "A call for cookies came from another site, or the email address must be verified first"),
    ("409", "This cannot be done now"),
    ("413", "The body is too large"),
    ("415", "The body is not JSON"),
    ("422", "Fields are wrong"),
    ("429", "Too many attempts failed, or a limit is reached; `limit` and `used` say which"),
    ("500", "Something went wrong on our side"),
    ("503", "A part that is needed is not there; try again after Retry-After"),
];
const READ: [(&str, &str); 7] = [
    ("400", "The request does not read"),
    ("401", "Nobody is signed in"),
    ("403", "The role does not allow it"),
    ("404", "Unknown, or of somebody else"),
    ("422", "Parameters are wrong"),
    ("500", "Something went wrong on our side"),
    ("503", "A part that is needed is not there; try again after Retry-After"),
];
const WRITE: [(&str, &str); 11] = [
    ("400", "The request does not read"),
    ("401", "Nobody is signed in"),
    ("403", "The role does not allow it"),
    ("404", "Unknown, or of somebody else"),
    ("409", "The state does not allow it; `allowed` names what it does allow"),
    ("413", "A text or the body is too large"),
    ("415", "The body is not JSON"),
    ("422", "Fields are wrong, or the Idempotency-Key was used for another request"),
    ("429", "A limit is reached: `limit`, `used` and `resets_at` say which"),
    ("500", "Something went wrong on our side"),
    (
        "503",
        "A part that is needed is not there, or the outcome is unknown; the same Idempotency-Key finds out",
    ),
];

fn problems(list: &[(&str, &str)]) -> BTreeMap<String, RefOr<Response>> {
    let problem = |description: &str| -> RefOr<Response> {
        ResponseBuilder::new()
            .description(description)
            .content("application/problem+json", Content::new(Some(Ref::from_schema_name("Problem"))))
            .build()
            .into()
    };
    list.iter().map(|(status, description)| ((*status).to_owned(), problem(description))).collect()
}

impl IntoResponses for PublicProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&PUBLIC)
    }
}

impl IntoResponses for ReadProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&READ)
    }
}

impl IntoResponses for WriteProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&WRITE)
    }
}
