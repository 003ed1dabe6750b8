//! The tables of `build`, tasks and requests: every pair in them happens here, every other pair is refused.

use super::support::*;
use groundwork_domain::command::CommandBody;
use groundwork_domain::event::Notice;
use groundwork_domain::ids::{StageId, Timestamp};
use groundwork_domain::project::{Fact, Project};
use groundwork_domain::publication::TaskStatus;
use groundwork_domain::request::{Decision, RequestStatus};
use groundwork_domain::transitions::{build_may_become, build_words};
use groundwork_domain::work::StageResult;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// What was seen to follow what.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) words: BTreeSet<(String, String)>,
    pub(crate) tasks: BTreeSet<(&'static str, &'static str)>,
    pub(crate) requests: BTreeSet<(&'static str, &'static str)>,
}

type Tasks = BTreeMap<(StageId, u32), TaskStatus>;
type Requests = BTreeMap<Uuid, RequestStatus>;

fn tasks_of(project: &Project) -> Tasks {
    project.task_views().into_iter().map(|task| ((task.stage, task.attempt), task.status)).collect()
}

fn requests_of(project: &Project) -> Requests {
    project.requests().map(|request| (request.request_id, request.status)).collect()
}

/// What is written is what is read: flattened parts must not share a name.
pub(crate) fn reads_back<T>(value: &T)
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let json = serde_json::to_string(value).unwrap();
    match serde_json::from_str::<T>(&json) {
        Ok(read) => assert_eq!(&read, value, "{json}"),
        Err(error) => panic!("{error}: {json}"),
    }
}

/// A project that is watched.
pub(crate) struct Watched<'a> {
    pub(crate) project: Project,
    word: String,
    seen: &'a mut Seen,
    commands: u128,
}

impl<'a> Watched<'a> {
    pub(crate) fn new(project: Project, seen: &'a mut Seen) -> Self {
        let word = status(&project);
        Self { project, word, seen, commands: 10_000 }
    }

    pub(crate) fn apply(&mut self, fact: Fact, now: Timestamp) -> bool {
        let (tasks, requests) = (tasks_of(&self.project), requests_of(&self.project));
        reads_back(&fact);
        let Ok(notices) = self.project.apply(fact, now) else { return false };
        notices.iter().for_each(reads_back);
        super::support::tasks(&self.project).iter().for_each(reads_back);
        self.words(&notices);
        for (key, status) in tasks_of(&self.project) {
            let before = tasks.get(&key).copied().unwrap_or(TaskStatus::Pending);
            if before != status {
                assert!(before.may_become(status), "{key:?}: {before:?} -> {status:?}");
                self.seen.tasks.insert((before.as_str(), status.as_str()));
            }
        }
        for (id, status) in requests_of(&self.project) {
            let before = requests.get(&id).copied().unwrap_or(RequestStatus::Pending);
            if before != status {
                assert!(before.may_become(status), "{before:?} -> {status:?}");
                self.seen.requests.insert((before.as_str(), status.as_str()));
            }
        }
        true
    }

    fn words(&mut self, notices: &[Notice]) {
        for notice in notices.iter().filter(|notice| notice.kind.as_str() == "status_changed") {
            let word = notice.payload["status"].as_str().unwrap().to_owned();
            if word != self.word && self.project.pipeline().id == "build" {
                assert!(build_may_become(&self.word, &word), "{} -> {word}", self.word);
                self.seen.words.insert((self.word.clone(), word.clone()));
            }
            self.word = word;
        }
    }

    pub(crate) fn say(&mut self, body: CommandBody) -> bool {
        self.commands += 1;
        self.apply(Fact::Command(command(self.commands, body)), NOW)
    }

    fn decide(&mut self, gate: &str, decision: Decision) {
        let digest = at_gate(&self.project, gate);
        let artifact = (decision == Decision::Amend).then(|| {
            let version = self.project.summary().gates[0].artifact.clone().unwrap().version;
            artifact(gate, version + 50)
        });
        let CommandBody::Decide { gate, digest, decision, comment, role, .. } =
            decide(gate, digest, decision)
        else {
            return;
        };
        assert!(self.say(CommandBody::Decide { gate, digest, decision, comment, artifact, role }));
    }

    /// What that stage makes, or its failure where `failing`.
    pub(crate) fn end(&mut self, id: &str, failing: bool) {
        let task = task_of(&self.project, id);
        let (stage, attempt) = (task.stage.clone(), task.attempt);
        let fact = if failing {
            Fact::StageFailed { stage, attempt, failure: failure("provider_refused") }
        } else {
            let outcome =
                groundwork_domain::work::StageOutcome { result: made(&self.project, id), used: used() };
            Fact::StageEnded { stage, attempt, outcome }
        };
        self.apply(fact, NOW);
    }
}

