//! A server of its own for each test, people who speak to it, and projects as the workflow would have left them.

use groundwork_api::{Engine, Settings};
use groundwork_domain::agent::known_agents;
use groundwork_domain::command::Actor;
use groundwork_domain::event::{Cause, EventKind, Notice};
use groundwork_domain::limits::Limits;
use groundwork_domain::pipeline::Pipeline;
use groundwork_domain::project::{Project, ProjectInput, RULES};
use groundwork_domain::quota::Quota;
use groundwork_domain::work::ArtifactRef;
use groundwork_domain::{CommandId, Digest, ProjectId, Timestamp, UserId, WorkspaceId};
use groundwork_store::{Store, StoreOptions};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection, PgPool};
use std::str::FromStr as _;
use temporalio_client::{ClientOptions, ConnectionOptions, Url};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Of every server here, so that tests can sign as it does.
pub(crate) const SECRET: &str = "a secret of at least thirty-two bytes";
pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const IDEA: &str = "A booking site for a small gym";

pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) store: Store,
    pub(crate) owner: PgPool,
    pub(crate) http: reqwest::Client,
    pub(crate) shutdown: CancellationToken,
    settings: Settings,
    serving: JoinHandle<()>,
    admin: PgConnectOptions,
    name: String,
    asks_for_proof: bool,
}

/// Somebody who is signed in.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) id: UserId,
    pub(crate) workspace: WorkspaceId,
    pub(crate) token: String,
    pub(crate) refresh: String,
    pub(crate) http: reqwest::Client,
    pub(crate) url: String,
}

/// An answer of the API.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await.unwrap().to_vec();
        Self { status, headers, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null), bytes }
    }

    /// The body of a success.
    pub(crate) fn ok(self) -> Value {
        assert!(self.status.is_success(), "{}: {}", self.status, self.body);
        self.body
    }

    /// A problem document in full, with this status and code.
    pub(crate) fn refused(&self, status: u16, code: &str) -> &Value {
        assert_eq!((self.status.as_u16(), self.body["code"].as_str()), (status, Some(code)), "{}", self.body);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(self.body["status"], status);
        assert_eq!(self.body["type"], format!("/problems/{code}"));
        assert_eq!(self.body["request_id"], self.headers["x-request-id"].to_str().unwrap());
        assert!(!self.body["title"].as_str().unwrap().is_empty());
        assert!(!self.body["detail"].as_str().unwrap().is_empty());
        &self.body
    }
}

impl Server {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let url = std::env::var("TEST_DATABASE_URL").expect("TEST_DATABASE_URL names a PostgreSQL server");
        let admin = PgConnectOptions::from_str(&url).unwrap();
        let name = format!("api_test_{}", Uuid::new_v4().simple());
        let mut connection = admin.connect().await.unwrap();
        connection.execute(AssertSqlSafe(format!("create database {name}"))).await.unwrap();
        let mine = admin.clone().database(&name);
        let owner = PgPool::connect_with(mine.clone()).await.unwrap();
        groundwork_store::migrate(&owner).await.unwrap();
        let app = mine.username("groundwork_app").to_url_lossy();
        let store = Store::connect(app.as_str(), StoreOptions::default()).unwrap();

