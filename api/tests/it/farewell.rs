//! A person's own data: taken away as a document, and the end of an account.

use crate::live::PATIENCE;
use crate::members::{join, shared};
use crate::server::{PASSWORD, Person, Server};
use reqwest::Method;
use serde_json::{Value, json};

async fn leave(who: &Person, password: &str) -> crate::server::Answer {
    who.send(Method::DELETE, "/users/me", &json!({"password": password})).await
}

#[tokio::test]
async fn a_person_gets_all_that_is_known_of_them_and_nothing_of_others() {
    let server = Server::new().await;
    let (ada, bob) = (server.sign_up("ada").await, server.sign_up("bob").await);
    let project = server.project(&ada).await;
    server.happen(&ada, project, 1).await;
    let other = server.project(&bob).await;
    let team = shared(&bob, "Team").await;
    join(&bob, &team, &ada, "ada@example.org", "viewer").await;
    for statement in [
        "insert into artifacts (workspace_id, project_id, name, version, digest, kind, format, content, stage, attempt, agent,
             state, author_id)
         values ($1, $2, 'spec', 1, repeat('0', 64), 'document', 'markdown', 'zebra document', 'spec', 1, 'person', 'current', $3)",
        "insert into hitl_requests (id, workspace_id, project_id, kind, gate, stage, attempt, digest, status, response_content,
             decided_by, decided_at, created_at)
         values (gen_random_uuid(), $1, $2, 'gate', 'spec', 'spec', 1, repeat('0', 64), 'approved', 'zebra answer', $3, now(), now())",
        "insert into gate_decisions (workspace_id, project_id, command_id, request_id, gate, digest, decision, comment, actor,
             actor_id, at)
         values ($1, $2, gen_random_uuid(), gen_random_uuid(), 'spec', repeat('0', 64), 'approve', 'zebra decision', 'user', $3, now())",
        "insert into comments (id, workspace_id, project_id, artifact_id, version, digest, comment_type, text, created_by)
         values (gen_random_uuid(), $1, $2, gen_random_uuid(), 1, repeat('0', 64), 'comment', 'zebra comment', $3)",
        "insert into uploads (id, workspace_id, project_id, filename, media_type, size_bytes, digest, storage_key, content, text,
             uploaded_by)
         values (gen_random_uuid(), $1, $2, 'zebra.md', 'text/markdown', 1, repeat('0', 64), 'k', 'x', 'x', $3)",
        "insert into user_api_keys (user_id, provider, sealed, key_id, last_four) select $3, 'openai', 'sealed-zebra', 'k', 'abcd'
         where $1::uuid is not null and $2::uuid is not null",
        "insert into workspace_api_keys (workspace_id, provider, sealed, key_id, last_four, set_by)
         select $1, 'anthropic', 'sealed-zebra', 'k', 'efgh', $3 where $2::uuid is not null",
        "insert into pipelines (workspace_id, id, version, title, description, source, definition, digest, created_by)
         select $1, 'mine', 1, 'zebra pipeline', '', 'x', '{}', repeat('0', 64), $3 where $2::uuid is not null",
    ] {
        let query = sqlx::query(statement).bind(ada.workspace.0).bind(project.0).bind(ada.id.0);
        query.execute(&server.owner).await.unwrap();
    }
    let answer = ada.get("/users/me/export").await;
    assert!(answer.headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
    let known = answer.ok();
    assert_eq!(known["person"]["account"]["email"], "ada@example.org");
    assert_eq!(known["person"]["sessions"].as_array().unwrap().len(), 1);
    assert_eq!(known["person"]["memberships"].as_array().unwrap().len(), 2);
    let own = &known["workspaces"][0];
    assert_eq!(own["projects"][0]["idea"], crate::server::IDEA);
    assert_eq!(own["messages"][0]["content"], crate::server::IDEA);
    assert!(own["audit"].as_array().unwrap().iter().any(|item| item["ip"] == "127.0.0.1"), "{own}");
    for (part, field, expected) in [
        ("documents", "content", "zebra document"),
        ("requests_decided", "said", "zebra answer"),
        ("decisions", "comment", "zebra decision"),
        ("comments", "text", "zebra comment"),
        ("uploads", "filename", "zebra.md"),
        ("workspace_provider_keys", "last_four", "efgh"),
        ("pipelines", "title", "zebra pipeline"),
    ] {
        assert_eq!(own[part][0][field], expected, "{part}");
    }
    assert_eq!(known["person"]["provider_keys"][0]["last_four"], "abcd");
    let text = known.to_string();
    assert!(!text.contains("sealed"), "what is sealed stays where it is");
    assert!(!text.contains(&other.to_string()) && !text.contains("bob@example.org"), "{text}");
    assert!(!text.contains("password_hash"));
    server.remove().await;
}

