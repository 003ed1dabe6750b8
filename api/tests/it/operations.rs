//! What operators see of all workspaces, without a text of anybody but titles: failed stages, projects in trouble, pausing everything.

use crate::server::{Person, Server};
use groundwork_domain::ProjectId;
use reqwest::Method;
use serde_json::{Value, json};

async fn with_operator() -> (Server, Person, Person) {
    let server = Server::with(|settings| settings.operators = vec!["Op@example.org".to_owned()]).await;
    let (op, ada) = (server.sign_up("op").await, server.sign_up("ada").await);
    (server, op, ada)
}

async fn fail(server: &Server, project: ProjectId, code: &str) {
    let failure = json!({"stage": "spec", "attempt": 1, "phase": "working", "code": code, "message": "zebrafish",
        "permanent": false, "calls": 3, "at": 0});
    let sql = "update projects set phase = 'failed', status = 'failed', failure = $2, title = 'Gym',
        last_activity_at = now() - interval '20 minutes' where id = $1";
    sqlx::query(sql).bind(project.0).bind(failure).execute(&server.owner).await.unwrap();
    let letter = "insert into stage_failures (workspace_id, project_id, stage, attempt, code, is_permanent, calls, failed_at)
        select workspace_id, id, 'spec', 1, $2, false, 3, now() - interval '20 minutes' from projects where id = $1";
    sqlx::query(letter).bind(project.0).bind(code).execute(&server.owner).await.unwrap();
}

#[tokio::test]
async fn failed_stages_are_listed_by_query_and_replayed() {
    let (server, op, ada) = with_operator().await;
    let (one, two) = (server.project(&ada).await, server.project(&ada).await);
    fail(&server, one, "provider_unavailable").await;
    fail(&server, two, "unreadable_reply").await;
    ada.get("/admin/dead-letters").await.refused(403, "forbidden");
    let all = op.get("/admin/dead-letters").await;
    assert!(!String::from_utf8_lossy(&all.bytes).contains("zebrafish"), "no text of anybody");
    let all = all.ok();
    assert_eq!(
        (all["items"].as_array().unwrap().len(), &all["items"][0]["project_title"]),
        (2, &json!("Gym"))
    );
    let some = op.get("/admin/dead-letters?code=unreadable_reply&pipeline=promptr&stage=spec").await.ok();
    assert_eq!((&some["items"][0]["project_id"], some["items"].as_array().unwrap().len()), (&json!(two), 1));
    let first = op.get("/admin/dead-letters?limit=1").await.ok();
    let rest = op
        .get(&format!("/admin/dead-letters?limit=1&cursor={}", first["next_cursor"].as_str().unwrap()))
        .await
        .ok();
    assert_ne!(first["items"][0]["project_id"], rest["items"][0]["project_id"]);

    // The engine is not there: that is told, and nothing is lost.
    let told =
        op.send(Method::POST, "/admin/dead-letters/replay", &json!({"code": "unreadable_reply"})).await.ok();
    assert_eq!((&told["items"][0]["outcome"], &told["applied"]), (&json!("failed"), &json!(0)));
    let path = format!("/admin/dead-letters/{}/replay", uuid::Uuid::new_v4());
    op.send(Method::POST, &path, &json!({})).await.refused(404, "not_found");
    assert_eq!(server.audited("operator.told").await, 1);
    server.remove().await;
}

