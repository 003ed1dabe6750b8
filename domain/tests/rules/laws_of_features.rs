//! What holds for every sequence of facts of a feature: gates, chats, deadlines, money, everything done again.

use super::support::*;
use super::transitions::{Seen, Watched, made};
use groundwork_domain::access::Role;
use groundwork_domain::command::CommandBody;
use groundwork_domain::document::Verdict;
use groundwork_domain::project::{Fact, Phase, Project};
use groundwork_domain::request::{Decision, RequestStatus, RequestView, question_request_id};
use groundwork_domain::work::{StageOutcome, StageResult};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

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
fn approvals(project: &Project) -> BTreeMap<Uuid, usize> {
    project.requests().map(|request| (request.request_id, request.approvals.len())).collect()
}

/// Gates that were passed.
fn passed(project: &Project) -> BTreeSet<Uuid> {
    let is =
        |request: &&RequestView| matches!(request.status, RequestStatus::Approved | RequestStatus::Amended);
    project.requests().filter(is).map(|request| request.request_id).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]
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
}