        let mut settings = Settings {
            secret_key: SECRET.to_owned().into(),
            engine_ms_max: 300,
            read_model_ms_max: 100,
            ..Settings::default()
        };
        // What limits do is shown where they are set.
        for quota in [Quota::AnonymousRequests, Quota::Requests, Quota::SignUps] {
            settings.quotas.set(quota, 0);
        }
        change(&mut settings);
        let asks_for_proof = settings.mail.url.is_some();
        let shutdown = CancellationToken::new();
        let (url, serving) = serve(settings.clone(), store.clone(), &shutdown).await;
        let http = reqwest::Client::new();
        Self { url, store, owner, http, shutdown, settings, serving, admin, name, asks_for_proof }
    }

    /// One more process for the same database; its URL.
    pub(crate) async fn replica(&self) -> String {
        serve(self.settings.clone(), self.store.clone(), &self.shutdown).await.0
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(body)).await
    }

    /// Signs up. Where no mail goes out, the address counts as shown to be theirs: nobody could follow a link.
    pub(crate) async fn sign_up(&self, name: &str) -> Person {
        let body = json!({"email": format!("{name}@example.org"), "password": PASSWORD, "name": name});
        let signed_in = self.post("/api/v1/auth/signup", &body).await.ok();
        if !self.asks_for_proof {
            let verify = "update users set email_verified_at = now() where email = $1";
            sqlx::query(verify).bind(body["email"].as_str()).execute(&self.owner).await.unwrap();
        }
        Person {
            id: signed_in["user"]["id"].as_str().unwrap().parse().unwrap(),
            workspace: signed_in["workspace"]["id"].as_str().unwrap().parse().unwrap(),
            token: signed_in["access_token"].as_str().unwrap().to_owned(),
            refresh: signed_in["refresh_token"].as_str().unwrap().to_owned(),
            http: self.http.clone(),
            url: self.url.clone(),
        }
    }

    /// Somebody who was put into the database and signed in by a test.
    pub(crate) fn person(&self, id: UserId, workspace: WorkspaceId, token: String) -> Person {
        let (http, url) = (self.http.clone(), self.url.clone());
        Person { id, workspace, token, refresh: String::new(), http, url }
    }

    /// The same person with other credentials.
    pub(crate) fn as_bearer(&self, person: &Person, token: &Value) -> Person {
        Person { token: token.as_str().unwrap().to_owned(), ..person.clone() }
    }

    /// The same person, signed in once more.
    pub(crate) async fn log_in(&self, name: &str) -> Value {
        let body = json!({"email": format!("{name}@example.org"), "password": PASSWORD});
        self.post("/api/v1/auth/login", &body).await.ok()
    }

    /// How often something stands in the audit log.
    pub(crate) async fn audited(&self, action: &str) -> i64 {
        let count = "select count(*) from audit_logs where action = $1";
        sqlx::query_scalar(count).bind(action).fetch_one(&self.owner).await.unwrap()
    }

    /// A project as if its workflow ran, without a word in its log.
    pub(crate) async fn project(&self, person: &Person) -> ProjectId {
        let project = ProjectId(Uuid::new_v4());
        sqlx::query(
            "insert into projects (id, workspace_id, created_by, title, pipeline_id, pipeline_version, pipeline, limits, idea,
                 idea_digest, status, workflow_state)
             values ($1, $2, $3, 'Gym', 'promptr', 1, $4, $5, $6, $7, 'eliciting', 'started')",
        )
        .bind(project.0)
        .bind(person.workspace.0)
        .bind(person.id.0)
        .bind(serde_json::to_value(pipeline()).unwrap())
        .bind(serde_json::to_value(Limits::default()).unwrap())
        .bind(IDEA)
        .bind(Digest::of(IDEA.as_bytes()).0)
        .execute(&self.owner)
        .await
        .unwrap();
        project
    }

    /// Makes something happen in a project, as the workflow would publish it. The first time its idea is said, too.
    pub(crate) async fn happen(&self, person: &Person, project: ProjectId, number: u32) {
        let input = ProjectInput {
            project_id: project,
            workspace_id: person.workspace,
            owner_id: person.id,
            idea: Digest::of(IDEA.as_bytes()),
        };
        let at = Timestamp(1_700_000_000_000 + i64::from(number));
        let machine = Project::start(pipeline(), Limits::default(), input, RULES, at);
        let notice = Notice {
            kind: EventKind::ProgressUpdate,
            cause: Cause::Command {
                command_id: CommandId(Uuid::from_u128(number.into())),
                name: "test".into(),
            },
            item: None,
            actor: Actor::System,
            at,
            payload: json!({"stage": "questions", "message": format!("number {number}")}),
        };
        let mut publication = machine.publication(vec![notice], number);
        // What a test has put there stays what counts.
        let current: Vec<(String, i32, String)> = sqlx::query_as(
            "select name, version, digest from artifacts where project_id = $1 and state = 'current'",
        )
        .bind(project.0)
        .fetch_all(&self.owner)
        .await
        .unwrap();
        let reference = |(name, version, digest): (String, i32, String)| ArtifactRef {
            name,
            version: version.try_into().unwrap(),
            digest: Digest(digest),
        };
        publication.view.artifacts = current.into_iter().map(reference).collect();
        groundwork_store::publish::publish(&self.store, &publication).await.unwrap();
    }

    /// Puts an event into a project's log, and leaves all else as it is.
    pub(crate) async fn tell(&self, person: &Person, project: ProjectId, kind: EventKind) {
        let event = "with numbered as (
                 update projects set next_seq = next_seq + 1 where id = $1 returning next_seq - 1 as seq
             )
             insert into events (workspace_id, project_id, seq, event_id, kind, cause, actor, at, payload)
             select $2, $1, seq, gen_random_uuid(), $3, 'start', 'system', now(), '{}' from numbered";
        sqlx::query(event)
            .bind(project.0)
            .bind(person.workspace.0)
            .bind(kind.as_str())
            .execute(&self.owner)
            .await
            .unwrap();
    }

    pub(crate) async fn stop(&self) {
        self.shutdown.cancel();
    }

    /// Takes everything away; left out by a test that fails, so that it can be looked at.
    pub(crate) async fn remove(self) {
        self.shutdown.cancel();
        drop(self.http);
        self.serving.await.unwrap();
        self.store.pool().close().await;
        self.owner.close().await;
        let mut admin = PgConnection::connect_with(&self.admin).await.unwrap();
        admin.execute(AssertSqlSafe(format!("drop database {} with (force)", self.name))).await.unwrap();
    }
}

async fn serve(settings: Settings, store: Store, shutdown: &CancellationToken) -> (String, JoinHandle<()>) {
    // Nobody listens there.
    let target = Url::parse("http://127.0.0.1:1").unwrap();
    let engine = Engine::new(ConnectionOptions::new(target).build(), ClientOptions::new("default").build());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = groundwork_api::serve(settings, store, engine, listener, shutdown.clone());
    (url, tokio::spawn(async move { serving.await.unwrap() }))
}

impl Person {
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}/api/v1{path}", self.url)).bearer_auth(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(method, path).json(body)).await
    }

    pub(crate) async fn send_once(&self, key: &str, method: Method, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(method, path).header("idempotency-key", key).json(body)).await
    }
}

pub(crate) fn pipeline() -> Pipeline {
    Pipeline::parse(include_str!("../../../domain/pipelines/promptr.toml"), &known_agents()).unwrap()
}
