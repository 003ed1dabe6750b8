//! A feature's talk, and what people do again: chat, title, edit, revise, rewind, retry, preview, money.

use super::support::*;
use groundwork_domain::command::{CommandBody, RejectionCode};
use groundwork_domain::project::{Phase, Project};
use groundwork_domain::publication::TaskStatus;
use groundwork_domain::request::{Decision, RequestStatus};
use groundwork_domain::work::{Source, StageResult, Work};
use rust_decimal::Decimal;

fn code(project: &Project, body: CommandBody) -> Option<RejectionCode> {
    project.check(&command(900, body)).err().map(|rejection| rejection.code)
}

fn message(text: &str) -> CommandBody {
    CommandBody::Message { text: text.into() }
}

fn confirm(version: u32) -> CommandBody {
    CommandBody::ConfirmBrief { digest: artifact("brief", version).digest }
}

fn revise(version: u32) -> CommandBody {
    CommandBody::Revise { brief: Some(artifact("brief", version)) }
}

fn rewind(id: &str) -> CommandBody {
    CommandBody::Rewind { stage: stage(id), model: None }
}

fn edit(name: &str, base: u32, version: u32) -> CommandBody {
    CommandBody::Edit { base: artifact(name, base).digest, artifact: artifact(name, version) }
}

fn over_budget() -> StageResult {
    StageResult::OverBudget {
        scope: "project".into(),
        measure: "usd".into(),
        limit: Decimal::ONE,
        used: Decimal::ONE,
        reserved: Decimal::ZERO,
        wanted: Decimal::ONE,
    }
}

#[test]
fn a_brief_is_shaped_in_talk_and_only_its_confirmation_begins_the_work() {
    let mut project = project_of(build_toml());
    assert_eq!((project.phase(), status(&project).as_str()), (Phase::Drafting, "drafting"));
    assert_eq!(task_of(&project, "brief").work, Work::Turn { command_id: None, message: None, gate: None });
    assert_eq!(
        code(&project, message("A gym")),
        Some(RejectionCode::WrongState),
        "it answers the idea first"
    );
    assert_eq!(code(&project, confirm(1)), Some(RejectionCode::WrongState), "there is no brief yet");
    end_of(&mut project, "brief", replied(Some(1)));
    assert_eq!(code(&project, message("  ")), Some(RejectionCode::InvalidAnswer));

    let notices = say(&mut project, 1, message("For members only"));
    assert_eq!(kinds(&notices)[0], "message_taken");
    let turn = task_of(&project, "brief");
    assert_eq!(turn.attempt, 2);
    assert!(matches!(turn.work, Work::Turn { message: Some(_), gate: None, .. }));
    assert!(turn.reads.contains(&Source::Artifact(artifact("brief", 1))));
    assert_eq!(kinds(&fail_of(&mut project, "brief", "provider_refused"))[0], "message_failed");
    assert_eq!(project.phase(), Phase::Drafting, "a failed turn fails nothing");
    say(&mut project, 2, message("For members only"));
    end_of(&mut project, "brief", replied(Some(2)));

    assert_eq!(code(&project, confirm(1)), Some(RejectionCode::StaleDigest));
    say(&mut project, 3, confirm(2));
    assert_eq!(status(&project), "spec_generating");
    assert_eq!(task(&project).reads[1], Source::Artifact(artifact("brief", 2)));
    assert_eq!(code(&project, message("Wait")), Some(RejectionCode::WrongState), "D-16");
}

#[test]
fn at_gates_people_talk_with_what_was_made_so_far() {
    let mut project = waiting_at("plan");
    say(&mut project, 1, message("Why two tables?"));
    let turn = task_of(&project, "brief");
    assert!(matches!(&turn.work, Work::Turn { gate: Some(gate), .. } if gate == "plan"));
    for name in ["spec", "plan"] {
        assert!(turn.reads.contains(&Source::Artifact(artifact(name, 1))), "{name}");
    }
    // A brief that comes at a gate is not taken: it was confirmed.
    end_of(&mut project, "brief", replied(Some(9)));
    assert!(project.artifacts().all(|artifact| artifact.name != "brief" || artifact.version == 1));
    assert_eq!(project.phase(), Phase::AwaitingApproval);
}

#[test]
fn the_title_comes_with_the_specification_and_blocks_nothing() {
    let mut project = waiting_at("spec");
    let result = StageResult::Replied {
        message: groundwork_domain::Digest::of(b"t"),
        artifact: None,
        title: Some(" Gym bookings\n".into()),
    };
    let notices = end_of(&mut project, "title", result);
    assert_eq!(notices[0].payload["title"], "Gym bookings");

    let mut project = waiting_at("spec");
    fail_of(&mut project, "title", "provider_refused");
    assert_eq!(project.phase(), Phase::AwaitingApproval);
    approve(&mut project, 1, "spec");
    assert!(is_running(&project, "plan"));
}

