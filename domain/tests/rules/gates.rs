//! Gates: who decides what, on which text, until when.

use super::support::*;
use groundwork_domain::access::Role;
use groundwork_domain::command::{Actor, CommandBody, RejectionCode};
use groundwork_domain::document::audit::Recommendation;
use groundwork_domain::ids::{Digest, Timestamp};
use groundwork_domain::project::{Fact, Phase, Project};
use groundwork_domain::request::{Decision, RequestStatus};
use groundwork_domain::work::{StageResult, Work};

fn code(project: &Project, actor: Actor, body: CommandBody) -> Option<RejectionCode> {
    project.check(&says(actor, 900, body)).err().map(|rejection| rejection.code)
}

fn as_role(body: CommandBody, to: Option<Role>) -> CommandBody {
    match body {
        CommandBody::Decide { gate, digest, decision, comment, artifact, .. } => {
            CommandBody::Decide { gate, digest, decision, comment, artifact, role: to }
        }
        other => other,
    }
}

/// `build` with another policy at gate spec.
fn with_policy(policy: &str) -> String {
    build_toml().replacen(
        "advisor = \"alignment_reviewer\"\nremind_after = \"1d\"\nescalate_after = \"3d\"",
        policy,
        1,
    )
}

fn at_spec(policy: &str) -> Project {
    let mut project = confirmed(&with_policy(policy));
    write(&mut project, "spec");
    project
}

fn later(ms: i64) -> Timestamp {
    Timestamp(NOW.0 + ms)
}

#[test]
fn a_feature_passes_three_gates_and_both_reviews() {
    let mut project = confirmed(build_toml());
    assert_eq!((project.phase(), status(&project).as_str()), (Phase::Working, "spec_generating"));
    let notices = write(&mut project, "spec");
    assert_eq!(kinds(&notices)[..2], ["spec_ready", "gate_ready"]);
    assert_eq!((project.phase(), status(&project).as_str()), (Phase::AwaitingApproval, "spec_ready"));
    assert_eq!(project.summary().waiting_for.as_deref(), Some("gate:spec"));
    assert!(!is_running(&project, "plan"), "what needs the specification waits for people");

    let notices = approve(&mut project, 1, "spec");
    let words: Vec<_> = notices.iter().filter_map(|notice| notice.payload["status"].as_str()).collect();
    assert!(words.ends_with(&["plan_generating"]) || words.contains(&"spec_approved"), "{words:?}");
    write(&mut project, "plan");
    approve(&mut project, 2, "plan");
    write(&mut project, "tests");
    approve(&mut project, 3, "tests");
    implement(&mut project);
    assert!(is_running(&project, "security_review") && is_running(&project, "code_review"), "side by side");
    review(&mut project, "security_review", Some(true));
    assert!(!is_running(&project, "verdict"));
    review(&mut project, "code_review", Some(true));
    review(&mut project, "verdict", Some(false));
    // The verdict is worked out from the reviews, whatever its own activity says.
    assert_eq!((project.phase(), status(&project).as_str()), (Phase::Completed, "done"));
}

#[test]
fn the_advisor_stands_beside_the_gate_and_never_decides() {
    let mut project = waiting_at("spec");
    let task = task_of(&project, "spec-advice");
    assert!(matches!(&task.work, Work::Advise { gate, .. } if gate == "spec"));
    assert_eq!(task.agent, "alignment_reviewer");
    let advised = StageResult::Advised {
        artifact: artifact("spec", 1),
        recommendation: Recommendation::Revise,
        reason: Digest::of(b"why"),
    };
    assert_eq!(kinds(&end_of(&mut project, "spec-advice", advised))[0], "gate_advised");
    assert_eq!(project.phase(), Phase::AwaitingApproval);
    assert_eq!(project.summary().gates[0].recommendation, Some(Recommendation::Revise));
    // F-02: approved against it.
    approve(&mut project, 1, "spec");
    assert!(is_running(&project, "plan"));

    let mut project = waiting_at("spec");
    assert_eq!(kinds(&fail_of(&mut project, "spec-advice", "provider_refused"))[0], "advice_failed");
    assert_eq!((project.phase(), status(&project).as_str()), (Phase::AwaitingApproval, "spec_ready"));
    approve(&mut project, 1, "spec");
}