/// What an attempt of that stage makes, where all goes well.
pub(crate) fn made(project: &Project, id: &str) -> StageResult {
    let task = task_of(project, id);
    let own = artifact(&task.produces, task.attempt);
    match id {
        "brief" => replied(Some(task.attempt)),
        "title" => replied(None),
        "implement" | "coder" => StageResult::Implemented { artifact: own, files: 1, bytes: 1 },
        "security_review" | "code_review" | "verdict" => StageResult::Reviewed {
            artifact: own,
            verdict: groundwork_domain::document::Verdict::Pass,
            mendable: 0,
            open: 0,
            passed: Some(true),
        },
        advice if advice.ends_with("-advice") => StageResult::Advised {
            artifact: own,
            recommendation: groundwork_domain::document::audit::Recommendation::Approve,
            reason: groundwork_domain::Digest::of(b"fits"),
        },
        _ => StageResult::Written { artifact: own, stale_prompts: 0 },
    }
}

/// The stations of a feature, in order: how each is reached.
const STATIONS: [&str; 9] = [
    "drafting",
    "spec_generating",
    "spec_ready",
    "plan_generating",
    "plan_ready",
    "tests_generating",
    "tests_ready",
    "implementing",
    "review",
];

/// A watched feature at that station, or `done`, or `failed` at station `from`.
fn at<'a>(station: &str, seen: &'a mut Seen) -> Watched<'a> {
    let mut watched = Watched::new(project_of(build_toml()), seen);
    let path = STATIONS.iter().take_while(|word| **word != station).copied().collect::<Vec<_>>();
    for word in path {
        match word {
            "drafting" => {
                watched.end("brief", false);
                watched.say(CommandBody::ConfirmBrief { digest: artifact("brief", 1).digest });
            }
            "implementing" => watched.end("implement", false),
            "review" => {
                for stage in ["security_review", "code_review", "verdict"] {
                    watched.end(stage, false);
                }
            }
            word => match word.split_once('_') {
                Some((stage, "generating")) => watched.end(stage, false),
                Some((gate, _)) => watched.decide(gate, Decision::Approve),
                None => unreachable!("{word}"),
            },
        }
    }
    assert_eq!(watched.word, station);
    watched
}

fn rewind(id: &str) -> CommandBody {
    CommandBody::Rewind { stage: id.into(), model: None }
}

