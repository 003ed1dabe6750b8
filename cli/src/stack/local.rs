//! The whole stack as one value: what was found, what was started, what to tell its processes.

use super::home::Home;
use super::ports::{self, Ports};
use super::postgres::{Durability, Postgres};
use super::process::Identity;
use super::server::{self, Role, Server};
use super::temporal::Temporal;
use anyhow::{Context as _, Result};
use uuid::Uuid;

/// Whether API and worker share a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One process; projects start faster.
    Together,
    /// One each, as in production, so that each can be killed alone.
    Apart,
}

/// How to start a stack.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; a port that is taken is replaced by a free one.
    pub ports: Ports,
    /// Whether projects must outlive a power failure.
    pub durability: Durability,
    /// Whether API and worker share a process.
    pub layout: Layout,
    /// More arguments for the simulator.
    pub simulator: Vec<String>,
    /// More environment for our processes.
    pub env: Vec<(String, String)>,
    /// Use DATABASE_URL, TEMPORAL_ADDRESS and provider keys where this process has them, instead of starting something.
    pub inherit: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ports: Ports::default(),
            durability: Durability::Durable,
            layout: Layout::Together,
            simulator: Vec::new(),
            env: Vec::new(),
            inherit: false,
        }
    }
}

/// A running stack. Dropped, everything that it started is killed; `stop` is kinder.
#[derive(Debug)]
pub struct LocalStack {
    home: Home,
    /// Ours, unless DATABASE_URL named another.
    pub postgres: Option<Postgres>,
    /// Ours, unless TEMPORAL_ADDRESS named another.
    pub temporal: Option<Temporal>,
    /// Started where no provider key is set.
    pub simulator: Option<Server>,
    /// API and worker, together or apart.
    pub servers: Vec<Server>,
    env: Vec<(String, String)>,
    api_port: u16,
}

/// One line about a part: what, whether it was found or started, where.
pub type Report<'a> = &'a mut dyn FnMut(&str);

impl LocalStack {
    /// Starts what is not there. `report` is told of every part as it comes up.
    ///
    /// # Errors
    /// When a part does not come up; what was started before it is stopped again.
    pub async fn start(home: Home, options: Options, report: Report<'_>) -> Result<Self> {
        let left = server::end_left_over(&home.state()?.servers).await?;
        if left > 0 {
            report(&format!("ended      {left} processes that an earlier run left behind"));
        }
        let api_port = ports::free_or_other(options.ports.api)?;
        let mut stack = Self {
            home,
            postgres: None,
            temporal: None,
            simulator: None,
            servers: Vec::new(),
            env: options.env.clone(),
            api_port,
        };
        match stack.start_parts(&options, report).await {
            Ok(()) => Ok(stack),
            Err(error) => {
                // The first failure is the one to tell.
                let _ = stack.stop().await;
                Err(error)
            }
        }
    }

    /// What our processes are told; also what a test or an operator needs to look inside.
    #[must_use]
    pub fn env(&self) -> &[(String, String)] {
        &self.env
    }

