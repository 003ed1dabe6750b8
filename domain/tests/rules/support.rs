//! One helper a layer: a promptr project, and the facts that its world tells it.

use groundwork_domain::agent::known_agents;
use groundwork_domain::command::{Actor, Command, CommandBody};
use groundwork_domain::document::{Answer, QuestionFormat, Verdict};
use groundwork_domain::event::Notice;
use groundwork_domain::ids::{CommandId, Digest, ProjectId, StageId, Timestamp, UserId, WorkspaceId};
use groundwork_domain::limits::Limits;
use groundwork_domain::pipeline::Pipeline;
use groundwork_domain::project::{Fact, Project, ProjectInput, RULES, Step};
use groundwork_domain::work::{
    ArtifactRef, AskedQuestion, Failure, StageOutcome, StageResult, StageTask, Used, Work,
};
use rust_decimal::Decimal;
use uuid::Uuid;

pub(crate) const NOW: Timestamp = Timestamp(1_700_000_000_000);

pub(crate) fn promptr() -> Pipeline {
    Pipeline::parse(include_str!("../../pipelines/promptr.toml"), &known_agents()).unwrap()
}

pub(crate) fn project() -> Project {
    project_with(Limits::default())
}

pub(crate) fn project_with(limits: Limits) -> Project {
    let input = ProjectInput {
        project_id: ProjectId(Uuid::from_u128(1)),
        workspace_id: WorkspaceId(Uuid::from_u128(2)),
        owner_id: UserId(Uuid::from_u128(3)),
        idea: Digest::of(b"a gym"),
    };
    Project::start(promptr(), limits, input, RULES, NOW)
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
    StageResult::Reviewed { artifact: artifact("review", version), verdict, mendable, open: 0 }
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
