//! The state machine of a project, told through pipeline `promptr`.

use super::support::*;
use groundwork_domain::command::{CommandBody, Disposition, Rejection, RejectionCode};
use groundwork_domain::document::{Answer, Verdict};
use groundwork_domain::event::EventKind;
use groundwork_domain::limits::Limits;
use groundwork_domain::project::{Fact, Phase, Project, Step};
use groundwork_domain::publication::TaskStatus;
use groundwork_domain::work::{CarryOver, Source, StageOutcome, Target, Work};

fn code(project: &Project, body: CommandBody) -> Option<RejectionCode> {
    project.check(&command(900, body)).err().map(|rejection| rejection.code)
}

fn answers(list: &[(&str, &str)]) -> CommandBody {
    let answers = list.iter().map(|(question, option)| answer(question, option)).collect();
    CommandBody::Answer { answers, recommendations_for_rest: false }
}

fn refine(target: &str) -> CommandBody {
    CommandBody::Refine { target: target.into(), request: "shorter".into() }
}

#[test]
fn an_idea_becomes_a_completed_project() {
    let mut project = project();
    assert_eq!(kinds(&project.opening_notices(NOW)), ["status_changed", "progress_update"]);
    assert_eq!((project.phase(), project.summary().status.as_str()), (Phase::Working, "eliciting"));

    assert_eq!(kinds(&end(&mut project, asked(&["Q1", "Q2"]))), ["questions_ready", "status_changed"]);
    assert_eq!(project.phase(), Phase::AwaitingInput);
    assert_eq!(project.next(), [Step::AwaitHuman { stage: stage("questions") }]);

    say(&mut project, 1, answers(&[("Q1", "B")]));
    assert_eq!(project.summary().open_questions, ["Q2"]);
    let notices = say(&mut project, 2, CommandBody::AcceptRecommendations);
    assert_eq!(kinds(&notices), ["question_answered", "status_changed", "progress_update"]);
    assert_eq!(notices[0].payload["assumption"], "A1");
    assert_eq!(task(&project).reads.len(), 2);

    assert_eq!(kinds(&end(&mut project, written(1))), ["spec_ready", "status_changed", "progress_update"]);
    assert_eq!(task(&project).reads, [Source::Artifact(artifact("spec", 1))]);
    assert_eq!(kinds(&end(&mut project, composed(1)))[0], "prompts_generated");
    let notices = end(&mut project, reviewed(1, Verdict::Pass));
    assert_eq!(kinds(&notices), ["review_verdict", "status_changed", "workflow_completed"]);
    assert_eq!((project.phase(), project.next()), (Phase::Completed, vec![]));
}

#[test]
fn no_questions_is_a_good_answer() {
    let mut project = project();
    end(&mut project, asked(&[]));
    assert_eq!(task(&project).stage, stage("spec"));
}

#[test]
fn findings_are_mended_at_most_twice_and_what_is_left_is_shown() {
    let mut project = project();
    end(&mut project, asked(&[]));
    end(&mut project, written(1));
    for round in 1..=3 {
        let work = task(&project).work;
        assert_eq!(is_mend(&work), round > 1, "round {round}: {work:?}");
        end(&mut project, composed(round));
        assert_eq!(task(&project).stage, stage("critique"));
        end(&mut project, reviewed(round, Verdict::Revise));
    }
    assert_eq!(project.phase(), Phase::Completed);
    assert_eq!(project.summary().refinements_used, 0, "automatic rounds are not the user's");
}

