//! The package: whole, named, and the same bytes each time.

use crate::server::{Answer, Person, Server};
use groundwork_domain::{Digest, ProjectId};
use reqwest::Method;
use serde_json::{Value, json};
use std::io::{Cursor, Read as _};
use uuid::Uuid;

/// A specification, two prompts of which one was rewritten, an answered question and an open finding.
pub(crate) async fn with_package(server: &Server, person: &Person, project: ProjectId) {
    let artifact = "insert into artifacts (workspace_id, project_id, name, version, digest, kind, format, content, stage,
            attempt, agent, state)
        values ($1, $2, $3, 1, $4, $5, $6, $7, $3, 1, 'agent', 'current')";
    for (name, kind, format, content) in [
        ("spec", "document", "markdown", "# Gym\n\n### FR-001 Book"),
        ("prompts", "prompts", "json", "[]"),
        ("review", "review", "markdown", "verdict: pass"),
    ] {
        sqlx::query(artifact)
            .bind(person.workspace.0)
            .bind(project.0)
            .bind(name)
            .bind(Digest::of(content.as_bytes()).0)
            .bind(kind)
            .bind(format)
            .bind(content)
            .execute(&server.owner)
            .await
            .unwrap();
    }
    for (number, version, is_current, title) in
        [(1, 1, true, "Set up"), (2, 1, false, "Old API"), (2, 2, true, "Bookings | API [x]")]
    {
        let content = format!("# {number:02} · setup · {title}\n\n## Task\nDo it.");
        sqlx::query(
            "insert into prompts (id, workspace_id, project_id, number, version, stage, title, content, covers, needs,
                 checklist, digest, is_current)
             values ($1, $2, $3, $4, $5, 'setup', $6, $7, '{FR-001}', '{}', '{one,two}', $8, $9)",
        )
        .bind(Uuid::new_v4())
        .bind(person.workspace.0)
        .bind(project.0)
        .bind(number)
        .bind(version)
        .bind(title)
        .bind(&content)
        .bind(Digest::of(content.as_bytes()).0)
        .bind(is_current)
        .execute(&server.owner)
        .await
        .unwrap();
    }
    sqlx::query(
        "insert into questions (workspace_id, project_id, stage, attempt, id, position, text, category, why, format, options,
             state, answer_options, assumption, answered_at)
         values ($1, $2, 'questions', 1, 'Q1', 0, 'Who books?', 'users', 'Roles.', 'radio', $3, 'answered', '{A}', 'A1', now())",
    )
    .bind(person.workspace.0)
    .bind(project.0)
    .bind(json!([{"key": "A", "label": "Members", "recommended": true}]))
    .execute(&server.owner)
    .await
    .unwrap();
    sqlx::query(
        "insert into findings (workspace_id, project_id, review, review_version, id, position, severity, layer, prompts,
             requirements, problem, fix, state)
         values ($1, $2, 'review', 1, 'C1', 0, 'major', 'spec', '{2}', '{FR-001}', 'Says nothing of cancelling.', 'Say it.',
             'open')",
    )
    .bind(person.workspace.0)
    .bind(project.0)
    .execute(&server.owner)
    .await
    .unwrap();
}

#[tokio::test]
async fn a_package_holds_everything_and_is_the_same_each_time() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let project = server.project(&ada).await;
    let path = format!("/projects/{project}/export");
    ada.send(Method::POST, &path, &json!({})).await.refused(409, "nothing_to_export");
    with_package(&server, &ada, project).await;

    let first = Answer::of(ada.request(Method::POST, &path)).await;
    assert_eq!(first.headers["content-type"], "application/zip");
    assert_eq!(first.headers["content-disposition"], "attachment; filename=\"gym.zip\"");
    let second = ada.send_once("key", Method::POST, &path, &json!({})).await;
    assert_eq!(first.bytes, second.bytes);

    let mut archive = zip::ZipArchive::new(Cursor::new(first.bytes)).unwrap();
    let names: Vec<_> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    assert_eq!(
        names,
        [
            "README.md",
            "CLAUDE.md",
            "spec.md",
            "prompts/01-setup-set-up.md",
            "prompts/02-setup-bookings-api-x.md",
            ".claude/commands/build-01.md",
            ".claude/commands/build-02.md",
            "manifest.json",
        ]
    );
    let mut read = |name: &str| {
        let mut text = String::new();
        archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        text
    };
    let manifest: Value = serde_json::from_str(&read("manifest.json")).unwrap();
    assert_eq!(manifest["prompts"][1]["version"], 2);
    assert_eq!(manifest["decisions"][0]["answer"], "Members");
    assert_eq!(manifest["open_findings"][0]["id"], "C1");
    for file in manifest["files"].as_array().unwrap() {
        let text = read(file["path"].as_str().unwrap());
        assert_eq!(file["sha256"], Digest::of(text.as_bytes()).0);
    }
    let readme = read("README.md");
    assert!(readme.contains("[Bookings \\| API \\[x\\]](prompts/02-setup-bookings-api-x.md)"), "{readme}");
    assert!(readme.contains("assumption A1"), "{readme}");
    assert!(read(".claude/commands/build-02.md").contains("@prompts/02-setup-bookings-api-x.md"));

    let markdown = Answer::of(ada.request(Method::POST, &format!("{path}?format=markdown"))).await;
    assert_eq!(markdown.headers["content-type"], "text/markdown; charset=utf-8");
    let text = String::from_utf8(markdown.bytes).unwrap();
    assert!(text.contains("### FR-001 Book") && text.contains("# 02 · setup"), "{text}");

    // It is known who took what along: by its digest the same bytes can be told again.
    let bundle = ada.get(&format!("/projects/{project}/provenance")).await;
    assert_eq!(bundle.status, 200);
    let known = ada.get(&format!("/projects/{project}/exports")).await.ok();
    let known: Vec<_> = known["items"].as_array().unwrap().iter().rev().cloned().collect();
    let told: Vec<_> = known.iter().map(|one| (&one["kind"], &one["media_type"])).collect();
    let zip = (&json!("package"), &json!("application/zip"));
    let markdown = (&json!("package"), &json!("text/markdown; charset=utf-8"));
    assert_eq!(told, [zip, zip, markdown, (&json!("bundle"), &json!("application/zip"))]);
    assert_eq!(known[0]["digest"], known[1]["digest"]);
    assert_eq!(known[0]["digest"], Digest::of(&second.bytes).0);
    assert_eq!(
        (&known[0]["size_bytes"], &known[0]["exported_by"]),
        (&json!(second.bytes.len()), &json!(ada.id))
    );
    let mine = ada.get("/users/me/export").await.ok();
    assert_eq!(mine["workspaces"][0]["exports"].as_array().unwrap().len(), 4);
    server.remove().await;
}
