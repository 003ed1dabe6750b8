//! The OpenAPI document is checked in; a route that changes without it fails here.

use crate::server::Server;
use std::collections::BTreeSet;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");

/// `UPDATE_OPENAPI=1 cargo test -p groundwork-api` writes it anew.
#[test]
fn the_document_that_is_checked_in_is_the_one_that_is_served() {
    let document = format!("{:#}\n", serde_json::to_value(groundwork_api::openapi()).unwrap());
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(PATH, &document).unwrap();
    }
    let checked_in = std::fs::read_to_string(PATH).unwrap_or_default();
    assert!(document == checked_in, "api/openapi.json is old: UPDATE_OPENAPI=1 cargo test -p groundwork-api");
}

#[test]
fn every_operation_says_how_it_fails() {
    let document = serde_json::to_value(groundwork_api::openapi()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{method} {path}");
            let is_open = path.contains("health") || path.ends_with(".json");
            let problem =
                &operation["responses"]["500"]["content"]["application/problem+json"]["schema"]["$ref"];
            assert!(is_open || problem == "#/components/schemas/Problem", "{method} {path}");
        }
    }
}

#[tokio::test]
async fn it_is_served_and_names_the_public_address() {
    let server = Server::with(|settings| settings.public_url = Some("https://g.example.org".into())).await;
    let document = server.get("/api/v1/openapi.json").await.ok();
    assert_eq!(document["servers"][0]["url"], "https://g.example.org");
    assert!(document["paths"]["/api/v1/projects"]["post"].is_object());
    server.remove().await;
}