#[test]
fn answers_are_refused_where_they_do_not_fit() {
    let mut project = project();
    assert_eq!(code(&project, answers(&[("Q1", "A")])), Some(RejectionCode::NotWaiting));
    end(&mut project, asked(&["Q1", "Q2"]));
    let both = |first: Answer, second: Answer| CommandBody::Answer {
        answers: vec![first, second],
        recommendations_for_rest: false,
    };
    assert_eq!(code(&project, answers(&[])), Some(RejectionCode::InvalidAnswer));
    assert_eq!(code(&project, answers(&[("Q9", "A")])), Some(RejectionCode::UnknownQuestion));
    assert_eq!(code(&project, answers(&[("Q1", "Z")])), Some(RejectionCode::InvalidAnswer));
    assert_eq!(
        code(&project, both(answer("Q1", "A"), answer("Q1", "B"))),
        Some(RejectionCode::InvalidAnswer)
    );
    let two = Answer { options: vec!["A".into(), "B".into()], ..answer("Q1", "A") };
    assert_eq!(code(&project, both(two, answer("Q2", "A"))), Some(RejectionCode::InvalidAnswer));
    let blank = Answer { options: vec![], text: Some("  ".into()), ..answer("Q1", "A") };
    assert_eq!(code(&project, both(blank, answer("Q2", "A"))), Some(RejectionCode::InvalidAnswer));
    let nul = Answer { text: Some("a\0b".into()), ..answer("Q1", "A") };
    assert_eq!(code(&project, both(nul, answer("Q2", "A"))), Some(RejectionCode::InvalidAnswer));
    let long = Answer { text: Some("x".repeat(65 * 1024)), ..answer("Q1", "A") };
    assert_eq!(code(&project, both(long, answer("Q2", "A"))), Some(RejectionCode::TooLarge));

    say(&mut project, 1, answers(&[("Q1", "A")]));
    assert_eq!(code(&project, answers(&[("Q1", "B")])), Some(RejectionCode::AlreadyAnswered));
    say(&mut project, 2, answers(&[("Q2", "A")]));
    assert_eq!(code(&project, answers(&[("Q1", "B")])), Some(RejectionCode::NotWaiting));
}

#[test]
fn a_user_cannot_call_an_answer_an_assumption() {
    let mut project = project();
    end(&mut project, asked(&["Q1"]));
    let sly = Answer { assumption: Some("A7".into()), ..answer("Q1", "A") };
    let notices =
        say(&mut project, 1, CommandBody::Answer { answers: vec![sly], recommendations_for_rest: false });
    assert!(notices[0].payload["assumption"].is_null());
}

#[test]
fn a_command_is_applied_once_and_remembered() {
    let mut project = project();
    end(&mut project, asked(&["Q1"]));
    let body = answers(&[("Q1", "A")]);
    let (first, notices) = project.obey(command(1, body.clone()), NOW);
    assert_eq!((first.disposition, notices.is_empty()), (Disposition::Applied, false));
    let before = project.clone();
    let (second, notices) = project.obey(command(1, body.clone()), NOW);
    assert_eq!((second.disposition, notices.len()), (Disposition::Repeated, 0));
    assert_eq!(project, before);
    let (third, _) = project.obey(command(2, body), NOW);
    assert!(matches!(third.disposition, Disposition::Rejected { .. }));
}

#[test]
fn a_failed_stage_waits_for_retry_and_carries_its_calls_over() {
    let mut project = project();
    end(&mut project, asked(&[]));
    let notices = fail(&mut project, "unreadable_reply");
    assert_eq!(kinds(&notices), ["workflow_failed", "status_changed"]);
    assert_eq!((project.phase(), project.next()), (Phase::Failed, vec![]));
    assert_eq!(project.summary().stage, Some(stage("spec")));
    assert!(project.summary().allowed.contains(&"retry".to_owned()));
    assert_eq!(
        code(&project, CommandBody::Retry { model: Some("a b".into()) }),
        Some(RejectionCode::InvalidAnswer)
    );

    say(&mut project, 1, CommandBody::Retry { model: Some("claude-opus-5".into()) });
    let again = task(&project);
    assert_eq!((again.attempt, again.carry_over), (2, None), "another model starts afresh");
    fail(&mut project, "unreadable_reply");
    say(&mut project, 2, CommandBody::Retry { model: None });
    assert_eq!(task(&project).model, None);
    assert_eq!(task(&project).carry_over, Some(CarryOver { attempt: 2, except_call: Some(2) }));
    let task = task(&project);
    assert_eq!(again.model.as_deref(), Some("claude-opus-5"));
    assert_eq!(task.active_ms_left, Limits::default().active_ms_max, "retry starts a new allowance");
    end(&mut project, written(1));
    assert_eq!(project.phase(), Phase::Working);
    assert_eq!(code(&project, CommandBody::Retry { model: None }), Some(RejectionCode::WrongState));
}

#[test]
fn a_late_result_changes_only_the_cost() {
    let mut project = project();
    end(&mut project, asked(&[]));
    let old = task(&project);
    fail(&mut project, "provider_refused");
    say(&mut project, 1, CommandBody::Retry { model: None });
    let cost = project.summary().cost_usd;
    let outcome = StageOutcome { result: written(7), used: used() };
    let notices = project.apply(Fact::StageEnded { stage: old.stage, attempt: 1, outcome }, NOW).unwrap();
    assert!(notices.is_empty());
    assert_eq!(task(&project).attempt, 2);
    assert_eq!(project.summary().cost_usd, cost + used().cost_usd);
}

