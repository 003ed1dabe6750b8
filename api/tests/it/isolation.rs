//! Every route of the OpenAPI document with everybody's credentials: the expected status comes from one table, which has to be
//! complete, and nothing of a workspace stands in an answer to who is not in it.

mod place;
mod streams;
mod table;

use crate::server::{Answer, Server};
use place::{Caller, Place};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use table::{Access, LET_IN, Row, TABLE};

const PREFIX: &str = "/api/v1";

/// Method and path of every route of the document; paths under the prefix without it.
fn documented() -> BTreeSet<(String, String)> {
    let document = serde_json::to_value(groundwork_api::openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let short = |path: &str| path.strip_prefix(PREFIX).unwrap_or(path).to_owned();
    let of_path = |(path, item): (&String, &Value)| {
        let methods: Vec<_> = item.as_object().unwrap().keys().map(|method| method.to_uppercase()).collect();
        methods.into_iter().map(|method| (method, short(path))).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of_path).collect()
}

#[test]
fn the_table_has_a_row_for_every_route() {
    let path = |row: &Row| row.1.split('?').next().unwrap_or_default().to_owned();
    let rows: BTreeSet<_> = TABLE.iter().map(|row| (row.0.to_owned(), path(row))).collect();
    assert_eq!(rows.len(), TABLE.len(), "a route stands in the table twice");
    let routes = documented();
    let missing: Vec<_> = routes.difference(&rows).collect();
    let lines: String = missing
        .iter()
        .map(|(method, path)| {
            format!("    (\"{method}\", \"{path}\", Member(…) | Person | Open(…), r#\"{{…}}\"#),\n")
        })
        .collect();
    assert!(
        missing.is_empty(),
        "say in api/tests/it/isolation/table.rs who may do this, one line each:\n{lines}"
    );
    let gone: Vec<_> = rows.difference(&routes).collect();
    assert!(gone.is_empty(), "these rows of the table have no route any more: {gone:?}");
}

#[tokio::test]
async fn every_route_knows_who_asks() {
    let server = Server::new().await;
    for row in TABLE {
        match row.2 {
            Access::Open(status) => anybody(&server, row, status).await,
            Access::Person => a_person(&server, row).await,
            Access::Operator => operators(&server, row).await,
            Access::Member(_) => members(&server, row).await,
        }
    }
    server.remove().await;
}

/// The same for everybody, and nothing of anybody in it.
async fn anybody(server: &Server, row: &Row, status: u16) {
    let place = Place::new(server).await;
    let answer = call(server, row, &place, &Caller::Nobody).await;
    assert_eq!(answer.status, status, "{row:?}: {}", answer.body);
    tells_nothing(row, &Caller::Nobody, &place, &answer);
}

/// Somebody, about themselves; what belongs to another person is not there.
async fn a_person(server: &Server, row: &Row) {
    let place = Place::new(server).await;
    without_credentials(server, row, &place).await;
    let stranger = place.caller("stranger");
    let answer = call(server, row, &place, &stranger).await;
    if row.1.contains('{') {
        assert_eq!(answer.status, 404, "{row:?}: another person's: {}", answer.body);
    } else {
        passed(row, &stranger, &answer);
    }
    tells_nothing(row, &stranger, &place, &answer);
}

/// Nobody here.
async fn operators(server: &Server, row: &Row) {
    let place = Place::new(server).await;
    without_credentials(server, row, &place).await;
    for name in ["owner", "stranger"] {
        let caller = place.caller(name);
        let answer = call(server, row, &place, &caller).await;
        assert_eq!(answer.status, 403, "{row:?} by {caller:?}: {}", answer.body);
        tells_nothing(row, &caller, &place, &answer);
    }
}

/// Members as far as their role goes; to everybody else nothing is there.
async fn members(server: &Server, row: &Row) {
    let Access::Member(permission) = row.2 else { return };
    let place = Place::new(server).await;
    without_credentials(server, row, &place).await;
    for name in ["stranger", "invited"] {
        let caller = place.caller(name);
        let answer = call(server, row, &place, &caller).await;
        let words = "send a body that the route takes, so that only who asks is in question";
        assert_eq!(answer.status, 404, "{row:?} by {caller:?}: {} ({words})", answer.body);
        tells_nothing(row, &caller, &place, &answer);
    }
    for role in groundwork_domain::access::Role::ALL {
        // What a role may do, it does: the next one finds everything anew.
        let place = Place::new(server).await;
        let caller = place.caller(role.as_str());
        let answer = call(server, row, &place, &caller).await;
        if role.may(permission, false) {
            passed(row, &caller, &answer);
        } else {
            assert_eq!(answer.status, 403, "{row:?} by {role}: {}", answer.body);
            tells_nothing(row, &caller, &place, &answer);
        }
    }
}

async fn without_credentials(server: &Server, row: &Row, place: &Place) {
    for caller in
        [Caller::Nobody, place.caller("expired"), place.caller("revoked"), place.caller("deactivated")]
    {
        let answer = call(server, row, place, &caller).await;
        assert_eq!(answer.status, 401, "{row:?} by {caller:?}: {}", answer.body);
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{row:?}");
        tells_nothing(row, &caller, place, &answer);
    }
}

/// It was done, or only the state of things, or the engine that is not there, kept it from being done: the same for everybody who may.
fn passed(row: &Row, caller: &Caller, answer: &Answer) {
    let status = answer.status.as_u16();
    let known = LET_IN.iter().find(|known| (known.0, known.1) == (row.0, row.1));
    let expected = known.map_or((200, ""), |known| (known.2, known.3));
    let code = answer.body["code"].as_str().unwrap_or_default();
    assert_eq!((status, code), expected, "{row:?} by {caller:?}: {} (LET_IN in table.rs)", answer.body);
}

fn tells_nothing(row: &Row, caller: &Caller, place: &Place, answer: &Answer) {
    let text = format!("{:?}\n{}", answer.headers, String::from_utf8_lossy(&answer.bytes)).to_lowercase();
    for mark in place.marks() {
        assert!(!text.contains(&mark), "{row:?} tells {caller:?} of {mark}:\n{text}");
    }
}

async fn call(server: &Server, row: &Row, place: &Place, caller: &Caller) -> Answer {
    let path = place.path(row.1, caller);
    let is_elsewhere = row.1.starts_with("/.well-known");
    let path = if is_elsewhere { path } else { format!("{PREFIX}{path}") };
    let mut request = server.request(row.0.parse::<Method>().unwrap(), &path);
    if let Caller::Token { token, .. } = caller {
        request = request.bearer_auth(token);
    }
    if !row.3.is_empty() {
        request =
            request.json(&serde_json::from_str::<Value>(&place.fill(row.3)).unwrap_or_else(|_| json!({})));
    }
    Answer::of(request).await
}