#[test]
fn advice_that_comes_after_the_decision_is_paid_and_not_used() {
    let mut project = waiting_at("spec");
    let late = task_of(&project, "spec-advice");
    approve(&mut project, 1, "spec");
    assert!(!is_running(&project, "spec-advice"), "nobody waits for it any more");
    let cost = project.summary().cost_usd;
    let result = StageResult::Advised {
        artifact: artifact("spec", 1),
        recommendation: Recommendation::Approve,
        reason: Digest::of(b"why"),
    };
    let outcome = groundwork_domain::work::StageOutcome { result, used: used() };
    let fact = Fact::StageEnded { stage: late.stage, attempt: late.attempt, outcome };
    assert!(project.apply(fact, NOW).unwrap().is_empty());
    assert!(project.summary().cost_usd > cost);
}

#[test]
fn refusals_have_a_typed_reason() {
    let project = waiting_at("plan");
    let current = at_gate(&project, "plan");
    let old = artifact("spec", 1).digest;
    let approve = |gate: &str, digest: &Digest| decide(gate, digest.clone(), Decision::Approve);
    let cases = [
        (user(), approve("plan", &old), RejectionCode::StaleDigest),
        (user(), approve("tests", &current), RejectionCode::WrongGate),
        (user(), approve("nothing", &current), RejectionCode::WrongGate),
        (user(), approve("spec", &old), RejectionCode::AlreadyDecided),
        (user(), as_role(approve("plan", &current), None), RejectionCode::WrongRole),
        (user(), as_role(approve("plan", &current), Some(Role::Viewer)), RejectionCode::WrongRole),
        (Actor::Operator, as_role(approve("plan", &current), None), RejectionCode::WrongRole),
        (Actor::System, approve("plan", &current), RejectionCode::WrongRole),
    ];
    for (actor, body, expected) in cases {
        assert_eq!(code(&project, actor, body.clone()), Some(expected), "{body:?}");
    }
    let silent = CommandBody::Decide {
        gate: "plan".into(),
        digest: current.clone(),
        decision: Decision::RequestChanges,
        comment: Some("  ".into()),
        artifact: None,
        role: Some(Role::Editor),
    };
    assert_eq!(code(&project, user(), silent), Some(RejectionCode::InvalidAnswer));
    assert_eq!(
        code(&project, user(), decide("plan", current, Decision::Amend)),
        Some(RejectionCode::InvalidAnswer)
    );
}

#[test]
fn of_two_people_one_decides_and_the_other_is_told() {
    for second in Decision::ALL {
        let mut project = waiting_at("spec");
        let read = at_gate(&project, "spec");
        project
            .apply(Fact::Command(says(other(1), 1, decide("spec", read.clone(), Decision::Approve))), NOW)
            .unwrap();
        let told = code(&project, other(2), decide("spec", read.clone(), second));
        assert_eq!(told, Some(RejectionCode::AlreadyDecided), "{second:?}");
        // The first one's own repetition is no second decision.
        assert_eq!(project.check(&says(other(1), 1, decide("spec", read, Decision::Approve))), Ok(()));
    }
}

#[test]
fn changes_can_be_asked_for_three_times() {
    let mut project = waiting_at("spec");
    for round in 1..=3 {
        let read = at_gate(&project, "spec");
        say(&mut project, u128::from(round), decide("spec", read.clone(), Decision::RequestChanges));
        let task = task_of(&project, "spec");
        assert!(
            matches!(&task.work, Work::Again { round: now, artifact, .. } if *now == round && artifact.digest == read)
        );
        write(&mut project, "spec");
    }
    let read = at_gate(&project, "spec");
    say(&mut project, 4, decide("spec", read, Decision::RequestChanges));
    assert_eq!(project.phase(), Phase::Failed);
    assert_eq!(project.publication(vec![], 0).view.failure.unwrap().failure.code, "changes_used_up");
    say(&mut project, 5, CommandBody::Retry { model: None });
    assert_eq!(task_of(&project, "spec").work, Work::Fresh);
}

