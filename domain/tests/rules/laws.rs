//! What holds for every sequence of facts.

use super::support::*;
use groundwork_domain::command::CommandBody;
use groundwork_domain::document::{Answer, Verdict};
use groundwork_domain::project::{Fact, Phase, Project};
use groundwork_domain::work::{Failure, StageOutcome, Used};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Happening {
    Says(u128, CommandBody),
    Ends { attempt_off: u32, kind: u8, revise: bool, questions: usize },
    Fails { attempt_off: u32 },
    Signals,
}

fn bodies() -> impl Strategy<Value = CommandBody> {
    let answer = (1..5u8, prop::option::of(".{0,20}"), prop::collection::vec("[A-D]", 0..3)).prop_map(
        |(number, text, options)| Answer {
            question_id: format!("Q{number}"),
            options,
            text,
            assumption: None,
        },
    );
    prop_oneof![
        3 => (prop::collection::vec(answer, 0..4), any::<bool>())
            .prop_map(|(answers, recommendations_for_rest)| CommandBody::Answer { answers, recommendations_for_rest }),
        2 => Just(CommandBody::AcceptRecommendations),
        2 => ("(0[0-9]|Data model|spec#Goals)", ".{0,20}").prop_map(|(target, request)| CommandBody::Refine { target, request }),
        2 => prop::option::of("[a-z ]{0,12}").prop_map(|model| CommandBody::Retry { model }),
        1 => Just(CommandBody::Pause),
        2 => Just(CommandBody::Resume),
        1 => Just(CommandBody::Cancel),
        1 => Just(CommandBody::Archive),
        2 => Just(CommandBody::Restore),
        1 => Just(CommandBody::Delete),
    ]
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let one = prop_oneof![
        4 => (0..60u128, bodies()).prop_map(|(id, body)| Happening::Says(id, body)),
        8 => (0..2u32, 0..4u8, any::<bool>(), 0..5usize)
            .prop_map(|(attempt_off, kind, revise, questions)| Happening::Ends { attempt_off, kind, revise, questions }),
        2 => (0..2u32).prop_map(|attempt_off| Happening::Fails { attempt_off }),
        1 => Just(Happening::Signals),
    ];
    prop::collection::vec(one, 0..80)
}

fn happen(project: &mut Project, happening: &Happening) -> usize {
    let task = tasks(project).into_iter().next();
    let (stage, attempt) =
        task.as_ref().map_or((stage("spec"), 1), |task| (task.stage.clone(), task.attempt));
    let fact = match happening.clone() {
        Happening::Says(id, body) => Fact::Command(command(id, body)),
        Happening::Ends { attempt_off, kind, revise, questions } => {
            let ids = ["Q1", "Q2", "Q3", "Q4", "Q5"];
            let right = ["questions", "spec", "prompts", "critique"].iter().position(|id| stage.0 == *id);
            let verdict = if revise { Verdict::Revise } else { Verdict::Pass };
            // Mostly the result that belongs to the stage; the rules must survive the others as well.
            let result = match if kind == 3 { 3 } else { right.unwrap_or(0) } {
                0 => asked(&ids[..questions]),
                1 => written(attempt),
                2 => composed(attempt),
                _ => reviewed(attempt, verdict),
            };
            let outcome = StageOutcome { result, used: used() };
            Fact::StageEnded { stage, attempt: attempt + attempt_off, outcome }
        }
        Happening::Fails { attempt_off } => {
            let failure = Failure {
                code: "provider_refused".into(),
                message: "No.".into(),
                permanent: true,
                calls: 1,
                cause_call: None,
                used: Used::default(),
            };
            Fact::StageFailed { stage, attempt: attempt + attempt_off, failure }
        }
        Happening::Signals => {
            let digest = groundwork_domain::Digest::of(b"?");
            let occurrence = project.count_signal("answer", &digest);
            Fact::SignalRefused {
                name: "answer".into(),
                digest,
                occurrence,
                code: groundwork_domain::command::RejectionCode::Unreadable,
                message: "?".into(),
            }
        }
    };
    project.apply(fact, NOW).map_or(0, |notices| notices.len())
}

proptest! {
    #[test]
    fn every_sequence_of_facts_keeps_the_laws(list in happenings()) {
        let mut project = project();
        let mut twin = project.clone();
        let mut answered = 0;
        for happening in &list {
            let finished = project.phase() == Phase::Cancelled && project.lifecycle().is_active();
            let said = happen(&mut project, happening);
            // The same facts give the same state, and what is asked for is a function of the state.
            prop_assert_eq!(said, happen(&mut twin, happening));
            prop_assert_eq!(&project, &twin);
            prop_assert_eq!(project.next(), project.clone().next());
            // It survives its own JSON, and stays small.
            let json = serde_json::to_string(&project).unwrap();
            prop_assert!(json.len() < 256 * 1024);
            prop_assert_eq!(&serde_json::from_str::<Project>(&json).unwrap(), &project);
            // Nobody works on a project that is stopped, and it does not come back by itself.
            if !project.lifecycle().is_active() || matches!(project.phase(), Phase::Cancelled | Phase::Paused | Phase::Completed | Phase::Failed) {
                prop_assert!(tasks(&project).is_empty());
            }
            prop_assert!(!finished || project.phase() == Phase::Cancelled);
            prop_assert!(project.summary().refinements_used <= 3);
            // What was answered stays answered.
            let now = project.publication(vec![], 0).snapshot["questions"].as_array().unwrap().iter().filter(|question| !question["answer"].is_null()).count();
            prop_assert!(now >= answered);
            answered = now;
        }
    }

    #[test]
    fn a_command_that_check_takes_is_applied(list in happenings(), body in bodies()) {
        let mut project = project();
        for happening in &list {
            happen(&mut project, happening);
        }
        let command = command(1_000, body);
        let checked = project.check(&command);
        prop_assert_eq!(checked.is_ok(), project.clone().apply(Fact::Command(command), NOW).is_ok());
    }

    #[test]
    fn targets_and_pipelines_are_read_without_panic(text in ".{0,300}") {
        let _ = groundwork_domain::work::Target::parse(&text);
        let _ = groundwork_domain::pipeline::Pipeline::parse(&text, &groundwork_domain::agent::known_agents());
    }
}
