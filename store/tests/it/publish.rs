//! The event log and the read model.

use crate::database::{Database, IDEA, Tenant, machine};
use futures::future::join_all;
use groundwork_domain::command::{Actor, Command, CommandBody};
use groundwork_domain::document::{
    Answer, Finding, Layer, Prompt, PromptStage, Question, QuestionFormat, QuestionOption, Severity, Verdict,
};
use groundwork_domain::event::{Cause, EventKind, Notice};
use groundwork_domain::ids::CommandId;
use groundwork_domain::project::{Fact, Project, Step};
use groundwork_domain::publication::Position;
use groundwork_domain::work::{StageOutcome, StageResult, StageTask, Target};
use groundwork_domain::{Digest, ProjectId, Timestamp};
use groundwork_store::artifacts;
use groundwork_store::events;
use groundwork_store::publish::publish;
use groundwork_store::results::{self, NewResult, Product};
use serde_json::json;
use uuid::Uuid;

const NOW: Timestamp = Timestamp(2_000);

async fn log(database: &Database, tenant: Tenant, project: ProjectId) -> Vec<events::EventRow> {
    let mut tx = database.store.tenant(tenant.workspace, tenant.user).await.unwrap();
    events::page(&mut tx, project, 0, 1_000).await.unwrap()
}

fn notice(number: u32) -> Notice {
    Notice {
        kind: EventKind::CommandRejected,
        cause: Cause::Signal { name: "answer".into(), digest: Digest::of(b"x"), occurrence: number },
        item: None,
        actor: Actor::Operator,
        at: NOW,
        payload: json!({"message": "nul \0 inside"}),
    }
}

#[tokio::test]
async fn twenty_writers_leave_no_gap_and_no_event_twice() {
    let database = Database::new().await;
    let tenant = database.tenant().await;
    let project = database.project(tenant).await;
    let machine = machine(tenant, project);
    let publications: Vec<_> = (0..20_u32)
        .map(|writer| machine.publication((0..5).map(|item| notice(writer * 3 + item)).collect(), writer))
        .collect();
    // Each is written twice, as after a crash before the answer.
    let writes =
        publications.iter().chain(&publications).map(|publication| publish(&database.store, publication));
    for written in join_all(writes).await {
        written.unwrap();
    }
    let log = log(&database, tenant, project).await;
    assert_eq!(log.len(), 62 + 1, "62 different notices, and the idea");
    assert!(log.iter().zip(1..).all(|(event, seq)| event.seq == seq));
    assert_eq!((log[0].kind.as_str(), log[0].cause.as_str()), ("new_message", "start"));
    assert_eq!(log[0].payload["message"], IDEA);
    let mut tx = database.store.tenant(tenant.workspace, tenant.user).await.unwrap();
    assert_eq!(events::last_seq(&mut tx, project).await.unwrap(), 63);
    assert_eq!(events::page(&mut tx, project, 60, 2).await.unwrap()[0].seq, 61);
    drop(tx);
    database.remove().await;
}

#[tokio::test]
async fn an_older_publication_is_logged_but_does_not_overwrite() {
    let database = Database::new().await;
    let tenant = database.tenant().await;
    let project = database.project(tenant).await;
    let mut machine = machine(tenant, project);
    let older = machine.publication(vec![notice(1)], 10);
    let cancel =
        Command { command_id: CommandId(Uuid::new_v4()), actor: Actor::Operator, body: CommandBody::Cancel };
    let notices = machine.apply(Fact::Command(cancel.clone()), NOW).unwrap();
    let newer = machine.publication(notices, 11);
    publish(&database.store, &newer).await.unwrap();
    publish(&database.store, &older).await.unwrap();
    let phase = "select count(*) from projects where phase = 'cancelled' and history_length = 11 and workflow_state = 'started'";
    assert_eq!(database.count(phase).await, 1);
    assert!(log(&database, tenant, project).await.iter().any(|event| event.kind == "command_rejected"));
    let mut tx = database.store.tenant(tenant.workspace, tenant.user).await.unwrap();
    assert!(events::shows_command(&mut tx, project, cancel.command_id.0).await.unwrap());
    assert!(!groundwork_store::calls::is_wanted(&mut tx, project, &"questions".into(), 1).await.unwrap());
    drop(tx);
    // A new run begins its history anew, and is newer all the same.
    let mut next_run = machine.publication(Vec::new(), 1);
    next_run.position = Position { run: 2, history_length: 1, nth: 0 };
    publish(&database.store, &next_run).await.unwrap();
    assert_eq!(database.count("select count(*) from projects where run = 2").await, 1);
    database.remove().await;
}

