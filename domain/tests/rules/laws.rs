//! What holds for every sequence of facts.

use super::support::*;
use super::transitions::{Seen, Watched, made};
use groundwork_domain::access::Role;
use groundwork_domain::command::CommandBody;
use groundwork_domain::document::{Answer, Verdict};
use groundwork_domain::project::{Fact, Phase, Project};
use groundwork_domain::request::{Decision, RequestStatus, question_request_id};
use groundwork_domain::work::{Failure, StageOutcome, StageResult, Used};
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

/// What happens to a feature: who says what, and which of the attempts under way ends how.
#[derive(Clone, Debug)]
enum Turn {
    Says { id: u128, who: u8, what: u8, gate: usize, decision: usize, fresh: bool, stage: usize },
    Ends { which: usize, how: u8 },
    Time { minutes: i64 },
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let says = (0..90u128, 0..4u8, 0..24u8, 0..3usize, 0..4usize, any::<bool>(), 0..9usize).prop_map(
        |(id, who, what, gate, decision, fresh, stage)| Turn::Says {
            id,
            who,
            what,
            gate,
            decision,
            fresh,
            stage,
        },
    );
    let ends = (0..4usize, 0..12u8).prop_map(|(which, how)| Turn::Ends { which, how });
    let time = (0..200i64).prop_map(|minutes| Turn::Time { minutes });
    prop::collection::vec(prop_oneof![5 => says, 8 => ends, 1 => time], 0..120)
}

/// `build` with two approvals and a deadline at the plan, and four eyes at the tests.
fn strict() -> String {
    let advisor = "advisor = \"alignment_reviewer\"\nremind_after = \"1d\"\nescalate_after = \"3d\"";
    let mut parts = build_toml().splitn(4, advisor);
    let (a, b, c, d) = (parts.next(), parts.next(), parts.next(), parts.next());
    let plan = "approvals = 2\ndeadline = \"30m\"\non_expiry = \"request_changes\"";
    let tests = "four_eyes = true\nadvisor = \"alignment_reviewer\"";
    [a, Some(advisor), b, Some(plan), c, Some(tests), d].into_iter().flatten().collect()
}

fn body(project: &Project, turn: &Turn) -> CommandBody {
    let Turn::Says { what, gate, decision, fresh, stage, .. } = turn else { return CommandBody::Resume };
    let name = ["spec", "plan", "tests"][*gate];
    let current = project.artifacts().find(|artifact| artifact.name == name).cloned();
    let version = current.as_ref().map_or(1, |artifact| artifact.version);
    let digest = if *fresh { current.map(|artifact| artifact.digest) } else { None };
    let digest = digest.unwrap_or_else(|| artifact(name, 1).digest);
    let stages =
        ["brief", "spec", "plan", "tests", "implement", "security_review", "code_review", "verdict", "title"];
    match what {
        0..=8 => {
            let decision = Decision::ALL[*decision];
            let artifact = (decision == Decision::Amend).then(|| artifact(name, version + 1));
            let comment = Some("shorter".to_owned());
            let role = Some(Role::Admin);
            CommandBody::Decide { gate: name.into(), digest, decision, comment, artifact, role }
        }
        9 | 10 => CommandBody::Edit { base: digest, artifact: artifact(name, version + 1) },
        11 => {
            let brief = project
                .artifacts()
                .find(|artifact| artifact.name == "brief")
                .map_or(1, |brief| brief.version);
            CommandBody::Revise { brief: fresh.then(|| artifact("brief", brief + 1)) }
        }
        12 => CommandBody::Rewind { stage: stages[*stage].into(), model: None },
        13 | 14 => CommandBody::Message { text: "Who can see it?".into() },
        15..=17 => {
            let brief = project.artifacts().find(|artifact| artifact.name == "brief").cloned();
            CommandBody::ConfirmBrief { digest: brief.map_or(digest, |brief| brief.digest) }
        }
        18 | 19 => CommandBody::Retry { model: None },
        20 => CommandBody::SetBudget { tokens: None, usd: None },
        21 => CommandBody::Pause,
        22 => CommandBody::Resume,
        _ if *stage == 0 => CommandBody::Cancel,
        _ if *stage < 4 => CommandBody::Archive,
        _ => CommandBody::Restore,
    }
}

