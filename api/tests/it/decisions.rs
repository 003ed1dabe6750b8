//! What waits for people, what they decide and write, as far as it is known before the engine is asked: here it is not there.

use crate::export::with_package;
use crate::members::{join, shared};
use crate::server::{IDEA, Person, Server};
use groundwork_domain::access::Role;
use groundwork_domain::agent::known_agents;
use groundwork_domain::command::Actor;
use groundwork_domain::document::files::{CodeFile, CodeManifest, CodePath};
use groundwork_domain::event::{Cause, EventKind, Notice};
use groundwork_domain::limits::Limits;
use groundwork_domain::pipeline::Pipeline;
use groundwork_domain::project::{Project, ProjectInput, RULES};
use groundwork_domain::request::{RequestKind, RequestStatus, RequestView};
use groundwork_domain::work::ArtifactRef;
use groundwork_domain::{Digest, ProjectId, StageId, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

const BUILD: &str = include_str!("../../../domain/pipelines/build.toml");

/// The pipeline of features.
pub(crate) fn build() -> Pipeline {
    Pipeline::parse(BUILD, &known_agents()).unwrap()
}

/// A feature as its workflow would have published it, with these requests.
async fn feature(server: &Server, person: &Person, requests: Vec<RequestView>) -> ProjectId {
    feature_with(server, person, requests, &[]).await
}

/// The same, and what happened in it with the first of the requests.
pub(crate) async fn feature_with(
    server: &Server,
    person: &Person,
    requests: Vec<RequestView>,
    happened: &[EventKind],
) -> ProjectId {
    let project = server.project(person).await;
    let pipeline = build();
    let pin = "update projects set pipeline_id = 'build', pipeline = $2 where id = $1";
    let definition = serde_json::to_value(&pipeline).unwrap();
    sqlx::query(pin).bind(project.0).bind(definition).execute(&server.owner).await.unwrap();
    let input = ProjectInput {
        project_id: project,
        workspace_id: person.workspace,
        owner_id: person.id,
        idea: Digest::of(IDEA.as_bytes()),
    };
    let machine = Project::start(pipeline, Limits::default(), input, RULES, Timestamp(1_700_000_000_000));
    let request = requests.first().map(|request| request.request_id);
    let notice = |kind: &EventKind| Notice {
        kind: *kind,
        cause: Cause::Start,
        item: None,
        actor: Actor::System,
        at: Timestamp(1_700_000_000_000),
        payload: json!({"request_id": request}),
    };
    let mut publication = machine.publication(happened.iter().map(notice).collect(), 3);
    publication.view.requests = requests;
    groundwork_store::publish::publish(&server.store, &publication).await.unwrap();
    project
}

pub(crate) fn gate(role: Role, four_eyes: bool) -> RequestView {
    let digest = Digest::of(b"# Gym\n\n### FR-001 Book");
    RequestView {
        request_id: Uuid::new_v4(),
        kind: RequestKind::Gate,
        gate: "spec".to_owned(),
        stage: StageId("spec".to_owned()),
        attempt: 1,
        digest: digest.clone(),
        artifact: Some(ArtifactRef { name: "spec".to_owned(), version: 1, digest }),
        status: RequestStatus::Pending,
        role,
        approvals_needed: 2,
        approvals: Vec::new(),
        four_eyes,
        operators: false,
        created_at: Timestamp(1_700_000_000_000),
        deadline: None,
        recommendation: None,
        decided_by: None,
        decided_at: None,
    }
}

async fn say(person: &Person, project: ProjectId, body: &Value) -> crate::server::Answer {
    person.send(Method::POST, &format!("/projects/{project}/commands"), body).await
}

#[tokio::test]
async fn an_inbox_shows_what_waits_for_me_first() {
    let server = Server::new().await;
    let (ada, bob) = (server.sign_up("ada").await, server.sign_up("bob").await);
    let team = shared(&ada, "Team").await;
    join(&ada, &team, &bob, "bob@example.org", "editor").await;
    let in_team = Person { workspace: team.parse().unwrap(), ..ada.clone() };
    let theirs = feature(&server, &in_team, vec![gate(Role::Admin, false)]).await;
    let ours = feature(&server, &in_team, vec![gate(Role::Editor, true)]).await;

    let told = |inbox: &Value| -> Vec<(Value, bool)> {
        let items = inbox["items"].as_array().unwrap();
        items.iter().map(|one| (one["project_id"].clone(), one["waits_for_me"].as_bool().unwrap())).collect()
    };
    // Bob is no admin; Ada began both, so that four eyes are not hers.
    assert_eq!(told(&bob.get("/hitl").await.ok()), [(json!(ours), true), (json!(theirs), false)]);
    assert_eq!(told(&ada.get("/hitl").await.ok()), [(json!(theirs), true), (json!(ours), false)]);
    let eve = server.sign_up("eve").await;
    assert_eq!(eve.get("/hitl").await.ok()["items"], json!([]));
    let one = bob.get(&format!("/projects/{ours}/hitl")).await.ok();
    let request = one["items"][0].clone();
    assert_eq!((&request["gate"], &request["approvals_needed"]), (&json!("spec"), &json!(2)));

    let path = format!("/hitl/{}/respond", request["request_id"].as_str().unwrap());
    eve.send(Method::POST, &path, &json!({"action": "approve"})).await.refused(404, "not_found");
    bob.send(Method::POST, &path, &json!({"action": "shrug"})).await.refused(422, "invalid_body");
    bob.send(Method::POST, &path, &json!({"action": "approve", "digest": request["digest"]}))
        .await
        .refused(503, "engine_unavailable");
    // What waits as a whole waits for everybody who may work on it.
    let wait = "update projects set waiting_for = 'budget' where id = $1";
    sqlx::query(wait).bind(theirs.0).execute(&server.owner).await.unwrap();
    let inbox = bob.get("/hitl").await.ok();
    let whole = inbox["projects"].as_array().unwrap().iter().find(|one| one["project_id"] == json!(theirs));
    assert_eq!(whole.unwrap()["waiting_for"], "budget", "{inbox}");
    assert_eq!(eve.get("/hitl").await.ok()["projects"], json!([]));
    let view = bob.get(&format!("/features/{ours}")).await.ok();
    assert_eq!((&view["pipeline"], &view["requests"][0]["gate"]), (&json!("build"), &json!("spec")));
    server.remove().await;
}

/// The engine is not asked, which is away here: it would fail at texts that are longer than its own messages.
#[tokio::test]
async fn texts_are_measured_before_the_engine_is_asked() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let waiting = gate(Role::Editor, false);
    let digest = waiting.digest.clone();
    let project = feature(&server, &ada, vec![waiting]).await;
    for bytes in [64 * 1024 + 1, 5 * 1024 * 1024] {
        let long = "a".repeat(bytes);
        for body in [
            json!({"command": "message", "text": long}),
            json!({"command": "answer", "answers": [{"question_id": "Q1", "text": long}]}),
            json!({"command": "amend_answer", "question_id": "Q1", "text": long}),
            json!({"command": "refine", "request": "Shorter.", "target": long}),
            json!({"command": "decide", "gate": "spec", "digest": digest, "decision": "approve", "comment": long}),
        ] {
            say(&ada, project, &body).await.refused(413, "too_large");
        }
        let chat = format!("/features/{project}/chat");
        ada.send(Method::POST, &chat, &json!({"message": long})).await.refused(413, "too_large");
    }
    say(&ada, project, &json!({"command": "message", "text": "a"})).await.refused(503, "engine_unavailable");
    server.remove().await;
}

