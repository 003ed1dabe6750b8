//! Chaos: many projects at once while worker, API, Temporal and PostgreSQL are killed at random; then everything that is
//! left is held against a run of the same ideas without kills, and against what the simulator saw.

pub mod checks;
pub mod kills;
pub mod record;
pub mod report;

use crate::client::Client;
use crate::driver::{self, Errand};
use crate::stack::{Component, Options, Stack};
use crate::wait;
use anyhow::{Context, Result};
use kills::{Kill, Killer};
use record::Record;
use report::Report;
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::{JoinSet, LocalSet};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long people go on asking while something is down.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often the supervisor looks for processes that ended by themselves.
const TEND_EVERY: Duration = Duration::from_millis(200);
/// Analysts ask a person in the middle of their work.
const ASKING: &str = "--fault=ask_person,agent=analyst";

/// What is to be done.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Projects at once.
    pub projects: usize,
    /// Kills that must land while model calls run.
    pub kills: usize,
    /// Of everything random.
    pub seed: u64,
    /// Milliseconds that a model call streams.
    pub call_ms: u32,
}

/// Runs it. The report says what was counted and everything that is wrong; the stack comes with it, for its logs.
///
/// # Errors
/// When it could not be carried out: a process that does not come back, a project that does not complete.
pub async fn run(plan: Plan) -> Result<(Report, Stack)> {
    let began = Instant::now();
    let mut stack = Stack::start(Options::durable(&[&format!("--call-ms={}", plan.call_ms), ASKING]))
        .await
        .context("starting the stack")?;
    say(&format!("stack up after {} s; logs in {}", began.elapsed().as_secs(), stack.logs().display()));
    let shared = Arc::new(stack);
    // One thread is enough for those who only ask and kill, and it spares all their futures from being Send.
    let outcome = LocalSet::new().run_until(carry_out(plan, &shared)).await;
    stack = Arc::into_inner(shared).context("a task still holds the stack")?;
    match outcome {
        Ok(mut report) => {
            report.seconds = began.elapsed().as_secs();
            Ok((report, stack))
        }
        Err(error) => {
            stack.keep();
            Err(error.context(format!("seed {}; logs are kept in {}", plan.seed, stack.logs().display())))
        }
    }
}

async fn carry_out(plan: Plan, stack: &Arc<Stack>) -> Result<Report> {
    let errands = driver::mixed_errands(plan.projects);
    let (reference, seconds) = without_kills(stack, &errands).await.context("the run without kills")?;
    say(&format!("{} projects without kills: {seconds} s", errands.len()));
    let (projects, kills, seconds) = with_kills(plan, stack, &errands).await?;
    say(&format!("{} projects with {} kills: {seconds} s", errands.len(), kills.len()));

    until_quiet(stack).await?;
    let database = stack.database();
    let records = Record::of_all(&database, &projects).await?;
    let calls = stack.simulator().calls().await?;
    let live = record::summaries(stack, &projects).await?;
    let mut report = Report::new(plan, &records, &kills, &calls);
    report.ended_by_themselves = stack.ended_by_themselves().await;
    report.wrong.extend(checks::completed(&records));
    report.wrong.extend(checks::logs(&records, &reference));
    report.wrong.extend(checks::contents(&records, &reference));
    report.wrong.extend(checks::purchases(&records, &calls, &kills));
    report.wrong.extend(checks::ledger(&records, &calls));
    report.wrong.extend(checks::published(&records, &live));
    let leases = database.leases().await?;
    report
        .wrong
        .extend(leases.iter().map(|key| format!("{key}: still leased, though its project is completed")));
    if report.kills_during_calls < plan.kills {
        let (landed, wanted) = (report.kills_during_calls, plan.kills);
        report.wrong.push(format!(
            "{landed} kills landed while model calls ran, {wanted} were asked for: more projects?"
        ));
    }
    Ok(report)
}

/// The same errands, by another person, undisturbed.
async fn without_kills(stack: &Arc<Stack>, errands: &[Errand]) -> Result<(Vec<Record>, u64)> {
    let began = Instant::now();
    let client = stack.client().sign_up("reference").await?.patient(PATIENCE);
    let mut tasks = JoinSet::new();
    for (number, errand) in errands.iter().cloned().enumerate() {
        let client = client.clone();
        tasks.spawn_local(async move { anyhow::Ok((number, driver::run(&client, &errand).await?)) });
    }
    let projects = in_order(tasks).await?;
    let seconds = began.elapsed().as_secs();
    Ok((Record::of_all(&stack.database(), &projects).await?, seconds))
}

async fn with_kills(
    plan: Plan,
    stack: &Arc<Stack>,
    errands: &[Errand],
) -> Result<(Vec<Uuid>, Vec<Kill>, u64)> {
    let began = Instant::now();
    let client = stack.client().sign_up("chaos").await?.patient(PATIENCE);
    let over = CancellationToken::new();
    let supervisor = tokio::task::spawn_local(supervise(Arc::clone(stack), over.clone()));
    let (killer, progress) = Killer::new(Arc::clone(stack), plan.kills, plan.seed, over.clone());
    let mut tasks = JoinSet::new();
    for (number, errand) in errands.iter().cloned().enumerate() {
        // People answer when they like: here, spread over the kills, so that there are model calls to the end.
        let answer_after = number * plan.kills / errands.len();
        tasks.spawn_local(project(client.clone(), number, errand, answer_after, progress.clone()));
    }
    let killing = tokio::task::spawn_local(killer.run());
    let projects = in_order(tasks).await;
    over.cancel();
    let kills = killing.await.context("the killer")?;
    supervisor.await.context("the supervisor")??;
    Ok((projects?, kills?, began.elapsed().as_secs()))
}

async fn project(
    client: Client,
    number: usize,
    errand: Errand,
    answer_after: usize,
    mut progress: watch::Receiver<usize>,
) -> Result<(usize, Uuid)> {
    let id = driver::begin(&client, &errand).await?;
    // The killer is gone when it has done its work: nothing to wait for then.
    let _ = progress.wait_for(|progress| *progress >= answer_after).await;
    driver::complete(&client, id, &errand).await?;
    Ok((number, id))
}

/// Project ids in the order of their errands; the first error ends all.
async fn in_order(mut tasks: JoinSet<Result<(usize, Uuid)>>) -> Result<Vec<Uuid>> {
    let mut projects = Vec::new();
    while let Some(done) = tasks.join_next().await {
        projects.push(done.context("a project's task")??);
    }
    projects.sort_unstable();
    Ok(projects.into_iter().map(|(_, id)| id).collect())
}

async fn supervise(stack: Arc<Stack>, over: CancellationToken) -> Result<()> {
    while !over.is_cancelled() {
        stack.tend().await?;
        tokio::time::sleep(TEND_EVERY).await;
    }
    Ok(())
}

/// Waits until all parts are up, for what reads them after the kills.
pub(crate) async fn until_quiet(stack: &Stack) -> Result<()> {
    let simulator = stack.simulator();
    wait::until("the end of all model calls", PATIENCE, async || {
        Ok(simulator.calls().await?.iter().all(|call| call.ended_ms.is_some()).then_some(()))
    })
    .await
}

/// A line about how far it is.
pub(crate) fn say(line: &str) {
    // Nobody is helped by a run that ends because nobody reads its progress.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// For tables: all components with how often each was killed.
pub(crate) fn by_component(kills: &[Kill]) -> Vec<(Component, usize)> {
    let count = |component| kills.iter().filter(|kill| kill.component == component).count();
    Component::ALL.into_iter().map(|component| (component, count(component))).collect()
}
