//! A workspace with a member of each role, a project with all that a project can have, and people who have no business there.
//! Made by statements of the database's owner, so that it costs no password hash.

use crate::server::{Person, SECRET, Server};
use chrono::Utc;
use groundwork_domain::{ProjectId, UserId, WorkspaceId};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Stands in every text of the workspace.
const MARK: &str = "zebrafish";
/// The hash of no password that anybody knows.
const NO_PASSWORD: &str = "$2b$04$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyzabcde";
/// What stands before an Ed25519 seed in PKCS#8 (RFC 8410).
const PKCS8: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// Who asks.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Caller {
    /// Shows nothing.
    Nobody,
    /// Shows a token.
    Token { who: &'static str, token: String },
}

impl std::fmt::Debug for Caller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nobody => f.write_str("nobody"),
            Self::Token { who, .. } => f.write_str(who),
        }
    }
}

pub(super) struct Place {
    pub(super) project: ProjectId,
    pub(super) people: BTreeMap<&'static str, Person>,
    owner: UserId,
    workspace: WorkspaceId,
    artifact: Uuid,
    session: Uuid,
    invitation: Uuid,
    token: Uuid,
    comments: BTreeMap<&'static str, Uuid>,
    upload: Uuid,
    request: Uuid,
    feature: ProjectId,
}

impl Place {
    pub(super) async fn new(server: &Server) -> Self {
        let workspace = WorkspaceId(Uuid::new_v4());
        let people = everybody(server, workspace).await;
        let mut owner = people["owner"].clone();
        owner.workspace = workspace;
        let project = server.project(&owner).await;
        crate::export::with_package(server, &owner, project).await;
        mark(server, project).await;
        server.happen(&owner, project, 1).await;
        let artifact = "select id from artifacts where project_id = $1 and name = 'spec'";
        let artifact = sqlx::query_scalar(artifact).bind(project.0).fetch_one(&server.owner).await.unwrap();
        let session = "select id from sessions where user_id = $1";
        let session = sqlx::query_scalar(session).bind(owner.id.0).fetch_one(&server.owner).await.unwrap();
        let invitation = Uuid::new_v4();
        let sql = "insert into invitations (id, workspace_id, email, role, invited_by, expires_at)
            values ($1, $2, $3, 'viewer', $4, now() + interval '1 day')";
        let email = format!("somebody-{invitation}@example.org");
        run(server, sqlx::query(sql).bind(invitation).bind(workspace.0).bind(email).bind(owner.id.0)).await;
        let token = Uuid::new_v4();
        let sql = "insert into api_tokens (id, user_id, name, digest, scopes, expires_at)
            values ($1, $2, $3, repeat('0', 32) || replace($1::text, '-', ''), '{projects:read}', now() + interval '1 day')";
        run(server, sqlx::query(sql).bind(token).bind(owner.id.0).bind(MARK)).await;
        // One of each: people change what they wrote, and nobody else's.
        let mut comments = BTreeMap::new();
        for name in ["owner", "admin", "editor"] {
            comments.insert(name, comment(server, workspace, project, artifact, people[name].id).await);
        }
        let upload = upload(server, workspace, project, owner.id).await;
        pipeline(server, workspace, owner.id).await;
        let request = request(server, workspace, project).await;
        let feature = server.project(&owner).await;
        let sql = "update projects set pipeline_id = 'build', pipeline = $3, title = $2 where id = $1";
        let build = serde_json::to_value(crate::decisions::build()).unwrap();
        run(server, sqlx::query(sql).bind(feature.0).bind(MARK).bind(build)).await;
        Self {
            project,
            owner: owner.id,
            people,
            workspace,
            artifact,
            session,
            invitation,
            token,
            comments,
            upload,
            request,
            feature,
        }
    }

    /// Who is called that: a role, `invited`, `stranger`, `expired`, `revoked` or `deactivated`.
    pub(super) fn caller(&self, who: &'static str) -> Caller {
        Caller::Token { who, token: self.people[who].token.clone() }
    }

    /// The path of a row for a caller: a comment is one's own, where one wrote one.
    pub(super) fn path(&self, template: &str, caller: &Caller) -> String {
        let who = if let Caller::Token { who, .. } = caller { who } else { "" };
        let own =
            self.comments.get(who).map(|comment| template.replace("{comment_id}", &comment.to_string()));
        self.fill(own.as_deref().unwrap_or(template))
    }

