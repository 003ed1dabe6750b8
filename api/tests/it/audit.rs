//! The audit log: what is in it, who reads it, and its export. And what else those who pay or operate may see.

use crate::members::{join, shared};
use crate::server::Server;
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn what_was_done_can_be_read_filtered_and_taken_away() {
    let server = Server::new().await;
    let (ada, bob) = (server.sign_up("ada").await, server.sign_up("bob").await);
    let team = shared(&ada, "Team").await;
    join(&ada, &team, &bob, "bob@example.org", "editor").await;
    let path = format!("/workspaces/{team}/audit");
    bob.get(&path).await.refused(403, "forbidden");
    bob.get(&format!("{path}/export")).await.refused(403, "forbidden");

    let actions = |page: &serde_json::Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap();
        items.iter().map(|item| item["action"].as_str().unwrap().to_owned()).collect()
    };
    let all = ada.get(&path).await.ok();
    assert_eq!(actions(&all), ["invitation.accepted", "member.invited", "workspace.created"]);
    assert_eq!((&all["items"][0]["user_id"], &all["items"][0]["ip"]), (&json!(bob.id), &json!("127.0.0.1")));
    assert_eq!(all["next_cursor"], json!(null));
    // Addresses are no part of the log: it cannot be erased.
    assert!(!all.to_string().contains("bob@example.org"));

    let first = ada.get(&format!("{path}?limit=2")).await.ok();
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = ada.get(&format!("{path}?limit=2&cursor={cursor}")).await.ok();
    assert_eq!((actions(&first).len(), actions(&second)), (2, vec!["workspace.created".to_owned()]));
    for (filter, count) in [
        (format!("user={}", bob.id), 1),
        ("action=member.invited".to_owned(), 1),
        ("from=2999-01-01T00:00:00Z".to_owned(), 0),
        ("to=2999-01-01T00:00:00Z".to_owned(), 3),
    ] {
        assert_eq!(actions(&ada.get(&format!("{path}?{filter}")).await.ok()).len(), count, "{filter}");
    }
    ada.get(&format!("{path}?cursor=x")).await.refused(400, "invalid_cursor");
    ada.get(&format!("{path}?from=yesterday")).await.refused(400, "invalid_query");

    let export = ada.get(&format!("{path}/export")).await;
    assert_eq!(export.headers["content-type"], "application/x-ndjson");
    let lines: Vec<_> = std::str::from_utf8(&export.bytes).unwrap().lines().collect();
    let entry: serde_json::Value = serde_json::from_str(lines[0]).unwrap();
    assert_eq!((lines.len(), &entry), (3, &all["items"][0]));
    let export = ada.get(&format!("{path}/export?format=csv&action=member.invited")).await;
    let text = String::from_utf8(export.bytes).unwrap();
    assert_eq!((text.lines().count(), text.lines().next().unwrap().split(',').count()), (2, 9));
    ada.get(&format!("{path}/export?format=xml")).await.refused(400, "invalid_query");
    server.remove().await;
}

#[tokio::test]
async fn an_export_of_many_entries_comes_in_pages_and_misses_none() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    sqlx::query(
        "insert into audit_logs (id, workspace_id, action, resource_type, resource_id)
         select gen_random_uuid(), $1, 'test.done', 'test', n::text from generate_series(1, 1200) n",
    )
    .bind(ada.workspace.0)
    .execute(&server.owner)
    .await
    .unwrap();
    let export = ada.get(&format!("/workspaces/{}/audit/export?action=test.done", ada.workspace)).await;
    let text = String::from_utf8(export.bytes).unwrap();
    let ids: std::collections::BTreeSet<_> = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["resource_id"].to_string())
        .collect();
    assert_eq!((text.lines().count(), ids.len()), (1_200, 1_200));
    server.remove().await;
}

#[tokio::test]
async fn use_is_summed_by_project_and_by_month() {
    let server = Server::new().await;
    let (ada, eve) = (server.sign_up("ada").await, server.sign_up("eve").await);
    let project = server.project(&ada).await;
    sqlx::query(
        "insert into usage_entries (id, workspace_id, project_id, user_id, stage, attempt, call_no, purchase, agent, provider,
             model, outcome, input_tokens, cache_read_tokens, output_tokens, cost_usd, started_at, ended_at)
         select gen_random_uuid(), $1, $2, $3, 'spec', 1, n, 1, 'architect', 'simulator', 'm', 'finished', 100, 10, 5, 0.25,
             '2026-01-15', make_date(2026, n, 15)
         from generate_series(1, 2) n",
    )
    .bind(ada.workspace.0)
    .bind(project.0)
    .bind(ada.id.0)
    .execute(&server.owner)
    .await
    .unwrap();
    let path = format!("/workspaces/{}/usage", ada.workspace);
    eve.get(&path).await.refused(404, "not_found");
    let used = ada.get(&path).await.ok();
    assert_eq!((&used["cost_usd"], &used["input_tokens"]), (&json!("0.5"), &json!(220)));
    assert_eq!(used["by_project"][0]["title"], "Gym");
    assert_eq!(used["by_month"][0]["month"], "2026-02");
    assert_eq!(
        (&used["by_month"][1]["calls"], &used["by_month"][1]["cost_usd"]),
        (&json!(1), &json!("0.25"))
    );
    server.remove().await;
}

#[tokio::test]
async fn operators_see_all_workspaces_and_nobody_else_does() {
    let server = Server::with(|settings| settings.operators = vec!["Ada@example.org".to_owned()]).await;
    let (ada, bob) = (server.sign_up("ada").await, server.sign_up("bob").await);
    for path in ["/admin/workspaces", "/admin/health"] {
        bob.get(path).await.refused(403, "forbidden");
    }
    server.project(&bob).await;
    let seen = ada.get("/admin/workspaces?limit=1").await.ok();
    assert_eq!(
        (&seen["items"][0]["owner_email"], &seen["items"][0]["projects"]),
        (&json!("bob@example.org"), &json!(1))
    );
    let cursor = seen["next_cursor"].as_str().unwrap();
    let rest = ada.get(&format!("/admin/workspaces?limit=1&cursor={cursor}")).await.ok();
    assert_eq!(
        (&rest["items"][0]["owner_email"], &rest["next_cursor"]),
        (&json!("ada@example.org"), &json!(null))
    );
    assert_eq!(ada.get("/admin/health").await.ok()["db_status"], "ok");
    let path = format!("/admin/users/{}/restore", bob.id);
    bob.send(Method::POST, &path, &json!({})).await.refused(403, "forbidden");
    ada.send(Method::POST, &path, &json!({})).await.refused(404, "not_found");

    // What a workspace pays for is theirs to say, and nobody else's.
    let place = seen["items"][0]["id"].as_str().unwrap();
    let (plan, paid) = (format!("/admin/workspaces/{place}/plan"), json!({"plan_tier": "paid"}));
    bob.send(Method::PUT, &plan, &paid).await.refused(403, "forbidden");
    ada.send(Method::PUT, &plan, &json!({"plan_tier": "gold"})).await.refused(422, "invalid_body");
    assert_eq!(ada.send(Method::PUT, &plan, &paid).await.status, 204);
    assert_eq!(bob.get(&format!("/workspaces/{place}")).await.ok()["plan_tier"], "paid");
    let log = bob.get(&format!("/workspaces/{place}/audit")).await.ok();
    assert_eq!(
        (&log["items"][0]["action"], &log["items"][0]["user_id"]),
        (&json!("plan.changed"), &json!(ada.id))
    );
    server.remove().await;
}
