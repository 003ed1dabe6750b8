//! A database, a simulator and a project whose state machine says what is next.

use crate::database::{Database, Tenant, machine_of, shipped};
use groundwork_activities::{AttemptError, Workshop, WorkshopSettings};
use groundwork_agents::prompt::PromptSet;
use groundwork_agents::{Agents, AgentsSettings, CancellationToken, KeyAccess};
use groundwork_domain::command::{Actor, Command, CommandBody};
use groundwork_domain::ids::CommandId;
use groundwork_domain::pipeline::Pipeline;
use groundwork_domain::project::{Fact, Project, Step};
use groundwork_domain::work::{StageOutcome, StageTask};
use groundwork_domain::{ProjectId, Timestamp};
use groundwork_simulator::{Options, Rule};
use groundwork_store::publish::publish;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

const DEADLINE: Duration = Duration::from_secs(120);

pub struct World {
    pub database: Database,
    pub tenant: Tenant,
    pub project: ProjectId,
    pub machine: Project,
    simulator: String,
    history: u32,
}

impl World {
    /// With these rules of the simulator, each as a flag has it.
    pub async fn new(faults: &[&str]) -> Self {
        Self::with("promptr", faults, Options::default()).await
    }

    /// A project of another pipeline.
    pub async fn of(pipeline: &str, faults: &[&str]) -> Self {
        Self::with(pipeline, faults, Options::default()).await
    }

    /// With a simulator that takes so long for a call.
    pub async fn slow(faults: &[&str], call_ms: u64) -> Self {
        Self::with("promptr", faults, Options { call_ms: Some(call_ms), ..Options::default() }).await
    }

    /// A project of a pipeline of one's own.
    pub async fn own(source: &str) -> Self {
        let pipeline = Pipeline::parse(source, &groundwork_domain::agent::known_agents()).unwrap();
        Self::with_pipeline(pipeline, &[], Options::default()).await
    }

    async fn with(pipeline: &str, faults: &[&str], options: Options) -> Self {
        Self::with_pipeline(shipped(pipeline), faults, options).await
    }

    async fn with_pipeline(pipeline: Pipeline, faults: &[&str], options: Options) -> Self {
        let database = Database::new().await;
        let tenant = database.tenant().await;
        let project = database.project_of(tenant, &pipeline).await;
        let faults = faults.iter().map(|fault| fault.parse::<Rule>().unwrap()).collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let simulator = format!("http://{}", listener.local_addr().unwrap());
        let options = Options { faults, ..options };
        tokio::spawn(groundwork_simulator::serve(listener, options, std::future::pending()));
        let machine = machine_of(tenant, project, pipeline);
        let mut world = Self { database, tenant, project, machine, simulator, history: 0 };
        let notices = world.machine.opening_notices(Timestamp(1));
        world.publish(notices).await;
        world
    }

    /// Another worker process.
    pub fn workshop(&self) -> Arc<Workshop> {
        self.workshop_with(KeyAccess::platform())
    }

    /// The same with people's own keys.
    pub fn workshop_with(&self, keys: KeyAccess) -> Arc<Workshop> {
        let base = self.simulator.clone();
        let settings = AgentsSettings::from_variables(|name| match name {
            "ANTHROPIC_BASE_URL" => Some(base.clone()),
            "OPENAI_BASE_URL" => Some(format!("{base}/v1")),
            "ANTHROPIC_API_KEY" | "OPENAI_API_KEY" => Some("simulated".to_owned()),
            _ => None,
        });
        let patience = WorkshopSettings {
            lease_poll: Duration::from_millis(10),
            budget_poll: Duration::from_millis(10),
            wanted_poll: Duration::from_millis(10),
            input_wait: Duration::from_millis(300),
            ..WorkshopSettings::default()
        };
        Workshop::open_with_keys(
            self.database.store.clone(),
            Agents::new(settings).unwrap(),
            PromptSet::shipped(),
            patience,
            keys,
        )
    }

    /// The attempt of that stage which is to be made now.
    pub fn task_of(&self, stage: &str) -> StageTask {
        let mut tasks = self.machine.next().into_iter().filter_map(|step| match step {
            Step::RunStage(task) if task.stage.0 == stage => Some(*task),
            _ => None,
        });
        tasks.next_back().unwrap_or_else(|| panic!("{stage} is not to be run: {:?}", self.machine.next()))
    }

    /// Runs that attempt, and tells the state machine.
    pub async fn step_of(&mut self, stage: &str) -> StageOutcome {
        let task = self.task_of(stage);
        let outcome = self.workshop().run(&task, &CancellationToken::new()).await.unwrap();
        self.tell(Fact::StageEnded { stage: task.stage, attempt: task.attempt, outcome: outcome.clone() })
            .await;
        outcome
    }