    /// Puts the workspace's ids into a path or a body.
    pub(super) fn fill(&self, template: &str) -> String {
        let mut text = template.to_owned();
        for (name, value) in [
            ("{workspace_id}", self.workspace.to_string()),
            ("{project_id}", self.project.to_string()),
            ("{artifact_id}", self.artifact.to_string()),
            ("{session_id}", self.session.to_string()),
            ("{token_id}", self.token.to_string()),
            // A member like any other; what is done to the last owner is another question.
            ("{user_id}", self.people["viewer"].id.to_string()),
            // Somebody who is none of the callers.
            ("{member_id}", self.people["guest"].id.to_string()),
            ("{invitation_id}", self.invitation.to_string()),
            ("{comment_id}", self.comments["editor"].to_string()),
            ("{request_id}", self.request.to_string()),
            ("{feature_id}", self.feature.to_string()),
            ("{upload_id}", self.upload.to_string()),
            ("{dead_letter_id}", self.project.to_string()),
            ("{pipeline_id}", MARK.to_owned()),
            ("{model_provider}", "anthropic".to_owned()),
            ("{number}", "1".to_owned()),
            ("{provider}", "sso".to_owned()),
        ] {
            text = text.replace(name, &value);
        }
        let is_path = text.starts_with('/');
        assert!(!is_path || !text.contains('{'), "say in place.rs what of the workspace {text} names");
        text
    }

    /// What must stand in no answer to who is not in the workspace.
    pub(super) fn marks(&self) -> Vec<String> {
        let ids = [
            self.workspace.0,
            self.project.0,
            self.feature.0,
            self.artifact,
            self.session,
            self.token,
            self.owner.0,
        ];
        ids.iter().map(Uuid::to_string).chain([MARK.to_owned(), format!("owner-{}", self.owner)]).collect()
    }
}

/// Everybody who asks, in the workspace as far as they belong to it.
async fn everybody(server: &Server, workspace: WorkspaceId) -> BTreeMap<&'static str, Person> {
    let mut people = BTreeMap::new();
    for name in [
        "owner",
        "admin",
        "editor",
        "viewer",
        "guest",
        "invited",
        "stranger",
        "expired",
        "revoked",
        "deactivated",
    ] {
        people.insert(name, person(server, name).await);
    }
    let owner = people["owner"].id;
    let sql = "insert into workspaces (id, owner_id, name) values ($1, $2, $3)";
    run(server, sqlx::query(sql).bind(workspace.0).bind(owner.0).bind(MARK)).await;
    for name in
        ["owner", "admin", "editor", "viewer", "guest", "invited", "expired", "revoked", "deactivated"]
    {
        let role = match name {
            "admin" | "editor" | "viewer" => name,
            "guest" => "viewer",
            _ => "owner",
        };
        join(server, workspace, people[name].id, role, name != "invited").await;
    }
    let sql = "update users set is_active = false where id = $1";
    run(server, sqlx::query(sql).bind(people["deactivated"].id.0)).await;

    people
}

async fn run(server: &Server, query: sqlx::query::Query<'_, sqlx::Postgres, sqlx::postgres::PgArguments>) {
    query.execute(&server.owner).await.unwrap();
}

/// Somebody with a personal workspace and a session, as sign-up leaves them.
async fn person(server: &Server, name: &'static str) -> Person {
    let (user, session) = (UserId(Uuid::new_v4()), Uuid::new_v4());
    let personal = groundwork_store::workspaces::personal(user);
    let sql = "insert into users (id, email, password_hash, name) values ($1, $2, $4, $3)";
    let email = format!("{name}-{user}@example.org");
    run(server, sqlx::query(sql).bind(user.0).bind(email).bind(name).bind(NO_PASSWORD)).await;
    let sql = "insert into workspaces (id, owner_id, name) values ($1, $2, 'Own')";
    run(server, sqlx::query(sql).bind(personal.0).bind(user.0)).await;
    join(server, personal, user, "owner", true).await;
    let sql = "insert into sessions (id, user_id, expires_at, revoked_at)
        values ($1, $2, now() + interval '1 day', case when $3 then now() end)";
    run(server, sqlx::query(sql).bind(session).bind(user.0).bind(name == "revoked")).await;
    let lives_s = if name == "expired" { -3_600 } else { 3_600 };
    server.person(user, personal, token(user, session, lives_s))
}