#[tokio::test]
async fn stages_that_failed_at_once_are_all_listed_and_replayed_together() {
    let (server, op, ada) = with_operator().await;
    let (one, two) = (server.project(&ada).await, server.project(&ada).await);
    fail(&server, one, "internal").await;
    fail(&server, two, "internal").await;
    let more = "insert into stage_failures (workspace_id, project_id, stage, attempt, code, is_permanent, calls, failed_at)
        select workspace_id, project_id, name, 1, code, false, 3, failed_at
        from stage_failures, unnest(array['questions', 'review', 'Spec', 'spec-2']) as name";
    sqlx::query(more).execute(&server.owner).await.unwrap();
    sqlx::query("update stage_failures set failed_at = '2026-01-02T03:04:05.678Z'")
        .execute(&server.owner)
        .await
        .unwrap();
    let mut seen = Vec::new();
    let mut path = "/admin/dead-letters?limit=1".to_owned();
    loop {
        let page = op.get(&path).await.ok();
        let item = &page["items"][0];
        seen.push((item["project_id"].to_string(), item["stage"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/admin/dead-letters?limit=1&cursor={cursor}");
    }
    let different: std::collections::BTreeSet<_> = seen.iter().collect();
    assert_eq!((seen.len(), different.len()), (10, 10), "{seen:?}");
    for foreign in ["MTpub25l", "x", "", "MTow"] {
        op.get(&format!("/admin/dead-letters?cursor={foreign}")).await.refused(400, "invalid_cursor");
    }
    // Retry takes up all that failed of a project: it is told once, whichever way it is named.
    let replayed = op.send(Method::POST, &format!("/admin/dead-letters/{one}/replay"), &json!({})).await.ok();
    assert_eq!(replayed["project_id"], json!(one));
    assert_eq!(server.audited("operator.told").await, 1);
    let all = op.send(Method::POST, "/admin/dead-letters/replay", &json!({})).await.ok();
    assert_eq!(all["items"].as_array().unwrap().len(), 2);
    assert_eq!(server.audited("operator.told").await, 3);
    server.remove().await;
}

/// What fails again becomes the latest again: the others behind it must be reached all the same.
#[tokio::test]
async fn a_replay_goes_on_behind_those_that_were_told() {
    let (server, op, ada) = with_operator().await;
    let one = server.project(&ada).await;
    fail(&server, one, "internal").await;
    let copies = "with copies as (
            insert into projects (id, workspace_id, created_by, title, pipeline_id, pipeline_version, pipeline, limits, idea,
                idea_digest, status, workflow_state, phase, failure)
            select gen_random_uuid(), workspace_id, created_by, title, pipeline_id, pipeline_version, pipeline, limits, idea,
                idea_digest, status, workflow_state, phase, failure
            from projects, generate_series(1, 204) returning id, workspace_id)
        insert into stage_failures (workspace_id, project_id, stage, attempt, code, is_permanent, calls, failed_at)
        select workspace_id, id, 'spec', 1, 'internal', false, 3, now() - interval '10 minutes' from copies";
    sqlx::query(copies).execute(&server.owner).await.unwrap();
    let path = "/admin/dead-letters/replay";
    let first = op.send(Method::POST, path, &json!({"code": "internal"})).await.ok();
    assert_eq!((first["items"].as_array().unwrap().len(), &first["has_more"]), (200, &json!(true)));
    let rest = json!({"code": "internal", "cursor": first["next_cursor"]});
    let rest = op.send(Method::POST, path, &rest).await.ok();
    let last = rest["items"].as_array().unwrap();
    assert_eq!((last.len(), &rest["has_more"], &rest["next_cursor"]), (5, &json!(false), &json!(null)));
    assert_eq!(last[4]["project_id"], json!(one), "the earliest comes last");
    op.send(Method::POST, path, &json!({"cursor": "x"})).await.refused(400, "invalid_cursor");
    server.remove().await;
}

#[tokio::test]
async fn projects_in_trouble_are_told_once_and_forgotten_when_it_is_over() {
    let (server, op, ada) = with_operator().await;
    let (stuck, failing, well, calling, retrying) = (
        server.project(&ada).await,
        server.project(&ada).await,
        server.project(&ada).await,
        server.project(&ada).await,
        server.project(&ada).await,
    );
    fail(&server, failing, "internal").await;
    let long_ago = "update projects set last_activity_at = now() - interval '11 minutes' where id = any($1)";
    sqlx::query(long_ago).bind(vec![stuck.0, calling.0, retrying.0]).execute(&server.owner).await.unwrap();
    // A model writes for one of them right now: that is progress. The other one's call is refused again and again.
    for (project, purchase) in [(calling, 1), (retrying, 9)] {
        sqlx::query(
            "insert into model_calls (workspace_id, project_id, user_id, stage, attempt, call_no, inputs_digest, prompt_digest,
                 agent, provider, model, state, lease_until, started_at, purchase)
             values ($1, $2, $3, 'spec', 1, 1, repeat('0', 64), repeat('0', 64), 'a', 'anthropic', 'm', 'leased',
                 now() + interval '5 s', now() - interval '20 s', $4)",
        )
        .bind(ada.workspace.0)
        .bind(project.0)
        .bind(ada.id.0)
        .bind(purchase)
        .execute(&server.owner)
        .await
        .unwrap();
    }
    let mut found: Vec<_> = op.send(Method::POST, "/admin/troubles", &json!({})).await.ok()["items"]
        .as_array()
        .unwrap()
        .iter()
        .inspect(|trouble| assert_eq!(trouble["project_title"], "Gym"))
        .map(|trouble| (trouble["kind"].as_str().unwrap().to_owned(), trouble["project_id"].clone()))
        .collect();
    let place = |trouble: &(String, Value)| (trouble.0.clone(), trouble.1 == json!(retrying));
    found.sort_by_key(place);
    let told = |kind: &str, project| (kind.to_owned(), json!(project));
    assert_eq!(found, [told("failing", failing), told("stuck", stuck), told("stuck", retrying)]);
    assert_eq!(
        op.send(Method::POST, "/admin/troubles", &json!({})).await.ok()["items"],
        json!([]),
        "told once"
    );
    let known = op.get("/admin/troubles").await.ok();
    assert_eq!(
        (known["items"].as_array().unwrap().len(), &known["items"][1]["project_title"]),
        (3, &json!("Gym"))
    );
    let log = ada.get(&format!("/projects/{stuck}/events")).await.ok();
    assert_eq!((&log["items"][0]["event"], &log["items"][0]["minutes"]), (&json!("stuck"), &json!(11)));
    sqlx::query("update projects set last_activity_at = now()").execute(&server.owner).await.unwrap();
    op.send(Method::POST, "/admin/troubles", &json!({})).await.ok();
    let left = op.get("/admin/troubles").await.ok();
    assert_eq!((&left["items"][0]["kind"], left["items"].as_array().unwrap().len()), (&json!("failing"), 1));
    let _ = well;
    server.remove().await;
}

#[tokio::test]
async fn everything_is_paused_and_only_that_goes_on() {
    let (server, op, ada) = with_operator().await;
    let (running, paused) = (server.project(&ada).await, server.project(&ada).await);
    sqlx::query("update projects set phase = 'paused' where id = $1")
        .bind(paused.0)
        .execute(&server.owner)
        .await
        .unwrap();
    ada.send(Method::POST, "/admin/pause", &json!({})).await.refused(403, "forbidden");
    for round in 0..2 {
        // The engine is not there: who was not told is told again.
        let told = op.send(Method::POST, "/admin/pause", &json!({})).await.ok();
        let items = told["items"].as_array().unwrap();
        assert_eq!((&items[0]["project_id"], items.len()), (&json!(running), 1), "{round}");
    }
    // Nothing new begins, and nobody lets a project go on that operators have paused.
    assert!(op.get("/admin/health").await.ok()["paused_since"].is_string());
    let idea = json!({"idea": "An app for a bakery that takes orders."});
    for path in ["/projects", "/features"] {
        ada.send(Method::POST, path, &idea).await.refused(503, "paused_by_operators");
    }
    let commands = format!("/projects/{}/commands", paused.0);
    for command in ["resume", "retry", "revise", "restore"] {
        let body = json!({"command": command});
        ada.send(Method::POST, &commands, &body).await.refused(503, "paused_by_operators");
    }
    ada.send(Method::POST, &commands, &json!({"command": "cancel"})).await.refused(503, "engine_unavailable");
    let after = json!({"after": running});
    assert_eq!(op.send(Method::POST, "/admin/resume", &after).await.ok()["items"], json!([]));
    let told = op.send(Method::POST, "/admin/resume", &json!({})).await.ok();
    assert_eq!(
        (&told["items"][0]["project_id"], told["items"].as_array().unwrap().len()),
        (&json!(running), 1)
    );
    ada.send(Method::POST, &commands, &json!({"command": "resume"})).await.refused(503, "engine_unavailable");
    server.remove().await;
}

/// A filter that is misspelt is no filter, and no filter is everything.
#[tokio::test]
async fn a_replay_with_a_misspelt_filter_or_an_unknown_model_replays_nothing() {
    let (server, op, _) = with_operator().await;
    for path in ["/admin/dead-letters/replay", "/admin/pause", "/admin/resume"] {
        op.send(Method::POST, path, &json!({"cdoe": "x"})).await.refused(422, "invalid_body");
    }
    let one = format!("/admin/dead-letters/{}/replay", uuid::Uuid::new_v4());
    for path in ["/admin/dead-letters/replay", &one] {
        op.send(Method::POST, path, &json!({"model": "nope"})).await.refused(422, "unknown_model");
    }
    server.remove().await;
}
