//! What a crash costs: at most the call that was in flight. Each test kills or stops real processes at one exact place,
//! and asks the simulator, the witness, what was bought.
#![allow(clippy::unwrap_used, reason = "tests")]

use anyhow::Result;
use groundwork_tests::chaos::checks;
use groundwork_tests::chaos::record::Record;
use groundwork_tests::driver::{self, Errand};
use groundwork_tests::recovery::{self, until_called, until_called_times};
use groundwork_tests::{Client, Component, Options, Stack, wait};
use nix::sys::signal::Signal;
use serde_json::json;
use std::time::Duration;
use tokio::sync::Mutex;
use uuid::Uuid;

/// One stack at a time: each is five processes, and a machine that is too busy makes workers late.
static MACHINE: Mutex<()> = Mutex::const_new(());
/// For everything that happens soon or not at all.
const SOON: Duration = Duration::from_secs(120);
/// Far beyond what `make chaos` measures: a test must not fail because the machine is busy.
const RECOVERY_MS_MAX: i64 = 60_000;

/// A project that has been answered and whose specification is being written.
struct Scene {
    stack: Stack,
    client: Client,
    project: Uuid,
    errand: Errand,
    /// The key of the call that writes the specification.
    key: String,
}

impl Scene {
    /// Only calls that write the specification take time: they fall silent in their middle, for so long.
    async fn start(stall: &str) -> Result<Self> {
        let fault = format!("--fault=stall,agent=architect,{stall}");
        let stack = Stack::start(Options::durable(&[&fault])).await?;
        let client = stack.client().sign_up("recovery").await?.patient(SOON);
        let errand = Errand { style: driver::Style::Recommended, ..driver::errands(1).remove(0) };
        let project = driver::begin(&client, &errand).await?;
        let answer = json!({"command": "accept_recommendations"});
        client.command(project, "answer", &answer).await?.ok()?;
        let key = until_called(&stack, project, "spec").await?.key().to_owned();
        Ok(Self { stack, client, project, errand, key })
    }

    async fn until_stored(&self) -> Result<()> {
        let database = self.stack.database();
        wait::until("the reply in the database", SOON, async || {
            let state = database.call_state(&self.key).await?;
            Ok((state.as_deref() == Some("finished")).then_some(()))
        })
        .await
    }

    /// Waits until the provider has sent a whole reply, whoever reads it.
    async fn until_sent(&self) {
        let simulator = self.stack.simulator();
        wait::until("the end of the call", SOON, async || {
            Ok(simulator.calls_of(&self.key).await?.iter().any(|call| call.finished).then_some(()))
        })
        .await
        .unwrap();
    }

    /// Waits until the project is completed, and checks log, results and ledger. Returns how often the call was made.
    async fn complete(&self) -> Result<usize> {
        driver::until_phase(&self.client, self.project, &["completed"]).await?;
        let undisturbed =
            driver::run(&self.stack.client().sign_up("other").await?.patient(SOON), &self.errand).await?;
        let database = self.stack.database();
        let records = [Record::of(&database, self.project).await?];
        let reference = [Record::of(&database, undisturbed).await?];
        let calls = self.stack.simulator().calls().await?;
        let nothing: [String; 0] = [];
        assert_eq!(checks::logs(&records, &reference), nothing);
        assert_eq!(checks::contents(&records, &reference), nothing);
        assert_eq!(checks::ledger(&records, &calls), nothing);
        assert_eq!(database.results(self.project, "spec").await?, 1);
        Ok(self.stack.simulator().calls_of(&self.key).await?.len())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_in_a_call_is_missed_for_seconds_only() {
    let _machine = MACHINE.lock().await;
    let stack = Stack::start(Options::durable(&[recovery::STALL])).await.unwrap();
    let all = recovery::measure(&stack, 3).await.unwrap();
    assert!(all.iter().all(|ms| *ms < RECOVERY_MS_MAX), "{all:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_was_stored_is_not_bought_again() {
    let _machine = MACHINE.lock().await;
    let scene = Scene::start("calls=1,stall_ms=8000").await.unwrap();
    let database = scene.stack.database();
    // Between the storing of the reply and the activity's answer lies the storing of the result: it waits for this lock.
    let lock = database.lock_writes("stage_results").await.unwrap();
    scene.until_stored().await.unwrap();
    wait::until("the result that waits", SOON, async || {
        Ok((database.waiting_for("stage_results").await? > 0).then_some(()))
    })
    .await
    .unwrap();
    scene.stack.kill(Component::Worker).await.unwrap();
    assert_eq!(database.results(scene.project, "spec").await.unwrap(), 0);
    lock.rollback().await.unwrap();
    scene.stack.restart(Component::Worker).await.unwrap();
    assert_eq!(scene.complete().await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_was_only_slow_leaves_one_result() {
    let _machine = MACHINE.lock().await;
    let scene = Scene::start("calls=1..2,stall_ms=8000").await.unwrap();
    // Stopped for longer than its heartbeat and its lease: to everybody else it is dead.
    scene.stack.worker().lock().await.signal(Signal::SIGSTOP).unwrap();
    let _second = scene.stack.another_worker().await.unwrap();
    until_called_times(&scene.stack, &scene.key, 2).await.unwrap();
    scene.until_sent().await;
    // It wakes with the whole reply in its socket, while the second worker reads another one for the same call.
    scene.stack.worker().lock().await.signal(Signal::SIGCONT).unwrap();
    assert_eq!(scene.complete().await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn temporal_killed_in_a_call_costs_no_second_call() {
    let _machine = MACHINE.lock().await;
    let scene = Scene::start("calls=1,stall_ms=5000").await.unwrap();
    scene.stack.kill(Component::Temporal).await.unwrap();
    // The worker reads the call to its end though nobody can be told.
    scene.until_stored().await.unwrap();
    scene.stack.restart(Component::Temporal).await.unwrap();
    assert_eq!(scene.complete().await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_killed_in_a_call_costs_no_second_call() {
    let _machine = MACHINE.lock().await;
    let scene = Scene::start("calls=1,stall_ms=5000").await.unwrap();
    scene.stack.kill(Component::Postgres).await.unwrap();
    // The reply comes when it cannot be stored: it is kept, and stored as soon as it can be.
    scene.until_sent().await;
    scene.stack.restart(Component::Postgres).await.unwrap();
    assert_eq!(scene.complete().await.unwrap(), 1);
}