    /// A variable of `env`.
    #[must_use]
    pub fn var(&self, name: &str) -> Option<&str> {
        self.env.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Where the API answers.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.api_port)
    }

    /// Where everything is kept.
    #[must_use]
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// Starts one more process of ours, of any role that listens nowhere or on `port`.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn add(&mut self, role: Role, name: &str, port: u16) -> Result<()> {
        let server = Server::start(&self.home, role, name, port, self.env.clone(), &[]).await?;
        self.servers.push(server);
        self.remember_servers()
    }

    /// Written down, so that a later run finds them should this one be killed.
    fn remember_servers(&self) -> Result<()> {
        let servers = self.servers.iter().chain(&self.simulator).map(Server::identity).collect();
        self.home.remember(|state| state.servers = servers)
    }

    /// Starts again what has ended by itself, everything that it needs first; returns what that was.
    ///
    /// # Errors
    /// When a part does not come up again.
    pub async fn mend(&mut self) -> Result<Vec<String>> {
        let mut mended = Vec::new();
        if let Some(postgres) = &mut self.postgres
            && !postgres.is_alive()
        {
            postgres.restart().await?;
            mended.push("PostgreSQL".to_owned());
        }
        if let Some(temporal) = &mut self.temporal
            && !temporal.is_alive()
        {
            temporal.restart().await?;
            temporal.remember(&self.home)?;
            mended.push("Temporal".to_owned());
        }
        for server in self.simulator.iter_mut().chain(&mut self.servers) {
            if !server.is_alive() {
                server.restart().await?;
                mended.push(format!("groundwork {}", server.role().as_str()));
            }
        }
        if !mended.is_empty() {
            self.remember_servers()?;
        }
        Ok(mended)
    }

    /// Stops everything, what depends on others first. All parts are tried.
    ///
    /// # Errors
    /// The first part that does not go away.
    pub async fn stop(&mut self) -> Result<()> {
        let mut ended = Ok(());
        for server in self.servers.iter_mut().chain(&mut self.simulator) {
            ended = ended.and(server.stop().await);
        }
        if let Some(temporal) = &mut self.temporal {
            ended = ended.and(temporal.stop().await);
        }
        if let Some(postgres) = &mut self.postgres {
            ended = ended.and(postgres.stop().await);
        }
        let forgotten = self.home.remember(|state| {
            state.api_url = None;
            state.dev = None;
            state.temporal = None;
            state.servers = Vec::new();
        });
        ended.and(forgotten)
    }

    async fn start_parts(&mut self, options: &Options, report: Report<'_>) -> Result<()> {
        let inherited =
            |name: &str| std::env::var(name).ok().filter(|value| options.inherit && !value.is_empty());
        // The two do not need each other, and each takes a second.
        let (postgres, temporal) = tokio::join!(
            start_postgres(&self.home, options, inherited("DATABASE_URL")),
            start_temporal(&self.home, options, inherited("TEMPORAL_ADDRESS")),
        );
        self.adopt_postgres(postgres?, report);
        self.adopt_temporal(temporal?, report);
        self.start_simulator(options, inherited, report).await?;
        if inherited("SECRET_KEY").is_none() {
            let secret =
                self.home.remember(|state| state.secret_key.get_or_insert_with(new_secret).clone())?;
            self.set("SECRET_KEY", secret);
        }
        self.home.remember(|state| {
            let ports = state.ports.get_or_insert_default();
            ports.api = self.api_port;
            state.dev = i32::try_from(std::process::id()).ok().map(Identity::of);
        })?;
        server::run(&["migrate"], &self.env).await?;
        if let Some(postgres) = &self.postgres {
            let url = postgres.admit_servers().await?;
            self.set("DATABASE_URL", url);
        }
        report("migrated   database and search attributes are of this version");
        match options.layout {
            Layout::Together => self.add(Role::Serve, "serve", self.api_port).await?,
            Layout::Apart => {
                self.add(Role::Worker, "worker", 0).await?;
                self.add(Role::Api, "api", self.api_port).await?;
            }
        }
        let url = self.api_url();
        self.home.remember(|state| state.api_url = Some(url.clone()))?;
        report(&format!("started    API and worker   {url}"));
        Ok(())
    }

    fn set(&mut self, name: &str, value: String) {
        self.env.push((name.to_owned(), value));
    }

    fn adopt_postgres(&mut self, part: Part<Postgres>, report: Report<'_>) {
        match part {
            Part::Elsewhere(url) => {
                report("found      PostgreSQL       DATABASE_URL is set");
                self.set("DATABASE_URL", url);
            }
            Part::Ours(postgres) => {
                let place =
                    format!("127.0.0.1:{}, files in {}", postgres.port(), postgres.directory().display());
                report(&format!("{} PostgreSQL       {place}", verb(postgres.was_found())));
                self.set("DATABASE_URL", postgres.url());
                self.postgres = Some(postgres);
            }
        }
    }

    fn adopt_temporal(&mut self, part: Part<Temporal>, report: Report<'_>) {
        match part {
            Part::Elsewhere(address) => {
                report(&format!("found      Temporal         TEMPORAL_ADDRESS is {address}"));
                self.set("TEMPORAL_ADDRESS", address);
            }
            Part::Ours(temporal) => {
                let place = format!("{}, UI {}", temporal.address(), temporal.ui_url());
                report(&format!("{} Temporal         {place}", verb(temporal.was_found())));
                self.set("TEMPORAL_ADDRESS", temporal.address());
                let ui = format!("{}/namespaces/default", temporal.ui_url());
                self.set("GROUNDWORK__API__TEMPORAL_UI_URL", ui);
                self.temporal = Some(temporal);
            }
        }
    }

    /// Only where no provider has a key: with one key, what it buys is what people want.
    async fn start_simulator(
        &mut self,
        options: &Options,
        inherited: impl Fn(&str) -> Option<String>,
        report: Report<'_>,
    ) -> Result<()> {
        let keys = ["ANTHROPIC_API_KEY", "OPENAI_API_KEY"];
        if let Some(name) = keys.into_iter().find(|name| inherited(name).is_some()) {
            report(&format!("found      models           {name} is set: model calls cost money"));
            return Ok(());
        }
        let port = ports::free_or_other(options.ports.simulator)?;
        let extra = &options.simulator;
        let simulator =
            Server::start(&self.home, Role::Simulator, "simulator", port, Vec::new(), extra).await?;
        let url = simulator.url();
        report(&format!(
            "started    simulator        {url} (no provider key is set: everything is simulated)"
        ));
        for name in keys {
            self.set(name, "simulated".to_owned());
        }
        self.set("ANTHROPIC_BASE_URL", url.clone());
        self.set("OPENAI_BASE_URL", format!("{url}/v1"));
        self.simulator = Some(simulator);
        self.remember_servers()
    }
}

enum Part<T> {
    Elsewhere(String),
    Ours(T),
}

async fn start_postgres(home: &Home, options: &Options, url: Option<String>) -> Result<Part<Postgres>> {
    match url {
        Some(url) => Ok(Part::Elsewhere(url)),
        None => Ok(Part::Ours(
            Postgres::start(home, options.ports.postgres, options.durability).await.context("PostgreSQL")?,
        )),
    }
}

async fn start_temporal(home: &Home, options: &Options, address: Option<String>) -> Result<Part<Temporal>> {
    match address {
        Some(address) => Ok(Part::Elsewhere(address)),
        None => Ok(Part::Ours(Temporal::start(home, options.ports).await.context("Temporal")?)),
    }
}

fn verb(found: bool) -> &'static str {
    if found { "found     " } else { "started   " }
}

fn new_secret() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}