/// What happens while a task of the workflow publishes is published by the same task: the history is no longer then.
#[tokio::test]
async fn of_two_publications_at_one_length_of_the_history_the_later_one_is_shown() {
    let database = Database::new().await;
    let tenant = database.tenant().await;
    let project = database.project(tenant).await;
    let mut machine = machine(tenant, project);
    let first = machine.publication(vec![notice(1)], 10);
    let cancel =
        Command { command_id: CommandId(Uuid::new_v4()), actor: Actor::Operator, body: CommandBody::Cancel };
    let notices = machine.apply(Fact::Command(cancel), NOW).unwrap();
    let mut second = machine.publication(notices, 10);
    second.position.nth = 1;
    publish(&database.store, &first).await.unwrap();
    publish(&database.store, &second).await.unwrap();
    publish(&database.store, &first).await.unwrap();
    let shown = "select count(*) from projects where phase = 'cancelled' and publication_no = 1";
    assert_eq!(database.count(shown).await, 1);
    database.remove().await;
}

fn task(machine: &Project) -> StageTask {
    match machine.next().pop().unwrap() {
        Step::RunStage(task) => *task,
        other => panic!("{other:?}"),
    }
}

/// Stores what an attempt made, twice, and tells the state machine.
async fn end(database: &Database, machine: &mut Project, product: Product, history: u32) -> StageOutcome {
    let task = task(machine);
    let digest = Digest::of(b"prompt");
    let new = NewResult {
        task: &task,
        product,
        model: Some("m"),
        prompt_digest: Some(&digest),
        message: "Done.",
        at: NOW,
    };
    let first = results::store(database.store.tenant(task.workspace_id, task.owner_id).await.unwrap(), &new)
        .await
        .unwrap();
    let again = results::store(database.store.tenant(task.workspace_id, task.owner_id).await.unwrap(), &new)
        .await
        .unwrap();
    assert_eq!(first, again, "a second run finds the first one's result");
    let fact = Fact::StageEnded { stage: task.stage, attempt: task.attempt, outcome: first.clone() };
    tell(database, machine, fact, history).await;
    first
}

async fn tell(database: &Database, machine: &mut Project, fact: Fact, history: u32) {
    let notices = machine.apply(fact, NOW).unwrap();
    let publication = machine.publication(notices, history);
    publish(&database.store, &publication).await.unwrap();
    publish(&database.store, &publication).await.unwrap();
    machine.texts_stored(publication.texts.len());
}

fn question() -> Question {
    let option = |key: &str, recommended| QuestionOption {
        key: key.into(),
        label: format!("Label {key}"),
        recommended,
    };
    Question {
        id: "Q1".into(),
        text: "Who?".into(),
        category: "users".into(),
        why: "Decides.".into(),
        format: QuestionFormat::Radio,
        options: vec![option("A", true), option("B", false)],
    }
}

fn prompt(number: u32, text: &str) -> Prompt {
    Prompt {
        number,
        stage: PromptStage::Backend,
        title: format!("Prompt {number}"),
        covers: vec!["FR-001".into()],
        needs: Vec::new(),
        content: format!("# {number:02} · backend\n{text}"),
        checklist: vec!["done".into()],
    }
}

fn finding(id: &str, layer: Layer) -> Finding {
    Finding {
        id: id.into(),
        severity: Severity::Major,
        layer,
        prompts: vec![2],
        requirements: vec!["FR-001".into()],
        problem: "p".into(),
        fix: "f".into(),
    }
}

fn review(verdict: Verdict, findings: Vec<Finding>, mendable: u32) -> Product {
    Product::Review { content: format!("{findings:?}"), verdict, findings, mendable, passed: None }
}

