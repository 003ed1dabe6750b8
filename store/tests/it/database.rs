//! A PostgreSQL database of its own for each test, and people and projects to put into it.
//!
//! Also used by the tests of `activities`, by path.

use groundwork_domain::ids::{ProjectId, UserId, WorkspaceId};
use groundwork_domain::limits::Limits;
use groundwork_domain::pipeline::Pipeline;
use groundwork_domain::project::{Project, ProjectInput};
use groundwork_domain::{Digest, Timestamp};
use groundwork_store::{Store, StoreOptions};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, PgPool};
use std::str::FromStr;
use uuid::Uuid;

/// The idea of every test's project.
pub const IDEA: &str = "A booking site for a small gym";

/// A migrated database; dropped at the end unless the test failed.
pub struct Database {
    /// As `groundwork_app`.
    pub store: Store,
    /// As the owner, past row-level security.
    pub owner: PgPool,
    options: PgConnectOptions,
    name: String,
}

/// Somebody with a workspace of their own.
#[derive(Clone, Copy)]
pub struct Tenant {
    pub user: UserId,
    pub workspace: WorkspaceId,
}

impl Database {
    /// `TEST_DATABASE_URL` names a server where databases may be created.
    pub async fn new() -> Self {
        let url = std::env::var("TEST_DATABASE_URL")
            .expect("TEST_DATABASE_URL names a PostgreSQL server for tests");
        let options = PgConnectOptions::from_str(&url).unwrap();
        let name = format!("store_test_{}", Uuid::new_v4().simple());
        let mut admin = options.connect().await.unwrap();
        admin.execute(AssertSqlSafe(format!("create database {name}"))).await.unwrap();
        let mine = options.clone().database(&name);
        let owner = PgPool::connect_with(mine.clone()).await.unwrap();
        groundwork_store::migrate(&owner).await.unwrap();
        let app = mine.username("groundwork_app").to_url_lossy();
        let store = Store::connect(app.as_str(), StoreOptions::default()).unwrap();
        Self { store, owner, options, name }
    }

    /// Of this database, as servers log in.
    pub fn app_url(&self) -> String {
        let mine = self.options.clone().database(&self.name).username("groundwork_app");
        mine.to_url_lossy().to_string()
    }

    pub async fn tenant(&self) -> Tenant {
        let tenant = Tenant { user: UserId(Uuid::new_v4()), workspace: WorkspaceId(Uuid::new_v4()) };
        sqlx::query("insert into users (id, email, password_hash, name) values ($1, $2, 'x', 'Test')")
            .bind(tenant.user.0)
            .bind(format!("{}@example.org", tenant.user))
            .execute(&self.owner)
            .await
            .unwrap();
        sqlx::query("insert into workspaces (id, owner_id, name) values ($1, $2, 'Test')")
            .bind(tenant.workspace.0)
            .bind(tenant.user.0)
            .execute(&self.owner)
            .await
            .unwrap();
        tenant
    }

    pub async fn project(&self, tenant: Tenant) -> ProjectId {
        self.project_of(tenant, &pipeline()).await
    }

    pub async fn project_of(&self, tenant: Tenant, pipeline: &Pipeline) -> ProjectId {
        let project = ProjectId(Uuid::new_v4());
        sqlx::query(
            "insert into projects (id, workspace_id, created_by, title, pipeline_id, pipeline_version, pipeline, idea,
                 idea_digest, status)
             values ($1, $2, $3, 'Gym', $7, 1, $4, $5, $6, 'eliciting')",
        )
        .bind(project.0)
        .bind(tenant.workspace.0)
        .bind(tenant.user.0)
        .bind(serde_json::to_value(pipeline).unwrap())
        .bind(IDEA)
        .bind(Digest::of(IDEA.as_bytes()).0)
        .bind(&pipeline.id)
        .execute(&self.owner)
        .await
        .unwrap();
        project
    }

    /// How many rows a statement of the owner counts.
    pub async fn count(&self, statement: &str) -> i64 {
        sqlx::query_scalar(AssertSqlSafe(statement.to_owned())).fetch_one(&self.owner).await.unwrap()
    }

    /// Takes the database away; left out by a test that fails, so that it can be looked at.
    pub async fn remove(self) {
        self.store.pool().close().await;
        self.owner.close().await;
        let mut admin = PgConnection::connect_with(&self.options).await.unwrap();
        admin.execute(AssertSqlSafe(format!("drop database {} with (force)", self.name))).await.unwrap();
    }
}

pub fn pipeline() -> Pipeline {
    let source = include_str!("../../../domain/pipelines/promptr.toml");
    Pipeline::parse(source, &groundwork_domain::agent::known_agents()).unwrap()
}

/// A pipeline that ships, by its id.
#[allow(dead_code, reason = "used by the tests of activities")]
pub fn shipped(id: &str) -> Pipeline {
    let source = match id {
        "build" => include_str!("../../../domain/pipelines/build.toml"),
        "handoff" => include_str!("../../../domain/pipelines/handoff.toml"),
        _ => include_str!("../../../domain/pipelines/promptr.toml"),
    };
    Pipeline::parse(source, &groundwork_domain::agent::known_agents()).unwrap()
}

/// The state machine of a project as it starts.
pub fn machine(tenant: Tenant, project: ProjectId) -> Project {
    machine_of(tenant, project, pipeline())
}

/// The same of another pipeline.
pub fn machine_of(tenant: Tenant, project: ProjectId, pipeline: Pipeline) -> Project {
    let input = ProjectInput {
        project_id: project,
        workspace_id: tenant.workspace,
        owner_id: tenant.user,
        idea: Digest::of(IDEA.as_bytes()),
    };
    Project::start(pipeline, Limits::default(), input, groundwork_domain::project::RULES, Timestamp(1_000))
}
