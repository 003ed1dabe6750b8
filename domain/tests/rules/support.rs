//! One helper a layer: a promptr project, and the facts that its world tells it.

use groundwork_domain::access::Role;
use groundwork_domain::agent::known_agents;
use groundwork_domain::command::{Actor, Command, CommandBody};
use groundwork_domain::document::{Answer, QuestionFormat, Verdict};
use groundwork_domain::event::Notice;
use groundwork_domain::ids::{CommandId, Digest, ProjectId, StageId, Timestamp, UserId, WorkspaceId};
use groundwork_domain::limits::Limits;
use groundwork_domain::pipeline::Pipeline;
use groundwork_domain::project::{Fact, Project, ProjectInput, RULES, Step};
use groundwork_domain::request::Decision;
use groundwork_domain::work::{
    ArtifactRef, AskedQuestion, Failure, StageOutcome, StageResult, StageTask, Used, Work,
};
use rust_decimal::Decimal;
use uuid::Uuid;

pub(crate) const NOW: Timestamp = Timestamp(1_700_000_000_000);

pub(crate) fn promptr() -> Pipeline {
    Pipeline::parse(include_str!("../../pipelines/promptr.toml"), &known_agents()).unwrap()
}

pub(crate) fn build_toml() -> &'static str {
    include_str!("../../pipelines/build.toml")
}

pub(crate) fn read(source: &str) -> Pipeline {
    Pipeline::parse(source, &known_agents()).unwrap()
}

/// A project of this pipeline, at its beginning.
pub(crate) fn project_of(source: &str) -> Project {
    Project::start(read(source), Limits::default(), input(), RULES, NOW)
}

pub(crate) fn handoff() -> Project {
    project_of(include_str!("../../pipelines/handoff.toml"))
}

pub(crate) fn project() -> Project {
    project_with(Limits::default())
}

pub(crate) fn project_with(limits: Limits) -> Project {
    Project::start(promptr(), limits, input(), RULES, NOW)
}

pub(crate) fn input() -> ProjectInput {
    ProjectInput {
        project_id: ProjectId(Uuid::from_u128(1)),
        workspace_id: WorkspaceId(Uuid::from_u128(2)),
        owner_id: UserId(Uuid::from_u128(3)),
        idea: Digest::of(b"a gym"),
    }
}

pub(crate) fn user() -> Actor {
    Actor::User { user_id: UserId(Uuid::from_u128(3)) }
}

pub(crate) fn command(id: u128, body: CommandBody) -> Command {
    Command { command_id: CommandId(Uuid::from_u128(id)), actor: user(), body }
}

pub(crate) fn answer(question_id: &str, option: &str) -> Answer {
    Answer { question_id: question_id.into(), options: vec![option.into()], text: None, assumption: None }
}

/// The tasks that should be under way.
pub(crate) fn tasks(project: &Project) -> Vec<StageTask> {
    project
        .next()
        .into_iter()
        .filter_map(|step| match step {
            Step::RunStage(task) => Some(*task),
            Step::AwaitHuman { .. } | Step::Finish => None,
        })
        .collect()
}

/// The one task that should be under way.
pub(crate) fn task(project: &Project) -> StageTask {
    let mut tasks = tasks(project);
    assert_eq!(tasks.len(), 1, "{:?}", project.next());
    tasks.remove(0)
}

pub(crate) fn asked(ids: &[&str]) -> StageResult {
    let questions = ids
        .iter()
        .map(|id| AskedQuestion {
            id: (*id).into(),
            format: QuestionFormat::Radio,
            options: vec!["A".into(), "B".into(), "C".into()],
            recommended: Some("A".into()),
        })
        .collect();
    StageResult::Asked { manifest: Digest::of(b"questions"), questions }
}

pub(crate) fn artifact(name: &str, version: u32) -> ArtifactRef {
    ArtifactRef { name: name.into(), version, digest: Digest::of(format!("{name} {version}").as_bytes()) }
}

pub(crate) fn written(version: u32) -> StageResult {
    StageResult::Written { artifact: artifact("spec", version), stale_prompts: 0 }
}

pub(crate) fn composed(version: u32) -> StageResult {
    StageResult::Composed { artifact: artifact("prompts", version), count: 5, changed: 5 }
}

pub(crate) fn reviewed(version: u32, verdict: Verdict) -> StageResult {
    let mendable = u32::from(verdict == Verdict::Revise);
    StageResult::Reviewed { artifact: artifact("review", version), verdict, mendable, open: 0, passed: None }
}

pub(crate) fn used() -> Used {
    Used {
        input_tokens: 100,
        output_tokens: 10,
        cost_usd: Decimal::new(1, 2),
        active_ms: 1_000,
        calls: 1,
        simulated: true,
    }
}

pub(crate) fn end(project: &mut Project, result: StageResult) -> Vec<Notice> {
    let task = task(project);
    let outcome = StageOutcome { result, used: used() };
    project.apply(Fact::StageEnded { stage: task.stage, attempt: task.attempt, outcome }, NOW).unwrap()
}

pub(crate) fn fail(project: &mut Project, code: &str) -> Vec<Notice> {
    let task = task(project);
    let failure = Failure {
        code: code.into(),
        message: "It broke.".into(),
        permanent: true,
        calls: 2,
        cause_call: Some(2),
        used: used(),
    };
    project.apply(Fact::StageFailed { stage: task.stage, attempt: task.attempt, failure }, NOW).unwrap()
}

pub(crate) fn say(project: &mut Project, id: u128, body: CommandBody) -> Vec<Notice> {
    project.apply(Fact::Command(command(id, body)), NOW).unwrap()
}