#[tokio::test]
async fn what_a_person_writes_is_stored_before_it_is_named_and_bound_to_what_they_read() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let project = feature(&server, &ada, vec![gate(Role::Editor, false)]).await;
    with_package(&server, &ada, project).await;
    let list = ada.get(&format!("/projects/{project}/artifacts")).await.ok();
    let named = |name: &str| {
        list["items"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap().clone()
    };
    let (spec, prompts) = (named("spec"), named("prompts"));
    let put = async |artifact: &Value, base: &str| {
        let path = format!("/artifacts/{}", artifact["id"].as_str().unwrap());
        ada.send_once("edit", Method::PUT, &path, &json!({"content": "# My own", "base_digest": base})).await
    };
    put(&spec, &"0".repeat(64)).await.refused(409, "stale_digest");
    let body = json!({"command": "edit", "artifact": "prompts", "content": "x"});
    say(&ada, project, &body).await.refused(409, "not_editable");
    assert!(prompts["digest"].is_string());
    // The engine is not there: what was written waits for the same request.
    let path = format!("/artifacts/{}", spec["id"].as_str().unwrap());
    let edit = json!({"content": "# My own", "base_digest": spec["digest"]});
    for _ in 0..2 {
        ada.send_once("mine", Method::PUT, &path, &edit).await.refused(503, "engine_unavailable");
    }
    let written: Vec<(i32, String, Option<Uuid>)> = sqlx::query_as(
        "select version, state, author_id from artifacts where name = 'spec' order by version",
    )
    .fetch_all(&server.owner)
    .await
    .unwrap();
    assert_eq!(written[1..], [(2, "written".to_owned(), Some(ada.id.0))], "once, and not current");
    // It may have been applied though nobody heard of it: then the person's text is current, and the same request goes to
    // the rules all the same, which know that it was.
    for statement in [
        "update artifacts set state = 'superseded' where name = 'spec' and version = 1",
        "update artifacts set state = 'current' where name = 'spec' and version = 2",
    ] {
        sqlx::query(statement).execute(&server.owner).await.unwrap();
    }
    ada.send_once("mine", Method::PUT, &path, &edit).await.refused(503, "engine_unavailable");
    ada.send_once("other", Method::PUT, &path, &edit).await.refused(409, "stale_digest");

    let decide = |more: Value| {
        let digest = gate(Role::Editor, false).digest;
        let mut body = json!({"command": "decide", "gate": "spec", "decision": "approve", "digest": digest});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    say(&ada, project, &decide(json!({"decision": "amend"}))).await.refused(422, "invalid_fields");
    say(&ada, project, &decide(json!({"content": "x"}))).await.refused(422, "invalid_fields");
    say(&ada, project, &decide(json!({"digest": "abc"}))).await.refused(422, "invalid_fields");
    say(&ada, project, &decide(json!({}))).await.refused(503, "engine_unavailable");
    for blind in [
        json!({"command": "confirm_brief"}),
        json!({"command": "decide", "gate": "spec", "decision": "approve"}),
    ] {
        let refused = say(&ada, project, &blind).await;
        let error = refused.refused(422, "invalid_fields")["errors"][0].clone();
        assert_eq!(error["field"], "digest", "{error}");
        assert!(error["message"].as_str().unwrap().contains("GET /projects/{id}/hitl"), "{error}");
    }
    // The routes of features leave it open, as their document does.
    let confirm = format!("/features/{project}/confirm-brief");
    ada.send(Method::POST, &confirm, &json!({})).await.refused(409, "no_brief");
    server.remove().await;
}

#[tokio::test]
async fn features_are_projects_of_one_pipeline() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let (one, other) = (feature(&server, &ada, Vec::new()).await, server.project(&ada).await);
    let list = ada.get("/features").await.ok();
    assert_eq!((&list["items"][0]["project_id"], list["items"].as_array().unwrap().len()), (&json!(one), 1));
    for part in ["", "/chat", "/download"] {
        ada.get(&format!("/features/{other}{part}")).await.refused(404, "not_found");
    }
    ada.get(&format!("/features/{one}/download")).await.refused(409, "no_code");
    ada.send(Method::POST, &format!("/features/{one}/approve-spec"), &json!({}))
        .await
        .refused(409, "wrong_gate");
    // What was decided meanwhile is told by the rules, also to who did not say what they read.
    let mut decided = gate(Role::Editor, false);
    decided.status = RequestStatus::Approved;
    let settled = feature(&server, &ada, vec![decided]).await;
    ada.send(Method::POST, &format!("/features/{settled}/approve-spec"), &json!({}))
        .await
        .refused(503, "engine_unavailable");
    let renamed =
        ada.send(Method::PATCH, &format!("/features/{one}"), &json!({"title": "Bookings"})).await.ok();
    assert_eq!(renamed["title"], "Bookings");
    let chat = ada.send(Method::POST, &format!("/features/{one}/chat"), &json!({"message": "Hello"})).await;
    chat.refused(503, "engine_unavailable");
    server.remove().await;
}