    /// The attempt that is to be made now.
    pub fn task(&self) -> StageTask {
        match self.machine.next().into_iter().next() {
            Some(Step::RunStage(task)) => *task,
            other => panic!("no stage is to be run: {other:?}"),
        }
    }

    /// Runs the attempt that is next, in a worker of its own.
    pub async fn run(&self) -> Result<StageOutcome, AttemptError> {
        self.workshop().run(&self.task(), &CancellationToken::new()).await
    }

    /// Runs the attempt that is next in the background; dropped with what is returned, like a killed worker.
    pub fn run_aside(
        &self,
        cancelled: &CancellationToken,
    ) -> tokio::task::JoinHandle<Result<StageOutcome, AttemptError>> {
        let (workshop, task, cancelled) = (self.workshop(), self.task(), cancelled.clone());
        tokio::spawn(async move { workshop.run(&task, &cancelled).await })
    }

    /// Runs the attempt that is next, and tells the state machine.
    pub async fn step(&mut self) -> StageOutcome {
        let task = self.task();
        let outcome = self.run().await.unwrap();
        self.tell(Fact::StageEnded { stage: task.stage, attempt: task.attempt, outcome: outcome.clone() })
            .await;
        outcome
    }

    pub async fn tell(&mut self, fact: Fact) {
        let notices = self.machine.apply(fact, Timestamp(2)).unwrap();
        self.publish(notices).await;
    }

    pub async fn command(&mut self, body: CommandBody) {
        let actor = Actor::User { user_id: self.tenant.user };
        self.tell(Fact::Command(Command { command_id: CommandId(Uuid::new_v4()), actor, body })).await;
    }

    async fn publish(&mut self, notices: Vec<groundwork_domain::event::Notice>) {
        self.history += 1;
        let publication = self.machine.publication(notices, self.history);
        publish(&self.database.store, &publication).await.unwrap();
        self.machine.texts_stored(publication.texts.len());
    }

    /// Calls that the simulator saw.
    pub async fn calls(&self) -> Vec<Value> {
        let url = format!("{}/_simulator/calls", self.simulator);
        let body: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
        body["calls"].as_array().unwrap().clone()
    }

    /// How often each call was made, by the end of its key: stage, attempt, number.
    pub async fn bought(&self) -> BTreeMap<String, usize> {
        let mut bought = BTreeMap::new();
        for call in self.calls().await {
            let key = call["call_key"].as_str().unwrap().split_once('/').unwrap().1.to_owned();
            *bought.entry(key).or_default() += 1;
        }
        bought
    }

    /// One more rule, as a flag has it, before those that were there.
    pub async fn fault(&self, rule: &str) {
        let url = format!("{}/_simulator/faults", self.simulator);
        let rules: Value = reqwest::get(&url).await.unwrap().json().await.unwrap();
        self.no_more_faults().await;
        let mut all = vec![serde_json::to_value(rule.parse::<Rule>().unwrap()).unwrap()];
        for old in rules["faults"].as_array().into_iter().flatten() {
            let mut old = old.clone();
            for field in ["id", "matched", "fired"] {
                old.as_object_mut().unwrap().remove(field);
            }
            all.push(old);
        }
        let sent = reqwest::Client::new().post(url).json(&all).send().await.unwrap();
        assert!(sent.status().is_success(), "{}", sent.text().await.unwrap());
    }

    pub async fn no_more_faults(&self) {
        let url = format!("{}/_simulator/faults", self.simulator);
        reqwest::Client::new().delete(url).send().await.unwrap();
    }

    /// Until the simulator is in the middle of its `count`th call.
    pub async fn until_called(&self, count: usize) {
        let until = Instant::now() + DEADLINE;
        while self.calls().await.len() < count {
            assert!(Instant::now() < until, "no call in time");
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Until the simulator has sent all that it was asked for.
    pub async fn until_answered(&self) {
        let until = Instant::now() + DEADLINE;
        while self.calls().await.iter().any(|call| call["ended_ms"].is_null()) {
            assert!(Instant::now() < until, "no answer in time");
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Until the owner's statement counts so many.
    pub async fn until(&self, statement: &str, count: i64) {
        let until = Instant::now() + DEADLINE;
        while self.database.count(statement).await != count {
            assert!(Instant::now() < until, "{statement}: not {count} in time");
            sleep(Duration::from_millis(5)).await;
        }
    }

    pub async fn owner(&self, statement: &str) {
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&self.database.owner).await.unwrap();
    }

    /// As if the worker had been silent for longer than a lease lasts.
    pub async fn expire_leases(&self) {
        self.owner("update model_calls set lease_until = now() - interval '1 second' where state = 'leased'")
            .await;
    }
}