#[test]
fn refine_runs_one_stage_and_is_counted_when_it_is_done() {
    let mut project = completed();
    assert_eq!(code(&project, refine("06")), Some(RejectionCode::UnknownTarget), "five prompts");
    assert_eq!(code(&project, refine(" ")), Some(RejectionCode::UnknownTarget));
    let notices = say(&mut project, 1, refine("prompts/02"));
    assert_eq!(kinds(&notices), ["refinement_requested", "status_changed", "progress_update"]);
    let running = task(&project);
    assert_eq!(running.stage, stage("prompts"));
    let wanted = Target::Prompt { number: 2 };
    assert!(matches!(running.work, Work::Refine { target, .. } if target == wanted));
    assert_eq!(code(&project, refine("03")), Some(RejectionCode::WrongState), "one at a time");

    let notices = end(&mut project, composed(2));
    assert_eq!(kinds(&notices), ["refinement_completed", "status_changed", "workflow_completed"]);
    assert_eq!(project.summary().refinements_used, 1);

    say(&mut project, 2, refine("Data model"));
    assert_eq!(task(&project).stage, stage("spec"));
    let notices = fail(&mut project, "unreadable_reply");
    assert_eq!(kinds(&notices), ["refinement_failed", "status_changed"]);
    assert_eq!((project.phase(), project.summary().refinements_used), (Phase::Completed, 1));
    for id in 3..=4 {
        say(&mut project, id, refine("Data model"));
        end(&mut project, written(id as u32));
    }
    assert_eq!(code(&project, refine("Data model")), Some(RejectionCode::LimitReached));
}

#[test]
fn pause_stops_work_and_resume_names_the_same_attempt() {
    let mut project = project();
    end(&mut project, asked(&["Q1"]));
    say(&mut project, 1, CommandBody::Pause);
    assert_eq!(project.phase(), Phase::Paused);
    say(&mut project, 2, answers(&[("Q1", "A")]));
    assert!(tasks(&project).is_empty(), "answers are taken, work is not started");
    say(&mut project, 3, CommandBody::Resume);
    assert_eq!(task(&project).attempt, 1);
    say(&mut project, 4, CommandBody::Pause);
    let outcome = StageOutcome { result: written(1), used: used() };
    project.apply(Fact::StageEnded { stage: stage("spec"), attempt: 1, outcome }, NOW).unwrap();
    say(&mut project, 5, CommandBody::Resume);
    assert_eq!(task(&project).stage, stage("prompts"), "what was bought while paused is used");
}

#[test]
fn cancel_parks_and_delete_finishes() {
    let mut project = project();
    say(&mut project, 1, CommandBody::Cancel);
    assert_eq!((project.phase(), project.next()), (Phase::Cancelled, vec![]));
    assert_eq!(project.summary().allowed, ["archive", "delete"]);
    assert_eq!(code(&project, CommandBody::Cancel), Some(RejectionCode::WrongState));
    assert_eq!(project.publication(vec![], 0).view.tasks[0].status, TaskStatus::Cancelled);
    say(&mut project, 2, CommandBody::Delete);
    assert_eq!(project.next(), [Step::Finish]);
    assert!(project.summary().deleted);
}

#[test]
fn what_is_put_away_stands_still_and_goes_on_where_it_stood() {
    for put_away in [CommandBody::Archive, CommandBody::Delete] {
        let mut project = project();
        end(&mut project, asked(&["Q1"]));
        let before = project.summary();
        say(&mut project, 1, put_away.clone());
        assert_eq!(project.next(), [Step::Finish]);
        assert!(project.summary().open_questions.is_empty());
        assert_eq!(code(&project, answers(&[("Q1", "A")])), Some(RejectionCode::WrongState));
        assert_eq!(code(&project, CommandBody::Pause), Some(RejectionCode::WrongState));
        assert_eq!(code(&project, put_away), Some(RejectionCode::WrongState));
        // It is opened again from its snapshot, in another run.
        let snapshot = project.publication(vec![], 0).snapshot;
        let mut again: Project = serde_json::from_value(snapshot).unwrap();
        let notices = say(&mut again, 2, CommandBody::Restore);
        assert_eq!(kinds(&notices)[0], "project_restored");
        assert_eq!(again.summary(), before);
        say(&mut again, 3, answers(&[("Q1", "A")]));
        assert_eq!(task(&again).stage, stage("spec"));
    }
}

