//! Gates in the read model: what waits, who decided on what, and versions that people wrote.

use crate::database::{Database, Tenant};
use groundwork_domain::access::Role;
use groundwork_domain::command::{Actor, Command, CommandBody};
use groundwork_domain::limits::Limits;
use groundwork_domain::pipeline::Pipeline;
use groundwork_domain::project::{Fact, Project, ProjectInput, RULES};
use groundwork_domain::request::Decision;
use groundwork_domain::work::{ArtifactRef, StageOutcome, StageResult, Used};
use groundwork_domain::{CommandId, Digest, ProjectId, StageId, Timestamp};
use groundwork_store::hitl::{self, RequestFilter};
use groundwork_store::publish::publish;
use groundwork_store::versions::{self, NewVersion};
use uuid::Uuid;

const NOW: Timestamp = Timestamp(1_700_000_000_000);
const MEMO: &str = r#"
id = "memo"
version = 1
title = "A memo"

[[stage]]
id = "memo"
status = "writing"
message = "Writing."
verb = "write"
agent = "architect"
reads = ["idea"]
produces = "memo"

[stage.gate]
name = "memo"
status = "memo_ready"
approved_status = "memo_approved"
"#;

fn start(tenant: Tenant, project: ProjectId) -> Project {
    let pipeline = Pipeline::parse(MEMO, &groundwork_domain::agent::known_agents()).unwrap();
    let input = ProjectInput {
        project_id: project,
        workspace_id: tenant.workspace,
        owner_id: tenant.user,
        idea: Digest::of(crate::database::IDEA.as_bytes()),
    };
    Project::start(pipeline, Limits::default(), input, RULES, NOW)
}

async fn tell(database: &Database, machine: &mut Project, fact: Fact, history: u32) {
    let notices = machine.apply(fact, NOW).unwrap();
    let publication = machine.publication(notices, history);
    for _ in 0..2 {
        publish(&database.store, &publication).await.unwrap();
    }
    machine.texts_stored(publication.texts.len());
}

async fn written(database: &Database, tenant: Tenant, project: ProjectId) -> ArtifactRef {
    let digest = Digest::of(b"# Memo");
    sqlx::query(
        "insert into artifacts (workspace_id, project_id, name, version, digest, kind, format, content, stage, attempt, agent)
         values ($1, $2, 'memo', 1, $3, 'document', 'markdown', '# Memo', 'memo', 1, 'architect')",
    )
    .bind(tenant.workspace.0)
    .bind(project.0)
    .bind(&digest.0)
    .execute(&database.owner)
    .await
    .unwrap();
    ArtifactRef { name: "memo".to_owned(), version: 1, digest }
}

#[tokio::test]
async fn a_gate_waits_is_decided_and_says_who_decided_on_what() {
    let database = Database::new().await;
    let tenant = database.tenant().await;
    sqlx::query("insert into workspace_members (workspace_id, user_id, role, joined_at) values ($1, $2, 'owner', now())")
        .bind(tenant.workspace.0)
        .bind(tenant.user.0)
        .execute(&database.owner)
        .await
        .unwrap();
    let project = database.project(tenant).await;
    let mut machine = start(tenant, project);
    let artifact = written(&database, tenant, project).await;
    let outcome = StageOutcome {
        result: StageResult::Written { artifact: artifact.clone(), stale_prompts: 0 },
        used: Used::default(),
    };
    let ended = Fact::StageEnded { stage: StageId::from("memo"), attempt: 1, outcome };
    tell(&database, &mut machine, ended, 5).await;
    let mut tx = database.store.tenant(tenant.workspace, tenant.user).await.unwrap();
    let filter = RequestFilter { pending: true, rows_max: 10, ..RequestFilter::default() };
    let waiting = hitl::list(&mut tx, tenant.user, filter).await.unwrap();
    assert_eq!(
        (waiting.len(), waiting[0].gate.as_str(), &waiting[0].digest),
        (1, "memo", &artifact.digest.0)
    );

    // The person's own text, stored twice by the same command, before the command that names it.
    let command = CommandId(Uuid::new_v4());
    let new = NewVersion {
        workspace: tenant.workspace,
        project,
        name: "memo",
        stage: "memo",
        base: Some(&artifact),
        content: "# My memo",
        by: tenant.user,
        command,
    };
    let first = versions::write(&mut tx, &new).await.unwrap();
    assert_eq!(versions::write(&mut tx, &new).await.unwrap(), first);
    assert_eq!(first.version, 2);
    tx.commit().await.unwrap();
    let amend = Command {
        command_id: command,
        actor: Actor::User { user_id: tenant.user },
        body: CommandBody::Decide {
            gate: "memo".to_owned(),
            digest: artifact.digest.clone(),
            decision: Decision::Amend,
            comment: Some("Shorter.".to_owned()),
            artifact: Some(first),
            role: Some(Role::Owner),
        },
    };
    tell(&database, &mut machine, Fact::Command(amend), 9).await;
    let mut tx = database.store.tenant(tenant.workspace, tenant.user).await.unwrap();
    assert!(hitl::list(&mut tx, tenant.user, filter).await.unwrap().is_empty());
    let all = RequestFilter { project: Some(project), rows_max: 10, ..RequestFilter::default() };
    let settled = hitl::list(&mut tx, tenant.user, all).await.unwrap();
    assert_eq!((settled[0].status.as_str(), settled[0].decided_by), ("amended", Some(tenant.user.0)));
    assert_eq!(settled[0].response_content.as_deref(), Some("Shorter."));
    drop(tx);
    let current = "select count(*) from artifacts where name = 'memo' and version = 2 and state = 'current' and author_id is not null";
    assert_eq!(database.count(current).await, 1);
    let decided = "select count(*) from gate_decisions where decision = 'amend' and role = 'owner' and digest = encode(sha256('# Memo'), 'hex')";
    assert_eq!(database.count(decided).await, 1, "once, on what was read");
    assert_eq!(database.count("select count(*) from conversation_turns where content = 'Shorter.'").await, 1);
    database.remove().await;
}