#[tokio::test]
async fn code_is_taken_away_as_the_same_bytes_each_time() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let project = feature(&server, &ada, Vec::new()).await;
    let file = |path: &str, content: &str| CodeFile {
        path: CodePath::parse(path).unwrap(),
        content: content.to_owned(),
    };
    let files = [file("README.md", "# Gym"), file("src/main.ts", "export {}")];
    let manifest =
        serde_json::to_string(&CodeManifest::of(&files, "Two files.".to_owned(), Vec::new())).unwrap();
    sqlx::query(
        "insert into artifacts (workspace_id, project_id, name, version, digest, kind, format, content, stage, attempt, agent,
             state)
         values ($1, $2, 'code', 1, $3, 'code', 'json', $4, 'implement', 1, 'implementer', 'current')",
    )
    .bind(ada.workspace.0)
    .bind(project.0)
    .bind(Digest::of(manifest.as_bytes()).0)
    .bind(&manifest)
    .execute(&server.owner)
    .await
    .unwrap();
    for file in files.iter().rev() {
        sqlx::query(
            "insert into artifact_files (workspace_id, project_id, name, version, path, digest, bytes, content)
             values ($1, $2, 'code', 1, $3, $4, $5, $6)",
        )
        .bind(ada.workspace.0)
        .bind(project.0)
        .bind(file.path.to_string())
        .bind(Digest::of(file.content.as_bytes()).0)
        .bind(i64::try_from(file.content.len()).unwrap())
        .bind(&file.content)
        .execute(&server.owner)
        .await
        .unwrap();
    }
    let path = format!("/features/{project}/download");
    let (first, second) = (ada.get(&path).await, ada.get(&path).await);
    assert_eq!(first.bytes, second.bytes);
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(first.bytes)).unwrap();
    let names: Vec<_> =
        (0..zip.len()).map(|at| zip.by_index(at).unwrap().name().unwrap().into_owned()).collect();
    assert_eq!(names, ["README.md", "src/main.ts"]);
    server.remove().await;
}