#[tokio::test]
async fn an_account_is_closed_only_by_its_password_and_never_leaves_others_without_an_owner() {
    let server = Server::new().await;
    let (ada, bob) = (server.sign_up("ada").await, server.sign_up("bob").await);
    let team = shared(&ada, "Team").await;
    let alone = shared(&ada, "Alone").await;
    join(&ada, &team, &bob, "bob@example.org", "editor").await;
    leave(&ada, "wrong password").await.refused(422, "invalid_fields");
    let refused = leave(&ada, PASSWORD).await;
    assert_eq!(refused.refused(409, "sole_owner")["errors"][0]["message"], "Team");
    // Nothing of it happened.
    assert_eq!(ada.get("/workspaces").await.ok()["items"].as_array().unwrap().len(), 3);

    let owner = json!({"role": "owner"});
    ada.send(Method::PATCH, &format!("/workspaces/{team}/members/{}", bob.id), &owner).await.ok();
    assert_eq!(leave(&ada, PASSWORD).await.status, 204);
    ada.get("/auth/me").await.refused(401, "unauthorized");
    let credentials = json!({"email": "ada@example.org", "password": PASSWORD});
    assert_eq!(server.post("/api/v1/auth/login", &credentials).await.status, 401);
    let kept = bob.get(&format!("/workspaces/{team}")).await.ok();
    assert_eq!((&kept["owner_id"], &kept["role"]), (&json!(bob.id), &json!("owner")));
    let gone: Vec<String> =
        sqlx::query_scalar("select id::text from workspaces where lifecycle = 'deleted' order by name")
            .fetch_all(&server.owner)
            .await
            .unwrap();
    assert_eq!(gone, [alone, ada.workspace.to_string()]);
    server.remove().await;
}

#[tokio::test]
async fn an_operator_undoes_it_and_after_that_time_the_person_is_erased() {
    let server = Server::with(|settings| {
        settings.operators = vec!["op@example.org".to_owned()];
        settings.sweep_every_ms = 50;
        settings.upkeep.erase_every_s = 0;
    })
    .await;
    let (ada, operator) = (server.sign_up("ada").await, server.sign_up("op").await);
    let team = shared(&operator, "Team").await;
    join(&operator, &team, &ada, "ada@example.org", "editor").await;
    let project = server.project(&ada).await;
    server.happen(&ada, project, 1).await;
    assert_eq!(leave(&ada, PASSWORD).await.status, 204);
    let restore = format!("/admin/users/{}/restore", ada.id);
    assert_eq!(operator.send(Method::POST, &restore, &json!({})).await.status, 204);
    let credentials = json!({"email": "ada@example.org", "password": PASSWORD});
    let token = server.post("/api/v1/auth/login", &credentials).await.ok()["access_token"].clone();
    let back = Person { token: token.as_str().unwrap().to_owned(), ..ada.clone() };
    assert_eq!(back.get("/projects").await.ok()["items"][0]["project_id"], json!(project));

    assert_eq!(leave(&back, PASSWORD).await.status, 204);
    // As if the engine had put the project away, and the time for undo were over.
    for statement in [
        "update projects set lifecycle = 'archived', workflow_state = 'closed'",
        "update workspaces set deleted_at = now() - interval '31 days' where lifecycle = 'deleted'",
        "update users set deleted_at = now() - interval '31 days' where is_deleted",
    ] {
        sqlx::query(statement).execute(&server.owner).await.unwrap();
    }
    let left = || async {
        let left: Value = sqlx::query_scalar(
            "select jsonb_build_object('name', name, 'email', email, 'hash', password_hash,
                 'origins', (select count(*) from audit_origins where user_id = users.id),
                 'entries', (select count(*) > 0 from audit_logs where user_id = users.id),
                 'sessions', (select count(*) from sessions where user_id = users.id),
                 'texts', (select count(*) from conversation_turns), 'events', (select count(*) from events))
             from users where id = $1",
        )
        .bind(ada.id.0)
        .fetch_one(&server.owner)
        .await
        .unwrap();
        left
    };
    let deadline = std::time::Instant::now() + PATIENCE;
    while left().await["name"] != "Erased" {
        assert!(std::time::Instant::now() < deadline, "{}", left().await);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let erased = json!({"name": "Erased", "email": format!("erased-{}@invalid", ada.id), "hash": "!", "origins": 0,
        "entries": true, "sessions": 0, "texts": 0, "events": 2});
    assert_eq!(left().await, erased);
    assert_eq!(operator.send(Method::POST, &restore, &json!({})).await.status, 404);
    // Who did what is still known, by an id that names nobody.
    let audit = operator.get(&format!("/workspaces/{team}/audit?user={}", ada.id)).await.ok();
    assert!(audit["items"].as_array().unwrap().iter().all(|item| item["ip"].is_null()), "{audit}");
    assert_eq!(audit["items"][0]["action"], "member.left");
    server.remove().await;
}

#[tokio::test]
async fn who_found_a_session_open_cannot_guess_their_way_to_the_end_of_the_account() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let (authenticator, _) = crate::second_factor::enabled(&server, &ada).await;
    let without = leave(&ada, PASSWORD).await;
    assert_eq!(without.refused(422, "invalid_fields")["errors"][0]["field"], "code");
    let with = |code: String| json!({"password": PASSWORD, "code": code});
    let wrong = ada.send(Method::DELETE, "/users/me", &with("000000".to_owned())).await;
    assert_eq!(wrong.refused(422, "invalid_fields")["errors"][0]["field"], "code");
    let mut statuses = Vec::new();
    for number in 0..8 {
        statuses.push(leave(&ada, &format!("guess {number}")).await.status.as_u16());
    }
    assert!(statuses.starts_with(&[422]) && statuses.ends_with(&[429]), "{statuses:?}");
    sqlx::query("delete from attempt_counters").execute(&server.owner).await.unwrap();
    assert_eq!(ada.send(Method::DELETE, "/users/me", &with(authenticator.code())).await.status, 204);
    server.remove().await;
}