#[test]
fn what_was_rejected_is_open_for_revise_and_not_for_retry() {
    let mut project = waiting_at("plan");
    let read = at_gate(&project, "plan");
    let notices = say(&mut project, 1, decide("plan", read, Decision::Reject));
    assert!(kinds(&notices).contains(&"workflow_failed"));
    assert_eq!(project.publication(vec![], 0).view.failure.unwrap().failure.code, "rejected");
    assert_eq!(code(&project, user(), CommandBody::Retry { model: None }), Some(RejectionCode::WrongState));
    // A person may put their own text in its place: it waits at the gate.
    let mut other = project.clone();
    say(&mut other, 2, CommandBody::Edit { base: artifact("plan", 1).digest, artifact: artifact("plan", 2) });
    assert_eq!((other.phase(), status(&other).as_str()), (Phase::AwaitingApproval, "plan_ready"));
    assert!(other.publication(vec![], 0).view.failure.is_none());
    say(&mut project, 2, CommandBody::Revise { brief: Some(artifact("brief", 2)) });
    assert_eq!((project.phase(), status(&project).as_str()), (Phase::Working, "spec_generating"));
}

#[test]
fn an_amended_text_is_the_next_version_and_approved() {
    let mut project = waiting_at("spec");
    let amend = |project: &Project, artifact| CommandBody::Decide {
        gate: "spec".into(),
        digest: at_gate(project, "spec"),
        decision: Decision::Amend,
        comment: None,
        artifact: Some(artifact),
        role: Some(Role::Editor),
    };
    assert_eq!(
        code(&project, user(), amend(&project, artifact("spec", 1))),
        Some(RejectionCode::InvalidAnswer)
    );
    assert_eq!(
        code(&project, user(), amend(&project, artifact("plan", 2))),
        Some(RejectionCode::InvalidAnswer)
    );
    let body = amend(&project, artifact("spec", 2));
    assert_eq!(code(&project, Actor::Operator, as_role(body.clone(), None)), Some(RejectionCode::WrongRole));
    say(&mut project, 1, body);
    assert!(
        task_of(&project, "plan")
            .reads
            .contains(&groundwork_domain::work::Source::Artifact(artifact("spec", 2)))
    );
    assert_eq!(project.publication(vec![], 0).view.requests[0].status, RequestStatus::Amended);
}

#[test]
fn several_people_and_four_eyes() {
    let mut project = at_spec("approvals = 2\nrole = \"admin\"");
    let read = at_gate(&project, "spec");
    let word = || as_role(decide("spec", artifact("spec", 1).digest, Decision::Approve), Some(Role::Owner));
    assert_eq!(
        code(&project, other(1), decide("spec", read, Decision::Approve)),
        Some(RejectionCode::WrongRole)
    );
    project.apply(Fact::Command(says(other(1), 1, word())), NOW).unwrap();
    assert_eq!(project.phase(), Phase::AwaitingApproval, "one of two");
    assert_eq!(code(&project, other(1), word()), Some(RejectionCode::AlreadyDecided));
    project.apply(Fact::Command(says(other(2), 2, word())), NOW).unwrap();
    assert!(is_running(&project, "plan"));

    let mut project = at_spec("four_eyes = true");
    let word = || decide("spec", artifact("spec", 1).digest, Decision::Approve);
    assert_eq!(code(&project, user(), word()), Some(RejectionCode::FourEyes), "the owner began it");
    say(&mut project, 1, decide_edit(1, 2));
    let edit = CommandBody::Edit { base: artifact("spec", 2).digest, artifact: artifact("spec", 3) };
    project.apply(Fact::Command(says(other(1), 2, edit)), NOW).unwrap();
    let word = || decide("spec", artifact("spec", 3).digest, Decision::Approve);
    assert_eq!(code(&project, other(1), word()), Some(RejectionCode::FourEyes), "they edited it");
    assert_eq!(code(&project, other(2), word()), None);
    let asks = decide("spec", artifact("spec", 3).digest, Decision::RequestChanges);
    assert_eq!(code(&project, user(), asks), None, "an author may ask for changes");
}