async fn join(server: &Server, workspace: WorkspaceId, user: UserId, role: &str, has_joined: bool) {
    let sql = "insert into workspace_members (workspace_id, user_id, role, joined_at)
        values ($1, $2, $3, case when $4 then now() end)";
    run(server, sqlx::query(sql).bind(workspace.0).bind(user.0).bind(role).bind(has_joined)).await;
}

async fn comment(
    server: &Server,
    place: WorkspaceId,
    project: ProjectId,
    artifact: Uuid,
    by: UserId,
) -> Uuid {
    let id = Uuid::new_v4();
    let sql = "insert into comments (id, workspace_id, project_id, artifact_id, version, digest, comment_type, text, created_by)
        values ($1, $2, $3, $4, 1, repeat('0', 64), 'comment', $5, $6)";
    let query = sqlx::query(sql).bind(id).bind(place.0).bind(project.0).bind(artifact).bind(MARK).bind(by.0);
    run(server, query).await;
    id
}

async fn upload(server: &Server, place: WorkspaceId, project: ProjectId, by: UserId) -> Uuid {
    let id = Uuid::new_v4();
    let sql = "insert into uploads (id, workspace_id, project_id, filename, media_type, size_bytes, digest, storage_key, content,
            text, uploaded_by)
        values ($1, $2, $3, $4 || '.txt', 'text/plain', 9, repeat('0', 64), 'x', convert_to($4, 'UTF8'), $4, $5)";
    run(server, sqlx::query(sql).bind(id).bind(place.0).bind(project.0).bind(MARK).bind(by.0)).await;
    id
}

async fn request(server: &Server, place: WorkspaceId, project: ProjectId) -> Uuid {
    let id = Uuid::new_v4();
    let sql = "insert into hitl_requests (id, workspace_id, project_id, kind, gate, stage, attempt, digest, artifact_name,
            artifact_version, request_content, created_at)
        values ($1, $2, $3, 'gate', 'spec', 'spec', 1, repeat('0', 64), 'spec', 1, $4, now())";
    run(server, sqlx::query(sql).bind(id).bind(place.0).bind(project.0).bind(MARK)).await;
    id
}

async fn pipeline(server: &Server, place: WorkspaceId, by: UserId) {
    let sql = "insert into pipelines (workspace_id, id, version, title, description, source, definition, digest, created_by)
        values ($1, $2, 1, $2, $2, $2, $3, repeat('0', 64), $4)";
    let definition = serde_json::to_value(crate::server::pipeline()).unwrap();
    run(server, sqlx::query(sql).bind(place.0).bind(MARK).bind(definition).bind(by.0)).await;
}

async fn mark(server: &Server, project: ProjectId) {
    for sql in [
        "update projects set title = $2 where id = $1",
        "update artifacts set content = content || $2, digest = encode(sha256(convert_to(content || $2, 'UTF8')), 'hex')
         where project_id = $1",
        "update prompts set title = $2, content = $2 where project_id = $1",
        "update questions set text = $2, why = $2 where project_id = $1",
        "update findings set problem = $2, fix = $2 where project_id = $1",
    ] {
        run(server, sqlx::query(sql).bind(project.0).bind(MARK)).await;
    }
}

/// An access token as the server itself signs them: made here so that it can be of yesterday.
fn token(user: UserId, session: Uuid, lives_s: i64) -> String {
    let mut seed = Sha256::new();
    seed.update(b"groundwork access tokens, ed25519, 1\0");
    seed.update(SECRET);
    let der: Vec<u8> = PKCS8.into_iter().chain(seed.finalize()).collect();
    let now = Utc::now().timestamp();
    let claims =
        json!({"iss": "groundwork", "sub": user, "sid": session, "iat": now - 7_200, "exp": now + lives_s});
    jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &claims, &EncodingKey::from_ed_der(&der)).unwrap()
}