#[tokio::test]
async fn a_whole_project_reads_back_as_it_was_decided() {
    let database = Database::new().await;
    let tenant = database.tenant().await;
    let project = database.project(tenant).await;
    let mut machine = machine(tenant, project);
    publish(&database.store, &machine.publication(machine.opening_notices(NOW), 1)).await.unwrap();

    end(&database, &mut machine, Product::Questions(vec![question()]), 2).await;
    let answer = Answer {
        question_id: "Q1".into(),
        options: vec!["B".into()],
        text: Some("and staff".into()),
        assumption: None,
    };
    let body = CommandBody::Answer { answers: vec![answer.clone()], recommendations_for_rest: false };
    let command =
        Command { command_id: CommandId(Uuid::new_v4()), actor: Actor::User { user_id: tenant.user }, body };
    tell(&database, &mut machine, Fact::Command(command), 3).await;
    let mut tx = database.store.tenant(tenant.workspace, tenant.user).await.unwrap();
    let stored = artifacts::questions(&mut tx, project).await.unwrap();
    assert_eq!(stored, [(question(), Some(answer))]);
    drop(tx);

    let spec = Product::Document { content: "# Spec".into(), makes_stale: Vec::new() };
    end(&database, &mut machine, spec, 4).await;
    end(&database, &mut machine, Product::Prompts(vec![prompt(1, "a"), prompt(2, "b")]), 5).await;
    let findings = vec![finding("C1", Layer::Prompt), finding("C2", Layer::Spec)];
    end(&database, &mut machine, review(Verdict::Revise, findings, 1), 6).await;
    let mended =
        end(&database, &mut machine, Product::Prompts(vec![prompt(1, "a"), prompt(2, "mended")]), 7).await;
    assert!(matches!(mended.result, StageResult::Composed { count: 2, changed: 1, .. }));
    end(&database, &mut machine, review(Verdict::Pass, vec![finding("C1", Layer::Spec)], 0), 8).await;

    let current: Vec<(i32, i32)> =
        sqlx::query_as("select number, version from prompts where is_current order by number")
            .fetch_all(&database.owner)
            .await
            .unwrap();
    assert_eq!(current, [(1, 1), (2, 2)], "only what changed has a new version");
    let states: Vec<(i32, String, String)> =
        sqlx::query_as("select review_version, id, state from findings order by review_version, id")
            .fetch_all(&database.owner)
            .await
            .unwrap();
    let states: Vec<_> =
        states.iter().map(|(version, id, state)| (*version, id.as_str(), state.as_str())).collect();
    assert_eq!(states, [(1, "C1", "mended"), (1, "C2", "superseded"), (2, "C1", "open")]);
    let log = log(&database, tenant, project).await;
    let payload = |kind: &str| &log.iter().find(|event| event.kind == kind).unwrap().payload;
    assert_eq!(payload("questions_ready")["questions"][0]["text"], "Who?");
    assert_eq!(payload("workflow_completed")["findings"][0]["id"], "C1");
    assert_eq!(payload("workflow_completed")["open_findings"], 1);
    refine(&database, &mut machine, tenant, project).await;
    database.remove().await;
}

async fn refine(database: &Database, machine: &mut Project, tenant: Tenant, project: ProjectId) {
    let body = CommandBody::Refine { target: "Overview".into(), request: "Shorter".into() };
    let command_id = CommandId(Uuid::new_v4());
    let command = Command { command_id, actor: Actor::User { user_id: tenant.user }, body };
    tell(database, machine, Fact::Command(command), 9).await;
    let mut tx = database.store.tenant(tenant.workspace, tenant.user).await.unwrap();
    assert_eq!(
        artifacts::refinement_request(&mut tx, project, command_id).await.unwrap().as_deref(),
        Some("Shorter")
    );
    drop(tx);
    assert!(matches!(
        task(machine).work,
        groundwork_domain::work::Work::Refine { target: Target::Section { .. }, .. }
    ));
    let spec = Product::Document { content: "# Shorter".into(), makes_stale: vec![2] };
    end(database, machine, spec, 10).await;
    assert_eq!(
        database.count("select count(*) from prompts where is_stale and is_current and number = 2").await,
        1
    );
    assert_eq!(database.count("select count(*) from refinements where state = 'done'").await, 1);
    assert_eq!(
        database
            .count(
                "select count(*) from artifacts where name = 'spec' and state = 'superseded' and version = 1"
            )
            .await,
        1
    );
    let log = log(database, tenant, project).await;
    let completed = log.iter().find(|event| event.kind == "refinement_completed").unwrap();
    assert_eq!(completed.payload["stale_prompts"], json!([2]));
    let mut tx = database.store.tenant(tenant.workspace, tenant.user).await.unwrap();
    let set = artifacts::current(&mut tx, project, "prompts").await.unwrap().unwrap();
    assert_eq!(
        artifacts::prompts(&mut tx, project, &set).await.unwrap(),
        [prompt(1, "a"), prompt(2, "mended")]
    );
}

