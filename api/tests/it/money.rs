//! Budgets with what is used and reserved of them; keys of providers, which nobody reads back.

use crate::members::{join, shared};
use crate::server::{Person, Server};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_budget_is_set_shown_with_what_is_used_and_taken_away() {
    let server = Server::new().await;
    let (ada, bob) = (server.sign_up("ada").await, server.sign_up("bob").await);
    let team = shared(&ada, "Team").await;
    join(&ada, &team, &bob, "bob@example.org", "editor").await;
    let in_team = Person { workspace: team.parse().unwrap(), ..ada.clone() };
    let project = server.project(&in_team).await;
    let spent = "update projects set cost_usd = 1.25, input_tokens = 900, output_tokens = 100 where id = $1";
    sqlx::query(spent).bind(project.0).execute(&server.owner).await.unwrap();

    let place = format!("/workspaces/{team}/budget");
    let none = bob.get(&place).await.ok();
    assert_eq!((&none["usd_max"], &none["usd_used"]), (&json!(null), &json!("1.25")));
    bob.send(Method::PUT, &place, &json!({"usd_max": "9"})).await.refused(403, "forbidden");
    for wrong in [json!({"usd_max": "-1"}), json!({"usd_max": "1e20"}), json!({"tokens_max": "many"})] {
        assert_eq!(ada.send(Method::PUT, &place, &wrong).await.status, 422, "{wrong}");
    }
    let set = ada.send(Method::PUT, &place, &json!({"usd_max": "9.50", "tokens_max": 5000})).await.ok();
    assert_eq!(
        (&set["usd_max"], &set["tokens_max"], &set["tokens_used"]),
        (&json!("9.5"), &json!(5000), &json!(1000))
    );
    assert_eq!(set["set_by"], json!(ada.id));
    let usage = bob.get(&format!("/workspaces/{team}/usage")).await.ok();
    assert_eq!(usage["budget"]["usd_max"], "9.5");

    let one = format!("/projects/{project}/budget");
    let set = bob.send(Method::PUT, &one, &json!({"tokens_max": 2000})).await.ok();
    assert_eq!(
        (&set["scope"], &set["tokens_max"], &set["usd_max"]),
        (&json!("project"), &json!(2000), &json!(null))
    );
    bob.send(Method::PUT, &one, &json!({"usd_max": "1", "allow_unpriced": true})).await.ok();
    // The command speaks of limits, and of nothing else.
    // A name that nobody knows is not taken for "no limit".
    for wrong in [json!({"usd_most": "0.5"}), json!({"bogus": 1})] {
        bob.send(Method::PUT, &one, &wrong).await.refused(422, "invalid_body");
        let mut command = wrong.clone();
        command["command"] = json!("set_budget");
        bob.send(Method::POST, &format!("/projects/{project}/commands"), &command)
            .await
            .refused(422, "invalid_body");
    }
    let more = json!({"command": "set_budget", "usd": "2"});
    let path = format!("/projects/{project}/commands");
    bob.send(Method::POST, &path, &more).await.refused(503, "engine_unavailable");
    let raised = bob.get(&one).await.ok();
    assert_eq!((&raised["usd_max"], &raised["allow_unpriced"]), (&json!("2"), &json!(true)));
    bob.send(Method::PUT, &one, &json!({})).await.ok();
    assert_eq!(bob.get(&one).await.ok()["set_by"], json!(null), "without any limit there is no budget");
    assert_eq!(server.audited("budget.set").await, 5, "also the one whose project could not be told");
    server.remove().await;
}

#[tokio::test]
async fn keys_are_sealed_and_never_read_back() {
    let server = Server::new().await;
    let (ada, bob) = (server.sign_up("ada").await, server.sign_up("bob").await);
    let (path, key) = ("/settings/api-keys/anthropic", "sk-ant-0123456789abcdefWXYZ");
    for wrong in ["", "short", "with a space in the middle", &"x".repeat(513)] {
        ada.send(Method::PUT, path, &json!({"key": wrong})).await.refused(422, "invalid_fields");
    }
    let set = ada.send(Method::PUT, path, &json!({"key": key})).await.ok();
    assert_eq!((&set["is_set"], &set["last_four"]), (&json!(true), &json!("WXYZ")));
    for answer in
        [ada.get(path).await, ada.get("/settings/api-keys").await, ada.get("/users/me/export").await]
    {
        assert!(!String::from_utf8_lossy(&answer.bytes).contains("0123456789abcdef"));
    }
    assert_eq!(bob.get(path).await.ok()["is_set"], false);
    ada.send(Method::PUT, "/settings/api-keys/acme", &json!({"key": key})).await.refused(404, "not_found");

    let sealed: Vec<u8> =
        sqlx::query_scalar("select sealed from user_api_keys").fetch_one(&server.owner).await.unwrap();
    assert!(!sealed.windows(8).any(|window| key.as_bytes().windows(8).any(|part| part == window)));
    let ring =
        groundwork_domain::sealed::KeyRing::derive(&[crate::server::SECRET.to_owned().into()]).unwrap();
    let owner = groundwork_store::api_keys::KeyOwner::User(ada.id);
    let opened = ring.open(&owner.aad("anthropic"), &sealed).unwrap();
    assert_eq!(secrecy::ExposeSecret::expose_secret(&opened), key);
    ring.open(&groundwork_store::api_keys::KeyOwner::User(bob.id).aad("anthropic"), &sealed).unwrap_err();

    let project = server.project(&ada).await;
    let place = format!("/workspaces/{}/api-keys/anthropic", ada.workspace);
    ada.send(Method::PUT, &place, &json!({"key": "sk-ant-of-the-workspace-ABCD"})).await.ok();
    let mut tx = server.store.workspace(ada.workspace).await.unwrap();
    let found = groundwork_store::api_keys::for_call(&mut tx, project, "anthropic").await.unwrap();
    let tails: Vec<_> = found.iter().map(|key| key.last_four.as_str()).collect();
    assert_eq!(tails, ["WXYZ", "ABCD"], "one's own first, then the workspace's (P-04)");
    let mut foreign = server.store.workspace(bob.workspace).await.unwrap();
    let found = groundwork_store::api_keys::for_call(&mut foreign, project, "anthropic").await.unwrap();
    assert!(found.is_empty(), "a worker reads keys of the workspace that it works in");
    drop((tx, foreign));

    assert_eq!(ada.send(Method::DELETE, path, &json!({})).await.status, 204);
    assert_eq!(ada.get(path).await.ok()["is_set"], false);
    assert_eq!((server.audited("api_key.set").await, server.audited("api_key.deleted").await), (2, 1));
    server.remove().await;
}