#[test]
fn an_edit_of_what_was_approved_has_to_be_approved_again() {
    let mut project = waiting_at("tests");
    assert_eq!(code(&project, edit("spec", 7, 8)), Some(RejectionCode::StaleDigest));
    assert_eq!(code(&project, edit("spec", 1, 1)), Some(RejectionCode::InvalidAnswer));
    assert_eq!(code(&project, edit("nothing", 1, 2)), Some(RejectionCode::UnknownTarget));
    assert_eq!(code(&project, edit("brief", 1, 2)), Some(RejectionCode::WrongState), "confirmed: Revise");
    let before = project.publication(vec![], 0).view.requests;
    assert_eq!(
        before.iter().map(|request| request.status.as_str()).collect::<Vec<_>>(),
        ["approved", "approved", "pending"]
    );

    let notices = say(&mut project, 1, edit("spec", 1, 2));
    assert_eq!(notices[0].payload["voided"], true);
    assert_eq!(status(&project), "spec_ready");
    let statuses: Vec<_> =
        project.publication(vec![], 0).view.requests.iter().map(|request| request.status).collect();
    use RequestStatus::{Pending, Superseded};
    assert_eq!(statuses, [Superseded, Superseded, Superseded, Pending]);
    assert!(project.artifacts().all(|artifact| !["plan", "tests"].contains(&artifact.name.as_str())));
    approve(&mut project, 2, "spec");
    assert_eq!(task_of(&project, "plan").attempt, 2);
}