#[tokio::test]
async fn what_is_taken_back_is_current_no_more_though_nothing_takes_its_place_yet() {
    let database = Database::new().await;
    let tenant = database.tenant().await;
    let project = database.project(tenant).await;
    let mut machine = machine(tenant, project);
    publish(&database.store, &machine.publication(machine.opening_notices(NOW), 1)).await.unwrap();
    let actor = Actor::User { user_id: tenant.user };
    let say = |body| Fact::Command(Command { command_id: CommandId(Uuid::new_v4()), actor, body });
    end(&database, &mut machine, Product::Questions(vec![question()]), 2).await;
    tell(&database, &mut machine, say(CommandBody::AcceptRecommendations), 3).await;
    let spec = Product::Document { content: "# Spec".into(), makes_stale: Vec::new() };
    end(&database, &mut machine, spec, 4).await;
    end(&database, &mut machine, Product::Prompts(vec![prompt(1, "a"), prompt(2, "b")]), 5).await;
    end(&database, &mut machine, review(Verdict::Pass, vec![finding("C1", Layer::Spec)], 0), 6).await;
    let current = "select count(*) from artifacts where state = 'current'";
    assert_eq!(database.count(current).await, 3);

    // The prompts again: the specification stays, what came of it does not.
    tell(&database, &mut machine, say(CommandBody::Rewind { stage: "prompts".into(), model: None }), 7).await;
    assert_eq!(database.count(current).await, 1);
    assert_eq!(database.count("select count(*) from prompts where is_current").await, 0);
    assert_eq!(database.count("select count(*) from findings where state in ('open', 'reported')").await, 0);
    end(&database, &mut machine, Product::Prompts(vec![prompt(1, "a"), prompt(2, "b")]), 8).await;
    assert_eq!(database.count(current).await, 2);
    assert_eq!(database.count("select count(*) from prompts where is_current").await, 2);

    // All of it again, while a person is waited for.
    let failure = groundwork_domain::work::Failure {
        code: "model_unavailable".into(),
        message: "Nobody answers.".into(),
        permanent: true,
        calls: 1,
        cause_call: None,
        used: Default::default(),
    };
    let failed = task(&machine);
    let fact = Fact::StageFailed { stage: failed.stage, attempt: failed.attempt, failure };
    tell(&database, &mut machine, fact, 9).await;
    tell(&database, &mut machine, say(CommandBody::Revise { brief: None }), 10).await;
    assert_eq!(database.count(current).await, 0, "the code of an earlier brief is not handed out");
    assert_eq!(database.count("select count(*) from prompts where is_current").await, 0);
    database.remove().await;
}

#[tokio::test]
async fn a_failed_branch_is_a_dead_letter_though_the_project_waits_for_people() {
    let database = Database::new().await;
    let tenant = database.tenant().await;
    let project = database.project(tenant).await;
    let machine = machine(tenant, project);
    let mut publication = machine.publication(Vec::new(), 3);
    let failed = |stage: &str, at: i64| groundwork_domain::publication::StageFailure {
        stage: stage.into(),
        attempt: 2,
        phase: groundwork_domain::project::Phase::Working,
        failure: groundwork_domain::work::Failure {
            code: "provider_refused".into(),
            message: "No.".into(),
            permanent: true,
            calls: 3,
            cause_call: None,
            used: Default::default(),
        },
        at: Timestamp(at),
    };
    publication.view.failures = vec![failed("security_review", 5_000), failed("code_review", 6_000)];
    publication.view.failure = publication.view.failures.last().cloned();
    publish(&database.store, &publication).await.unwrap();
    let filter = || groundwork_store::operations::FailedFilter { rows_max: 10, ..Default::default() };
    let letters = groundwork_store::operations::failed(&database.store, &filter()).await.unwrap();
    let stages: Vec<_> = letters.iter().map(|letter| letter.stage.as_deref().unwrap()).collect();
    assert_eq!(stages, ["code_review", "security_review"], "both, the latest first");
    assert_ne!(publication.view.summary.phase.as_str(), "failed");
    let troubles =
        groundwork_store::operations::supervise(&database.store, std::time::Duration::from_secs(3_600)).await;
    let failing = troubles.unwrap().into_iter().find(|trouble| trouble.kind == "failing");
    assert_eq!(failing.unwrap().stage.as_deref(), Some("security_review"), "the one that stands longest");
    // Taken up again.
    publication.position.history_length = 9;
    publication.view.failures.remove(0);
    publish(&database.store, &publication).await.unwrap();
    let letters = groundwork_store::operations::failed(&database.store, &filter()).await.unwrap();
    assert_eq!(letters.len(), 1);
    database.remove().await;
}