fn fact(project: &Project, turn: &Turn) -> Option<Fact> {
    match turn {
        Turn::Says { id, who, .. } => {
            let actor = match who {
                0 => user(),
                3 => groundwork_domain::command::Actor::Operator,
                number => other(u128::from(*number)),
            };
            Some(Fact::Command(says(actor, *id, body(project, turn))))
        }
        Turn::Time { .. } => Some(Fact::Deadline),
        Turn::Ends { which, how } => {
            let under_way = tasks(project);
            let task = under_way.get(which % under_way.len().max(1))?.clone();
            let (stage, attempt) = (task.stage.clone(), task.attempt);
            let result = match how {
                0 => return Some(Fact::StageFailed { stage, attempt, failure: failure("provider_refused") }),
                1 => StageResult::OverBudget {
                    scope: "workspace".into(),
                    measure: "tokens".into(),
                    limit: 1.into(),
                    used: 1.into(),
                    reserved: 0.into(),
                    wanted: 1.into(),
                },
                2 => {
                    let id = question_request_id(project.input().project_id, &stage, attempt);
                    StageResult::PersonAsked {
                        request_id: id,
                        manifest: artifact("question", attempt).digest,
                    }
                }
                3 => reviewed(attempt, Verdict::Pass),
                _ => made(project, &stage.0),
            };
            Some(Fact::StageEnded { stage, attempt, outcome: StageOutcome { result, used: used() } })
        }
    }
}

/// Approvals that count towards an open gate, and gates that were passed.
fn approvals(project: &Project) -> std::collections::BTreeMap<uuid::Uuid, usize> {
    let requests = project.publication(vec![], 0).view.requests;
    requests.into_iter().map(|request| (request.request_id, request.approvals.len())).collect()
}

proptest! {
    #[test]
    fn every_feature_keeps_the_laws(list in turns()) {
        let mut seen = Seen::default();
        let mut watched = Watched::new(project_of(&strict()), &mut seen);
        let mut twin = watched.project.clone();
        let mut now = NOW;
        for turn in &list {
            if let Turn::Time { minutes } = turn {
                now = groundwork_domain::Timestamp(now.0 + minutes * 60_000);
            }
            let Some(fact) = fact(&watched.project, turn) else { continue };
            let before = approvals(&watched.project);
            let is_silent = matches!(fact, Fact::Deadline) || matches!(fact, Fact::StageFailed { .. });
            let passed = |project: &Project| {
                let requests = project.publication(vec![], 0).view.requests;
                let is = |request: &&groundwork_domain::request::RequestView| matches!(request.status, RequestStatus::Approved | RequestStatus::Amended);
                requests.iter().filter(is).map(|request| request.request_id).collect::<std::collections::BTreeSet<_>>()
            };
            let open = passed(&watched.project);
            // The same facts give the same state, every pair of status is in its table (see `Watched`), and `next` is a
            // function of the state.
            let taken = watched.apply(fact.clone(), now);
            prop_assert_eq!(taken, twin.apply(fact, now).is_ok());
            let project = &watched.project;
            prop_assert_eq!(project, &twin);
            prop_assert_eq!(project.next(), project.clone().next());
            let json = serde_json::to_string(project).unwrap();
            prop_assert!(json.len() < 256 * 1024, "{}", json.len());
            prop_assert_eq!(&serde_json::from_str::<Project>(&json).unwrap(), project);
            // No approval is lost, and none comes from nobody.
            for (id, count) in approvals(project) {
                prop_assert!(before.get(&id).is_none_or(|known| *known <= count));
            }
            prop_assert!(!is_silent || passed(project).is_subset(&open));
            // Nothing that needs a gate's artifact runs before the gate is passed.
            for gate in project.summary().gates {
                let later = project.pipeline().downstream(&gate.stage);
                prop_assert!(tasks(project).iter().all(|task| !later.contains(&task.stage)));
            }
            if !project.lifecycle().is_active() || matches!(project.phase(), Phase::Cancelled | Phase::Paused) {
                prop_assert!(tasks(project).is_empty());
                prop_assert!(project.deadline().is_none());
            }
            // What a summary allows by name without more words is really taken.
            for name in ["pause", "resume", "cancel"] {
                let body: CommandBody = serde_json::from_value(serde_json::json!({"command": name})).unwrap();
                let allowed = project.summary().allowed.iter().any(|known| known == name);
                prop_assert_eq!(project.check(&command(5_000, body)).is_ok(), allowed);
            }
        }
    }

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