#[tokio::test]
async fn a_preview_tells_what_would_be_redone_and_refuses_what_would_be_refused() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let fresh = server.project(&ada).await;
    ada.get(&format!("/projects/{fresh}/preview?command=retry")).await.refused(409, "nothing_to_redo");
    let project = feature(&server, &ada, Vec::new()).await;
    let path = format!("/projects/{project}/preview");
    ada.get(&format!("{path}?command=dance")).await.refused(400, "invalid_query");
    ada.get(&format!("{path}?command=rewind")).await.refused(400, "invalid_query");
    let refused = ada.get(&format!("{path}?command=retry")).await;
    assert!(refused.refused(409, "wrong_state")["allowed"].is_array());
    server.remove().await;
}

#[tokio::test]
async fn a_provenance_bundle_is_the_same_each_time_and_names_what_it_holds() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let project = server.project(&ada).await;
    with_package(&server, &ada, project).await;
    // What an agent asked, beside what was answered to it: a decision on the question's digest.
    let asked = groundwork_domain::request::question_digest("Members only?", "It changes the tables.");
    for statement in [
        "insert into stage_results (workspace_id, project_id, stage, attempt, outcome) values ($1, $2, 'analyst', 1, '{}')",
        "insert into agent_questions (workspace_id, project_id, stage, attempt, request_id, question, reason, digest, call_id,
             work)
         values ($1, $2, 'analyst', 1, gen_random_uuid(), 'Members only?', 'It changes the tables.', $3, 'c1', '{}')",
    ] {
        let query = sqlx::query(statement).bind(ada.workspace.0).bind(project.0);
        let query = if statement.contains("$3") { query.bind(&asked.0) } else { query };
        query.execute(&server.owner).await.unwrap();
    }
    let path = format!("/projects/{project}/provenance");
    let (first, second) = (ada.get(&path).await, ada.get(&path).await);
    assert_eq!((first.status.as_u16(), &first.bytes), (200, &second.bytes));
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(first.bytes)).unwrap();
    let manifest: Value = serde_json::from_reader(zip.by_name("manifest.json").unwrap()).unwrap();
    assert_eq!(manifest["format"], "groundwork-provenance/1");
    assert_eq!(manifest["artifacts"].as_array().unwrap().len(), 3);
    let question = &manifest["questions"][0];
    assert_eq!((&question["digest"], &question["question"]), (&json!(asked.0), &json!("Members only?")));
    let list = ada.get(&format!("/projects/{project}/artifacts")).await.ok();
    let id = list["items"][0]["id"].as_str().unwrap();
    let one = ada.get(&format!("/artifacts/{id}/provenance")).await.ok();
    assert_eq!((&one["attempts"], &one["decisions"]), (&json!(1), &json!([])));
    server.remove().await;
}