#[test]
fn who_shapes_the_brief_in_talk_is_one_of_its_authors() {
    let mut project = project_of(&with_policy("four_eyes = true"));
    end_of(&mut project, "brief", replied(Some(1)));
    let says_more = CommandBody::Message { text: "Members only.".into() };
    project.apply(Fact::Command(says(other(1), 1, says_more)), NOW).unwrap();
    end_of(&mut project, "brief", replied(Some(2)));
    say(&mut project, 2, CommandBody::ConfirmBrief { digest: artifact("brief", 2).digest });
    write(&mut project, "spec");
    let word = || decide("spec", artifact("spec", 1).digest, Decision::Approve);
    assert_eq!(code(&project, other(1), word()), Some(RejectionCode::FourEyes), "what they said is in it");
    assert_eq!(code(&project, other(2), word()), None);
}

fn decide_edit(base: u32, version: u32) -> CommandBody {
    CommandBody::Edit { base: artifact("spec", base).digest, artifact: artifact("spec", version) }
}

#[test]
fn an_edit_takes_the_approvals_given_so_far() {
    let mut project = at_spec("approvals = 2");
    let read = at_gate(&project, "spec");
    project
        .apply(Fact::Command(says(other(1), 1, decide("spec", read.clone(), Decision::Approve))), NOW)
        .unwrap();
    say(&mut project, 2, decide_edit(1, 2));
    assert!(project.summary().gates[0].approvals.is_empty());
    assert_eq!(
        code(&project, other(2), decide("spec", read, Decision::Approve)),
        Some(RejectionCode::StaleDigest)
    );
}

#[test]
fn operators_decide_only_where_the_policy_says_so() {
    let project = at_spec("operators = true");
    let word = as_role(decide("spec", artifact("spec", 1).digest, Decision::Approve), None);
    assert_eq!(code(&project, Actor::Operator, word), None);
}

#[test]
fn deadlines_remind_escalate_and_never_open_a_gate() {
    let policy = |end: &str| {
        format!("remind_after = \"1m\"\nescalate_after = \"2m\"\ndeadline = \"3m\"\non_expiry = \"{end}\"")
    };
    let mut project = at_spec(&policy("wait"));
    assert_eq!(project.deadline(), Some(later(60_000)));
    assert!(project.apply(Fact::Deadline, later(59_999)).unwrap().is_empty(), "a hint, and no more");
    assert_eq!(kinds(&project.apply(Fact::Deadline, later(60_000)).unwrap()), ["gate_reminded"]);
    assert_eq!(project.deadline(), Some(later(120_000)));
    let both = project.apply(Fact::Deadline, later(200_000)).unwrap();
    assert_eq!(kinds(&both), ["gate_escalated", "gate_expired"]);
    assert_eq!((project.deadline(), project.phase()), (None, Phase::AwaitingApproval));
    approve(&mut project, 1, "spec");

    let mut project = at_spec(&policy("fail"));
    project.apply(Fact::Deadline, later(180_000)).unwrap();
    assert_eq!((project.phase(), project.deadline()), (Phase::Failed, None));
    let late = decide("spec", artifact("spec", 1).digest, Decision::Approve);
    assert_eq!(
        code(&project, user(), late),
        Some(RejectionCode::WrongGate),
        "the text is the same: it is too late"
    );
    say(&mut project, 1, CommandBody::Retry { model: None });
    assert_eq!(project.phase(), Phase::AwaitingApproval, "the same text waits once more");
    approve(&mut project, 2, "spec");

    let mut project = at_spec(&policy("request_changes"));
    project.apply(Fact::Deadline, later(180_000)).unwrap();
    assert!(matches!(task_of(&project, "spec").work, Work::Again { round: 1, command_id: None, .. }));
}

#[test]
fn a_pause_leaves_gates_decidable_and_stops_their_clocks() {
    let mut project = at_spec("deadline = \"1m\"\non_expiry = \"fail\"");
    say(&mut project, 1, CommandBody::Pause);
    assert_eq!(project.deadline(), None);
    project.apply(Fact::Deadline, later(120_000)).unwrap();
    let resume = Fact::Command(command(2, CommandBody::Resume));
    project.apply(resume, later(300_000)).unwrap();
    assert_eq!(project.deadline(), Some(later(360_000)));
    say(&mut project, 3, CommandBody::Pause);
    approve(&mut project, 4, "spec");
    assert!(!is_running(&project, "plan"));
    say(&mut project, 5, CommandBody::Resume);
    assert!(is_running(&project, "plan"));
}