/// A project that has its questions answered, spec and prompts written and a passing review.
pub(crate) fn completed() -> Project {
    let mut project = project();
    end(&mut project, asked(&["Q1"]));
    say(&mut project, 100, CommandBody::AcceptRecommendations);
    end(&mut project, written(1));
    end(&mut project, composed(1));
    end(&mut project, reviewed(1, Verdict::Pass));
    project
}

pub(crate) fn kinds(notices: &[Notice]) -> Vec<&'static str> {
    notices.iter().map(|notice| notice.kind.as_str()).collect()
}

pub(crate) fn stage(id: &str) -> StageId {
    id.into()
}

pub(crate) fn is_mend(work: &Work) -> bool {
    matches!(work, Work::Mend { .. })
}

/// Somebody else than the owner.
pub(crate) fn other(number: u128) -> Actor {
    Actor::User { user_id: UserId(Uuid::from_u128(1_000 + number)) }
}

pub(crate) fn says(actor: Actor, id: u128, body: CommandBody) -> Command {
    Command { command_id: CommandId(Uuid::from_u128(id)), actor, body }
}

/// The task of that stage, which should be under way.
pub(crate) fn task_of(project: &Project, id: &str) -> StageTask {
    let found = tasks(project).into_iter().find(|task| task.stage.0 == id);
    found.unwrap_or_else(|| panic!("{id} is not under way: {:?}", project.next()))
}

pub(crate) fn is_running(project: &Project, id: &str) -> bool {
    tasks(project).iter().any(|task| task.stage.0 == id)
}

/// The attempt of that stage which is under way ends so.
pub(crate) fn end_of(project: &mut Project, id: &str, result: StageResult) -> Vec<Notice> {
    let task = task_of(project, id);
    let outcome = StageOutcome { result, used: used() };
    project.apply(Fact::StageEnded { stage: task.stage, attempt: task.attempt, outcome }, NOW).unwrap()
}

pub(crate) fn failure(code: &str) -> Failure {
    Failure {
        code: code.into(),
        message: "It broke.".into(),
        permanent: true,
        calls: 2,
        cause_call: Some(2),
        used: used(),
    }
}

pub(crate) fn fail_of(project: &mut Project, id: &str, code: &str) -> Vec<Notice> {
    let task = task_of(project, id);
    let failure = failure(code);
    project.apply(Fact::StageFailed { stage: task.stage, attempt: task.attempt, failure }, NOW).unwrap()
}

/// A written artifact of the running attempt of that stage: its version is the attempt.
pub(crate) fn write(project: &mut Project, id: &str) -> Vec<Notice> {
    let task = task_of(project, id);
    let artifact = artifact(&task.produces, task.attempt);
    end_of(project, id, StageResult::Written { artifact, stale_prompts: 0 })
}

pub(crate) fn implement(project: &mut Project) -> Vec<Notice> {
    let artifact = artifact("code", task_of(project, "implement").attempt);
    end_of(project, "implement", StageResult::Implemented { artifact, files: 3, bytes: 300 })
}

pub(crate) fn review(project: &mut Project, id: &str, passed: Option<bool>) -> Vec<Notice> {
    let artifact = artifact(id, task_of(project, id).attempt);
    let verdict = if passed == Some(true) { Verdict::Pass } else { Verdict::Revise };
    end_of(project, id, StageResult::Reviewed { artifact, verdict, mendable: 0, open: 0, passed })
}

/// A turn of the chat that makes this version of the brief.
pub(crate) fn replied(brief: Option<u32>) -> StageResult {
    let artifact = brief.map(|version| artifact("brief", version));
    StageResult::Replied { message: Digest::of(b"Which gym?"), artifact, title: None }
}

pub(crate) fn decide(gate: &str, digest: Digest, decision: Decision) -> CommandBody {
    let comment = (decision == Decision::RequestChanges).then(|| "Name the roles.".to_owned());
    let role = Some(Role::Editor);
    CommandBody::Decide { gate: gate.into(), digest, decision, comment, artifact: None, role }
}

/// The digest that the open gate asks about.
pub(crate) fn at_gate(project: &Project, gate: &str) -> Digest {
    let gates = project.summary().gates;
    let view = gates.iter().find(|view| view.gate == gate);
    view.unwrap_or_else(|| panic!("gate {gate} is not open: {gates:?}")).digest.clone()
}

pub(crate) fn approve(project: &mut Project, id: u128, gate: &str) -> Vec<Notice> {
    let digest = at_gate(project, gate);
    say(project, id, decide(gate, digest, Decision::Approve))
}

/// A feature whose brief is confirmed.
pub(crate) fn confirmed(source: &str) -> Project {
    let mut project = project_of(source);
    end_of(&mut project, "brief", replied(Some(1)));
    say(&mut project, 50, CommandBody::ConfirmBrief { digest: artifact("brief", 1).digest });
    project
}

/// A feature that waits at this gate of `build`.
pub(crate) fn waiting_at(gate: &str) -> Project {
    let mut project = confirmed(build_toml());
    for (number, name) in ["spec", "plan", "tests"].into_iter().enumerate() {
        write(&mut project, name);
        if name == gate {
            break;
        }
        approve(&mut project, 51 + number as u128, name);
    }
    project
}

/// A feature whose three gates are passed.
pub(crate) fn implementing() -> Project {
    let mut project = waiting_at("tests");
    approve(&mut project, 60, "tests");
    project
}

/// A feature that went through all of it.
pub(crate) fn done(security: Option<bool>, code: Option<bool>) -> Project {
    let mut project = implementing();
    implement(&mut project);
    review(&mut project, "security_review", security);
    review(&mut project, "code_review", code);
    review(&mut project, "verdict", Some(true));
    project
}

pub(crate) fn status(project: &Project) -> String {
    project.summary().status
}