/// All the ways that lead from a station, one after the other, each in a feature of its own.
fn walk(station: &str, seen: &mut Seen) {
    let mut go = |act: &dyn Fn(&mut Watched<'_>)| act(&mut at(station, seen));
    go(&|feature| assert!(feature.say(CommandBody::Cancel) || station == "done"));
    for stage in ["brief", "spec", "plan", "tests", "implement", "security_review"] {
        go(&|feature| {
            feature.say(rewind(stage));
        });
    }
    for name in ["spec", "plan", "tests"] {
        go(&|feature| {
            let current = feature.project.artifacts().find(|artifact| artifact.name == name).cloned();
            if let Some(current) = current {
                let next = artifact(name, current.version + 1);
                assert!(feature.say(CommandBody::Edit { base: current.digest, artifact: next }));
            }
        });
    }
    let Some((gate, "ready")) = station.split_once('_') else { return };
    for decision in Decision::ALL {
        go(&|feature| {
            feature.decide(gate, decision);
            feature.say(rewind(gate));
        });
    }
    go(&|feature| assert!(feature.say(CommandBody::Revise { brief: None })));
}

fn ends_that_fail(seen: &mut Seen) {
    let stages = ["spec", "plan", "tests", "implement", "security_review"];
    let words = ["spec_generating", "plan_generating", "tests_generating", "implementing", "review"];
    let fail = |word: &str, stage: &str, seen: &mut Seen, after: &dyn Fn(&mut Watched<'_>)| {
        let mut feature = at(word, seen);
        feature.end(stage, true);
        if stage == "security_review" {
            feature.end("code_review", false);
        }
        assert_eq!(feature.word, "failed");
        after(&mut feature);
    };
    for (stage, word) in stages.into_iter().zip(words) {
        fail(word, stage, seen, &|feature| assert!(feature.say(CommandBody::Retry { model: None })));
        fail(word, stage, seen, &|feature| assert!(feature.say(CommandBody::Cancel)));
        for back in ["brief", "spec", "plan", "tests", "implement"] {
            fail(word, stage, seen, &|feature| {
                feature.say(rewind(back));
            });
        }
        for name in ["spec", "plan", "tests"] {
            fail(word, stage, seen, &|feature| {
                if feature.project.artifacts().any(|artifact| artifact.name == name) {
                    let edit =
                        CommandBody::Edit { base: artifact(name, 1).digest, artifact: artifact(name, 2) };
                    assert!(feature.say(edit));
                }
            });
        }
    }
}

/// Pauses, parks, questions, deadlines: the rest of what tasks and requests go through.
fn waits(seen: &mut Seen) {
    let mut feature = at("spec_generating", seen);
    feature.say(CommandBody::Pause);
    feature.say(CommandBody::Resume);
    feature.say(CommandBody::Pause);
    let result = StageResult::Written { artifact: artifact("spec", 1), stale_prompts: 0 };
    let outcome = groundwork_domain::work::StageOutcome { result, used: used() };
    feature.apply(Fact::StageEnded { stage: "spec".into(), attempt: 1, outcome }, NOW);

    let policy = "advisor = \"alignment_reviewer\"\nremind_after = \"1d\"\nescalate_after = \"3d\"";
    let toml = build_toml().replacen(policy, "deadline = \"1m\"\non_expiry = \"fail\"", 1);
    let mut feature = Watched::new(confirmed(&toml), seen);
    feature.end("spec", false);
    feature.apply(Fact::Deadline, Timestamp(NOW.0 + 60_000));
    feature.say(CommandBody::Retry { model: None });

    for paused in [false, true] {
        let mut feature = at("implementing", seen);
        let over = StageResult::OverBudget {
            scope: "project".into(),
            measure: "usd".into(),
            limit: 1.into(),
            used: 1.into(),
            reserved: 0.into(),
            wanted: 1.into(),
        };
        let outcome = groundwork_domain::work::StageOutcome { result: over, used: used() };
        feature.apply(Fact::StageEnded { stage: "implement".into(), attempt: 1, outcome }, NOW);
        if paused {
            feature.say(CommandBody::Pause);
        }
        feature.say(CommandBody::SetBudget { tokens: None, usd: None });
    }
    pending_ends(seen);
    questions(seen);
}

/// A paused task can still end in every way.
fn pending_ends(seen: &mut Seen) {
    let results = [Some(asked(&["Q1"])), Some(asked(&[])), None];
    for result in results {
        let mut other = Watched::new(project(), seen);
        other.say(CommandBody::Pause);
        let (stage, attempt) = (StageId::from("questions"), 1);
        let fact = match result {
            Some(result) => {
                let outcome = groundwork_domain::work::StageOutcome { result, used: used() };
                Fact::StageEnded { stage, attempt, outcome }
            }
            None => Fact::StageFailed { stage, attempt, failure: failure("provider_refused") },
        };
        assert!(other.apply(fact, NOW));
    }
    let mut other = Watched::new(project(), seen);
    other.say(CommandBody::Pause);
    other.say(rewind("questions"));
    other.say(CommandBody::Cancel);
}

fn questions(seen: &mut Seen) {
    let mut open = || {
        let mut other = Watched::new(project(), seen);
        let outcome = groundwork_domain::work::StageOutcome { result: asked(&["Q1"]), used: used() };
        other.apply(Fact::StageEnded { stage: "questions".into(), attempt: 1, outcome }, NOW);
        other.project
    };
    let (first, second, third) = (open(), open(), open());
    Watched::new(first, seen).say(CommandBody::AcceptRecommendations);
    Watched::new(second, seen).say(CommandBody::Cancel);
    Watched::new(third, seen).say(rewind("questions"));
}

#[test]
fn every_pair_of_the_tables_happens_and_no_other() {
    let mut seen = Seen::default();
    for station in STATIONS.into_iter().chain(["done"]) {
        walk(station, &mut seen);
    }
    ends_that_fail(&mut seen);
    waits(&mut seen);

    let words = build_words();
    let table = |may: &dyn Fn(&str, &str) -> bool| {
        let pairs = words.iter().flat_map(|from| words.iter().map(move |to| (*from, *to)));
        pairs.filter(|(from, to)| may(from, to)).map(|(from, to)| (from.to_owned(), to.to_owned())).collect()
    };
    let expected: BTreeSet<(String, String)> = table(&build_may_become);
    let missing: Vec<_> = expected.difference(&seen.words).collect();
    assert!(missing.is_empty(), "in the table, and never seen: {missing:?}");

    let expected = pairs(TaskStatus::ALL, TaskStatus::may_become, TaskStatus::as_str);
    let missing: Vec<_> = expected.difference(&seen.tasks).collect();
    assert!(missing.is_empty(), "tasks: in the table, and never seen: {missing:?}");
    let expected = pairs(RequestStatus::ALL, RequestStatus::may_become, RequestStatus::as_str);
    let missing: Vec<_> = expected.difference(&seen.requests).collect();
    assert!(missing.is_empty(), "requests: in the table, and never seen: {missing:?}");
}

fn pairs<T: Copy, const N: usize>(
    all: [T; N],
    may: fn(T, T) -> bool,
    word: fn(T) -> &'static str,
) -> BTreeSet<(&'static str, &'static str)> {
    let pairs = all.into_iter().flat_map(|from| all.into_iter().map(move |to| (from, to)));
    pairs.filter(|(from, to)| may(*from, *to)).map(|(from, to)| (word(from), word(to))).collect()
}

#[test]
fn whole_publications_read_back() {
    for project in [waiting_at("tests"), done(Some(false), None), done(Some(true), Some(true)), handoff()] {
        let notices = project.opening_notices(NOW);
        reads_back(&project.publication(notices, 7));
        reads_back(&project);
        reads_back(&project.summary());
    }
}
