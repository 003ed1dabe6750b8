//! Whatever comes in from outside is answered with a status that the document has, and never with 500.

use crate::server::{Answer, Person, Server};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use reqwest::header::HeaderValue;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

const CASES: usize = 60;

/// Values of a strategy, the same in every run; the message of a failure names the one that it was.
fn values<T: std::fmt::Debug>(strategy: impl Strategy<Value = T>) -> Vec<T> {
    let mut runner = TestRunner::deterministic();
    (0..CASES).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// Bytes that a header may have: anything but control characters.
fn header() -> impl Strategy<Value = HeaderValue> {
    let any_bytes = proptest::collection::vec(prop_oneof![0x20_u8..0x7f, 0x80_u8..=0xff], 0..200);
    let telling = "(Bearer |bearer\t|Basic |gw_|eyJ|[0-9]{1,30}|-|,| |\\.|::1|10\\.0\\.0\\.1|\"|;|=){0,10}";
    let telling = telling.prop_map(String::into_bytes);
    prop_oneof![any_bytes, telling].prop_filter_map("no header", |bytes| HeaderValue::from_bytes(&bytes).ok())
}

fn documented(method: &str, path: &str) -> Vec<u16> {
    let document = serde_json::to_value(groundwork_api::openapi()).unwrap();
    let responses = document["paths"][format!("/api/v1{path}")][method]["responses"].as_object().unwrap();
    responses.keys().map(|status| status.parse().unwrap()).collect()
}

async fn check(statuses: &[u16], request: RequestBuilder, input: &impl std::fmt::Debug) {
    let answer = Answer::of(request).await;
    let status = answer.status.as_u16();
    assert!(status != 500 && statuses.contains(&status), "{input:?}: {status} {}", answer.body);
    if status >= 400 {
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{input:?}");
        assert_eq!(answer.body["status"], status, "{input:?}");
    }
}

async fn somebody(server: &Server) -> (Person, String) {
    let ada = server.sign_up("ada").await;
    let project = server.project(&ada).await;
    server.happen(&ada, project, 1).await;
    (ada, format!("/projects/{project}"))
}

#[tokio::test]
async fn any_header_is_read_or_refused() {
    let server =
        Server::with(|settings| settings.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()]).await;
    let (ada, project) = somebody(&server).await;
    let events = documented("get", "/projects/{project_id}/events");
    let (list, rename) = (documented("get", "/projects"), documented("patch", "/projects/{project_id}"));
    let socket = documented("get", "/ws");
    for value in values(header()) {
        let get = |path: &str| ada.request(Method::GET, path);
        check(&events, get(&format!("{project}/events")).header("last-event-id", &value), &value).await;
        check(
            &list,
            get("/projects").header("x-forwarded-for", &value).header("x-request-id", &value),
            &value,
        )
        .await;
        check(&list, get("/projects").header("if-none-match", &value).header("cookie", &value), &value).await;
        let rename_it = ada.request(Method::PATCH, &project).json(&serde_json::json!({"title": "x"}));
        check(&rename, rename_it.header("idempotency-key", &value), &value).await;
        for name in ["authorization", "cookie"] {
            let request = server.request(Method::GET, "/api/v1/projects").header(name, &value);
            check(&list, request, &value).await;
        }
        let request = server.request(Method::GET, "/api/v1/ws").header("sec-websocket-protocol", &value);
        check(&socket, request, &value).await;
    }
    server.remove().await;
}

#[tokio::test]
async fn any_query_is_read_or_refused() {
    let server = Server::new().await;
    let (ada, project) = somebody(&server).await;
    let (list, events) = (documented("get", "/projects"), documented("get", "/projects/{project_id}/events"));
    let text = prop_oneof!["\\PC{0,60}", "[A-Za-z0-9_-]{0,80}", "-?[0-9]{0,25}", "(?s).{0,20}"];
    for value in values(text) {
        for name in ["cursor", "limit", "status", "phase"] {
            let request = ada.request(Method::GET, "/projects").query(&[(name, &value)]);
            check(&list, request, &(name, &value)).await;
        }
        for name in ["after", "limit"] {
            let request = ada.request(Method::GET, &format!("{project}/events")).query(&[(name, &value)]);
            check(&events, request, &(name, &value)).await;
        }
    }
    server.remove().await;
}

/// JSON of any shape, with the names that commands have.
fn json() -> impl Strategy<Value = Value> {
    let name = "command|answers|answer|question_id|options|text|target|request|model|refine|retry|cancel|items|position|Q1|FR-001";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        "(?s).{0,10}".prop_map(Value::from),
        name.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, move |inner| {
        let list = proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from);
        let object = proptest::collection::vec((name, inner), 0..6)
            .prop_map(|fields| Value::Object(fields.into_iter().collect()));
        prop_oneof![list, object]
    })
}

#[tokio::test]
async fn any_body_is_read_or_refused() {
    let server = Server::with(|settings| settings.engine_ms_max = 50).await;
    let (ada, project) = somebody(&server).await;
    for (method, path, suffix) in [
        ("post", "/projects/{project_id}/commands", "/commands"),
        ("post", "/projects/{project_id}/answers", "/answers"),
        ("patch", "/projects/{project_id}/respond", "/respond"),
        ("post", "/projects/{project_id}/retry", "/retry"),
        ("patch", "/projects/{project_id}/prompts/{number}/checklist", "/prompts/1/checklist"),
        ("patch", "/projects/{project_id}", ""),
    ] {
        let statuses = documented(method, path);
        let method: Method = method.to_uppercase().parse().unwrap();
        for value in values(json()) {
            let request = ada.request(method.clone(), &format!("{project}{suffix}")).json(&value);
            check(&statuses, request, &value).await;
        }
        for bytes in values(proptest::collection::vec(any::<u8>(), 0..60)) {
            let request = ada.request(method.clone(), &format!("{project}{suffix}"));
            let request = request.header("content-type", "application/json").body(bytes.clone());
            check(&statuses, request, &bytes).await;
        }
    }
    server.remove().await;
}

#[tokio::test]
async fn any_title_makes_a_file_name_that_stays_in_its_folder() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let project = server.project(&ada).await;
    crate::export::with_package(&server, &ada, project).await;
    let titles = prop_oneof!["\\PC{1,60}", "(\\.\\./|/|\\\\|\\.|CON|nul|a|:|\\u{202e}| |\"|%2e){1,12}"];
    for title in values(titles) {
        for sql in [
            "update projects set title = $2 where id = $1",
            "update prompts set title = $2 where project_id = $1",
        ] {
            sqlx::query(sql).bind(project.0).bind(&title).execute(&server.owner).await.unwrap();
        }
        let answer = Answer::of(ada.request(Method::POST, &format!("/projects/{project}/export"))).await;
        assert_eq!(answer.status, 200, "{title:?}: {}", answer.body);
        let disposition = answer.headers["content-disposition"].to_str().unwrap();
        let plain = |name: &str| {
            name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
                && !name.contains("..")
        };
        assert!(disposition.split('"').nth(1).is_some_and(plain), "{title:?}: {disposition}");
        let archive = zip::ZipArchive::new(std::io::Cursor::new(answer.bytes)).unwrap();
        for name in archive.file_names() {
            let name = name.unwrap();
            assert!(!name.starts_with('/') && name.split('/').all(plain), "{title:?}: {name}");
        }
    }
    server.remove().await;
}