#[test]
fn work_that_was_put_away_is_paused_and_its_late_result_superseded() {
    let mut project = project();
    say(&mut project, 1, CommandBody::Archive);
    assert_eq!((project.phase(), project.summary().lifecycle.as_str()), (Phase::Paused, "archived"));
    let outcome = StageOutcome { result: asked(&["Q1"]), used: used() };
    project.apply(Fact::StageEnded { stage: stage("questions"), attempt: 1, outcome }, NOW).unwrap();
    say(&mut project, 2, CommandBody::Restore);
    assert_eq!((task(&project).stage, task(&project).attempt), (stage("questions"), 1));
}

#[test]
fn a_completed_project_is_completed_once() {
    let mut project = completed();
    say(&mut project, 1, CommandBody::Archive);
    assert_eq!(project.phase(), Phase::Completed);
    say(&mut project, 2, CommandBody::Delete);
    assert_eq!(project.summary().allowed, ["restore"]);
    let notices = say(&mut project, 3, CommandBody::Restore);
    assert_eq!(kinds(&notices), ["project_restored", "status_changed"]);
    assert_eq!(project.phase(), Phase::Completed);
}

#[test]
fn a_state_that_an_older_build_deleted_comes_back_paused() {
    let mut state = serde_json::to_value(project()).unwrap();
    state["course"] = "deleted".into();
    let mut project: Project = serde_json::from_value(state).unwrap();
    assert_eq!((project.next(), project.summary().deleted), (vec![Step::Finish], true));
    say(&mut project, 1, CommandBody::Restore);
    assert_eq!(project.phase(), Phase::Paused);
}

#[test]
fn model_time_is_limited_and_retry_starts_a_new_allowance() {
    let limits = Limits { active_ms_max: 1_500, ..Limits::default() };
    let mut project = project_with(limits);
    end(&mut project, asked(&[]));
    assert_eq!(task(&project).active_ms_left, 500);
    let notices = end(&mut project, written(1));
    assert!(kinds(&notices).contains(&"workflow_failed"));
    assert_eq!(project.publication(vec![], 0).view.failure.unwrap().failure.code, "active_time_exceeded");
    say(&mut project, 1, CommandBody::Retry { model: None });
    assert_eq!((task(&project).stage, task(&project).active_ms_left), (stage("prompts"), 1_500));
}

#[test]
fn equal_signals_are_told_apart_by_number_not_by_order() {
    let (one, two) = (groundwork_domain::Digest::of(b"1"), groundwork_domain::Digest::of(b"2"));
    let mut here = project();
    let mut there = project();
    let mut first = vec![
        here.count_signal("answer", &one),
        here.count_signal("answer", &two),
        here.count_signal("answer", &one),
    ];
    let mut second = vec![
        there.count_signal("answer", &one),
        there.count_signal("answer", &one),
        there.count_signal("answer", &two),
    ];
    first.sort_unstable();
    second.sort_unstable();
    assert_eq!(first, second);
}

#[test]
fn a_forgotten_signal_never_gets_a_number_again() {
    let mut project = project();
    let digest = |number: u32| groundwork_domain::Digest::of(&number.to_be_bytes());
    let mut seen = std::collections::BTreeSet::new();
    for round in 0..3 {
        for number in 0..300 {
            assert!(seen.insert((number, project.count_signal("retry", &digest(number)))), "round {round}");
        }
    }
}

#[test]
fn a_rejection_displays_as_its_json() {
    let rejection = project().check(&command(1, answers(&[("Q1", "A")]))).unwrap_err();
    let text = format!("Update validation failed: {rejection}");
    assert_eq!(Rejection::from_text(&text), Some(rejection));
}

#[test]
fn every_event_of_a_run_has_an_identity_of_its_own() {
    let mut project = project();
    let id = project.input().project_id;
    let mut all = project.opening_notices(NOW);
    all.extend(end(&mut project, asked(&["Q1", "Q2"])));
    all.extend(say(&mut project, 1, CommandBody::AcceptRecommendations));
    all.extend(end(&mut project, written(1)));
    all.extend(fail(&mut project, "provider_refused"));
    all.extend(say(&mut project, 2, CommandBody::Retry { model: None }));
    all.extend(end(&mut project, composed(1)));
    all.extend(end(&mut project, reviewed(1, Verdict::Revise)));
    let ids: std::collections::BTreeSet<_> = all.iter().map(|notice| notice.event_id(id)).collect();
    assert_eq!(ids.len(), all.len());
    assert!(all.iter().any(|notice| notice.kind == EventKind::WorkflowFailed));
}