#[test]
fn revise_keeps_what_it_replaces_and_begins_at_the_first_stage() {
    let mut project = waiting_at("tests");
    assert_eq!(code(&project, revise(1)), Some(RejectionCode::InvalidAnswer), "no later version");
    let notices = say(&mut project, 1, revise(2));
    let superseded: Vec<_> = notices
        .iter()
        .filter(|notice| notice.kind.as_str() == "project_revised")
        .flat_map(|notice| notice.payload["superseded"].as_array().unwrap().clone())
        .map(|artifact| artifact["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(superseded, ["plan", "spec", "tests"]);
    let task = task_of(&project, "spec");
    assert_eq!((task.attempt, status(&project).as_str()), (2, "spec_generating"));
    assert!(task.reads.contains(&Source::Artifact(artifact("brief", 2))));
    assert_eq!(code(&project, revise(3)), Some(RejectionCode::WrongState), "nobody waits for anything now");
}

#[test]
fn rewind_begins_again_at_a_stage_and_late_results_are_superseded() {
    let mut project = implementing();
    assert_eq!(code(&project, rewind("verdict")), Some(RejectionCode::WrongState), "it has not begun");
    assert_eq!(code(&project, rewind("title")), Some(RejectionCode::UnknownTarget));
    let late = task_of(&project, "implement");
    let model = Some("claude-opus-5".to_owned());
    let notices = say(&mut project, 1, CommandBody::Rewind { stage: stage("plan"), model });
    assert!(kinds(&notices).contains(&"project_rewound"));
    let task = task_of(&project, "plan");
    assert_eq!((task.attempt, task.model.as_deref()), (2, Some("claude-opus-5")));
    let result = StageResult::Implemented { artifact: artifact("code", 1), files: 1, bytes: 1 };
    let outcome = groundwork_domain::work::StageOutcome { result, used: used() };
    let fact =
        groundwork_domain::project::Fact::StageEnded { stage: late.stage, attempt: late.attempt, outcome };
    assert!(project.apply(fact, NOW).unwrap().is_empty());
    assert!(project.artifacts().all(|artifact| artifact.name != "code"));

    let mut project = done(Some(true), Some(true));
    say(&mut project, 1, rewind("brief"));
    assert_eq!(project.phase(), Phase::Drafting);
    say(&mut project, 2, confirm(1));
    assert_eq!(task_of(&project, "spec").attempt, 2);
}

#[test]
fn a_verdict_that_is_not_pass_fails_and_retry_mends_the_files() {
    for (security, code_review) in
        [(Some(false), Some(true)), (Some(true), Some(false)), (None, Some(true)), (Some(true), None)]
    {
        let mut project = done(security, code_review);
        assert_eq!((project.phase(), status(&project).as_str()), (Phase::Failed, "failed"));
        let failure = project.publication(vec![], 0).view.failure.unwrap().failure;
        assert_eq!(failure.code, "verdict_failed");
        assert!(failure.message.contains("FAIL"), "{}", failure.message);
        let notices = say(&mut project, 1, CommandBody::Retry { model: None });
        let retried = notices.iter().find(|notice| notice.kind.as_str() == "stage_retried").unwrap();
        assert_eq!(retried.payload["checkpoint"], "tests_approved", "F-04");
        let task = task_of(&project, "implement");
        assert!(matches!(task.work, Work::Mend { round: 1, review, artifact }
            if review.name == "verdict" && artifact.name == "code"));
        implement(&mut project);
        review(&mut project, "security_review", Some(true));
        review(&mut project, "code_review", Some(true));
        review(&mut project, "verdict", Some(true));
        assert_eq!(status(&project), "done");
    }
}

#[test]
fn one_failing_branch_blocks_only_what_needs_it() {
    let mut project = implementing();
    implement(&mut project);
    fail_of(&mut project, "security_review", "provider_refused");
    assert_eq!(project.phase(), Phase::Working, "the other review goes on");
    review(&mut project, "code_review", Some(true));
    assert_eq!(project.phase(), Phase::Failed);
    say(&mut project, 1, CommandBody::Retry { model: None });
    assert!(!is_running(&project, "code_review"), "what is done stays done");
    assert_eq!(task_of(&project, "security_review").carry_over.unwrap().except_call, Some(2));
    review(&mut project, "security_review", Some(true));
    review(&mut project, "verdict", Some(true));
    assert_eq!(status(&project), "done");
}

#[test]
fn over_budget_is_a_result_and_a_raise_goes_on_with_the_same_attempt() {
    let mut project = implementing();
    let notices = end_of(&mut project, "implement", over_budget());
    assert_eq!(kinds(&notices)[0], "over_budget");
    assert_eq!(
        (project.phase(), project.summary().waiting_for.as_deref()),
        (Phase::AwaitingApproval, Some("budget"))
    );
    let first: Vec<_> = notices.iter().map(|notice| notice.event_id(project.input().project_id)).collect();
    let raise = CommandBody::SetBudget { tokens: None, usd: Some(Decimal::TEN) };
    say(&mut project, 1, raise.clone());
    assert_eq!(task_of(&project, "implement").attempt, 1);
    let notices = end_of(&mut project, "implement", over_budget());
    assert!(
        notices.iter().all(|notice| !first.contains(&notice.event_id(project.input().project_id))),
        "told again"
    );
    say(&mut project, 2, raise);
    implement(&mut project);
    assert!(is_running(&project, "code_review"));

    // A raise that comes while the attempt is on its way to say that there is too little: it looks again.
    let mut project = implementing();
    say(&mut project, 1, CommandBody::SetBudget { tokens: None, usd: None });
    assert!(end_of(&mut project, "implement", over_budget()).is_empty());
    assert_eq!(task_of(&project, "implement").attempt, 1);
    end_of(&mut project, "implement", over_budget());
    assert_eq!(project.phase(), Phase::AwaitingApproval, "once");

    let mut project = waiting_at("spec");
    assert_eq!(kinds(&end_of(&mut project, "spec-advice", over_budget()))[0], "advice_failed");
    assert_eq!(project.summary().waiting_for.as_deref(), Some("gate:spec"));
}

#[test]
fn a_preview_names_what_a_command_would_do_again() {
    let project = done(Some(true), Some(true));
    let before = project.clone();
    let preview = project.preview(&command(1, rewind("tests")), NOW).unwrap();
    assert_eq!(project, before, "nothing changes");
    let stages: Vec<_> = preview.stages.iter().map(|stage| stage.stage.0.as_str()).collect();
    assert_eq!(stages, ["tests", "implement", "security_review", "code_review", "verdict"]);
    let mut superseded: Vec<_> = preview.superseded.iter().map(|artifact| artifact.name.as_str()).collect();
    superseded.sort_unstable();
    assert_eq!(superseded, ["code", "code_review", "security_review", "tests", "verdict"]);
    assert_eq!(preview.requests_superseded.len(), 1);
    assert!(project.preview(&command(1, confirm(1)), NOW).is_err());
}

#[test]
fn a_question_is_put_off_and_an_earlier_answer_is_changed() {
    let mut project = project();
    end(&mut project, asked(&["Q1", "Q2", "Q3"]));
    let defer = |id: &str| CommandBody::Defer { question_id: id.into() };
    say(&mut project, 1, defer("Q1"));
    assert_eq!(project.summary().open_questions, ["Q2", "Q3", "Q1"]);
    say(&mut project, 2, defer("Q2"));
    assert_eq!(project.summary().open_questions, ["Q3", "Q1", "Q2"]);
    assert_eq!(code(&project, defer("Q9")), Some(RejectionCode::UnknownQuestion));
    let one = |id: &str, option: &str| CommandBody::Answer {
        answers: vec![answer(id, option)],
        recommendations_for_rest: false,
    };
    say(&mut project, 3, one("Q1", "A"));
    assert_eq!(code(&project, defer("Q1")), Some(RejectionCode::AlreadyAnswered));
    // A second answer while others are open is an amendment, and nothing has to be done again.
    assert_eq!(code(&project, one("Q1", "B")), Some(RejectionCode::AlreadyAnswered));
    let amend = |option: &str| CommandBody::AmendAnswer { answer: answer("Q1", option) };
    say(&mut project, 4, amend("B"));
    assert_eq!(project.summary().open_questions, ["Q3", "Q2"]);
    say(&mut project, 5, CommandBody::AcceptRecommendations);
    end(&mut project, written(1));
    end(&mut project, composed(1));
    let preview = project.preview(&command(6, amend("C")), NOW).unwrap();
    let stages: Vec<_> = preview.stages.iter().map(|stage| stage.stage.0.as_str()).collect();
    assert_eq!(stages, ["spec", "prompts", "critique"]);
    say(&mut project, 6, amend("C"));
    assert_eq!((task(&project).stage, task(&project).attempt), (stage("spec"), 2));
    assert_eq!(code(&project, amend("Z")), Some(RejectionCode::InvalidAnswer));
}

/// A set of prompts with a gate, whose critic sends it back while another stage reads the same set.
#[test]
fn what_is_mended_is_approved_again_and_not_read_half_way() {
    let gate = "[stage.gate]\nname = \"prompts\"\nstatus = \"prompts_ready\"\napproved_status = \"prompts_approved\"";
    let stage = |id: &str, agent: &str, verb: &str, rest: &str| {
        format!(
            "[[stage]]\nid = \"{id}\"\nstatus = \"{id}\"\nmessage = \"..\"\nverb = \"{verb}\"\nagent = \"{agent}\"\nproduces = \"{id}\"\n{rest}\n"
        )
    };
    let reads = "needs = [\"prompts\"]\nreads = [\"spec\", \"prompts\"]";
    let source = [
        "id = \"own\"\nversion = 1\ntitle = \"Own\"\n".to_owned(),
        stage("spec", "architect", "write", "reads = [\"idea\"]"),
        stage(
            "prompts",
            "synthesizer",
            "compose",
            &format!("needs = [\"spec\"]\nreads = [\"spec\"]\n{gate}"),
        ),
        stage("review", "critic", "review", &format!("{reads}\non_findings = {{ mend = \"prompts\" }}")),
        stage("plan", "planner", "write", reads),
    ]
    .concat();
    let mut project = project_of(&source);
    write(&mut project, "spec");
    end_of(&mut project, "prompts", composed(1));
    approve(&mut project, 1, "prompts");
    assert!(is_running(&project, "plan"));
    let artifact = artifact("review", 1);
    let verdict = groundwork_domain::document::Verdict::Revise;
    end_of(
        &mut project,
        "review",
        StageResult::Reviewed { artifact, verdict, mendable: 1, open: 0, passed: None },
    );
    assert!(!is_running(&project, "plan"), "it read what is being mended");
    end_of(&mut project, "prompts", composed(2));
    let statuses: Vec<_> = project.requests().map(|request| request.status).collect();
    assert_eq!(statuses, [RequestStatus::Superseded, RequestStatus::Pending]);
    approve(&mut project, 2, "prompts");
    assert_eq!(task_of(&project, "plan").attempt, 2);
}

#[test]
fn who_cancels_a_refinement_keeps_the_completed_project() {
    let mut project = completed();
    let refine = CommandBody::Refine { target: "Data model".into(), request: "shorter".into() };
    say(&mut project, 1, refine.clone());
    let notices = say(&mut project, 2, CommandBody::Cancel);
    assert_eq!(kinds(&notices), ["status_changed"]);
    assert_eq!((project.phase(), project.next().len()), (Phase::Completed, 0));
    let last = project.publication(vec![], 0).view.tasks.pop().unwrap();
    assert_eq!(last.status, TaskStatus::Cancelled);
    say(&mut project, 3, refine);
    assert_eq!(task(&project).attempt, 3);
}

#[test]
fn agents_ask_people_and_go_on_with_their_words() {
    for (decision, expected) in [
        (Decision::Approve, RequestStatus::Approved),
        (Decision::Amend, RequestStatus::Amended),
        (Decision::Reject, RequestStatus::Rejected),
        (Decision::RequestChanges, RequestStatus::Rejected),
    ] {
        let mut project = handoff();
        let id =
            groundwork_domain::request::question_request_id(project.input().project_id, &stage("analyst"), 1);
        let asked =
            StageResult::PersonAsked { request_id: id, manifest: groundwork_domain::Digest::of(b"May I?") };
        let notices = end_of(&mut project, "analyst", asked);
        assert!(kinds(&notices).contains(&"hitl_request"));
        assert_eq!(project.summary().waiting_for.as_deref(), Some("question:analyst"));
        assert_eq!(project.publication(vec![], 0).view.tasks[0].status, TaskStatus::WaitingForHitl);
        let body = CommandBody::Decide {
            gate: "analyst".into(),
            digest: groundwork_domain::Digest::of(b"May I?"),
            decision,
            comment: Some("Members only".into()),
            artifact: None,
            role: Some(groundwork_domain::access::Role::Editor),
        };
        assert!(kinds(&say(&mut project, 1, body)).contains(&"hitl_response"));
        let task = task_of(&project, "analyst");
        assert!(matches!(&task.work, Work::Answered { status, asked_by: 1, .. } if *status == expected));
        assert_eq!(task.carry_over.is_some(), expected != RequestStatus::Rejected, "{decision:?}");
        write(&mut project, "analyst");
        write(&mut project, "architect");
    }
}

#[test]
fn every_failed_branch_is_told_until_it_is_taken_up_again() {
    let mut project = implementing();
    implement(&mut project);
    let failed = |project: &Project| {
        let view = project.publication(vec![], 0).view;
        let stages: Vec<String> = view.failures.iter().map(|failure| failure.stage.0.clone()).collect();
        (view.failure.map(|failure| failure.stage.0), stages)
    };
    fail_of(&mut project, "security_review", "provider_refused");
    assert_eq!(
        project.phase(),
        Phase::Working,
        "the other review goes on, and this one is a dead letter already"
    );
    assert_eq!(failed(&project), (Some("security_review".into()), vec!["security_review".into()]));
    fail_of(&mut project, "code_review", "unreadable_reply");
    let both = vec!["security_review".to_owned(), "code_review".to_owned()];
    assert_eq!(failed(&project), (Some("code_review".into()), both));
    say(&mut project, 70, rewind("code_review"));
    assert_eq!(failed(&project), (Some("security_review".into()), vec!["security_review".into()]));
    say(&mut project, 71, CommandBody::Retry { model: None });
    assert_eq!(failed(&project), (None, Vec::new()));
}

/// Retry takes up what the machine failed over; what a person rejected stays failed, and stays told.
#[test]
fn a_rejection_is_told_as_long_as_it_stands() {
    let gated = "[[stage]]\nid = \"code_review\"";
    let gate =
        "[stage.gate]\nname = \"security\"\nstatus = \"s_ready\"\napproved_status = \"s_approved\"\n\n";
    let source = build_toml().replacen(gated, &format!("{gate}{gated}"), 1);
    let mut project = confirmed(&source);
    for (number, name) in ["spec", "plan", "tests"].into_iter().enumerate() {
        write(&mut project, name);
        approve(&mut project, 51 + number as u128, name);
    }
    implement(&mut project);
    review(&mut project, "security_review", Some(true));
    let digest = at_gate(&project, "security");
    say(&mut project, 60, decide("security", digest, Decision::Reject));
    fail_of(&mut project, "code_review", "provider_refused");
    say(&mut project, 61, CommandBody::Retry { model: None });
    review(&mut project, "code_review", Some(true));
    let view = project.publication(vec![], 0).view;
    assert_eq!(view.summary.phase, Phase::Failed);
    assert_eq!(view.failure.map(|failure| failure.failure.code), Some("rejected".to_owned()));
}

#[test]
fn who_waits_for_an_answer_in_the_chat_is_told_that_none_comes() {
    let talking = || {
        let mut project = project_of(build_toml());
        end_of(&mut project, "brief", replied(Some(1)));
        say(&mut project, 1, message("For members only"));
        project
    };
    for end in [confirm(1), CommandBody::Cancel] {
        let mut project = talking();
        let notices = say(&mut project, 2, end.clone());
        let told = notices.iter().find(|notice| notice.kind.as_str() == "message_failed");
        let told = told.unwrap_or_else(|| panic!("{end:?}: {:?}", kinds(&notices)));
        assert_eq!(
            (&told.payload["turn"], &told.payload["error"]["code"]),
            (&2.into(), &"superseded".into())
        );
    }
}
