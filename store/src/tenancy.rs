//! Who asks: connections and transactions that row-level security can trust.

use crate::StoreError;
use groundwork_domain::{UserId, WorkspaceId};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection as _, Executor, PgConnection, PgPool, Postgres, Transaction};
use std::ops::{Deref, DerefMut};
use std::str::FromStr;
use std::time::Duration;

/// The role of all servers.
const APP_ROLE: &str = "groundwork_app";

/// The way to Postgres. Clones share one pool.
#[derive(Clone, Debug)]
pub struct Store {
    pool: PgPool,
}

/// Sizes and patience of a pool.
#[derive(Clone, Copy, Debug)]
pub struct StoreOptions {
    /// Connections at most.
    pub connections_max: u32,
    /// How long a caller waits for a connection.
    pub acquire_timeout: Duration,
    /// Longest run of one statement.
    pub statement_timeout: Duration,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            connections_max: 20,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(20),
        }
    }
}

impl Store {
    /// Opens a pool whose connections act as `groundwork_app`, whoever `url` names. Connects when first used.
    ///
    /// # Errors
    /// [`StoreError::Database`] where `url` does not read.
    pub fn connect(url: &str, options: StoreOptions) -> Result<Self, StoreError> {
        let connect = PgConnectOptions::from_str(url)?.application_name("groundwork").options([
            ("statement_timeout", options.statement_timeout.as_millis().to_string()),
            // A client that stops in the middle of a transaction must not hold a project's row for long.
            ("idle_in_transaction_session_timeout", "30000".to_owned()),
        ]);
        let pool = PgPoolOptions::new()
            .max_connections(options.connections_max)
            .acquire_timeout(options.acquire_timeout)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    connection.execute(AssertSqlSafe(format!("set role {APP_ROLE}"))).await?;
                    Ok(())
                })
            })
            .connect_lazy_with(connect);
        Ok(Self { pool })
    }

    /// The pool, for listeners and health checks; a statement on a tenant table sees nothing through it.
    #[must_use]
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Begins a transaction in the name of `user`, working in `workspace`. One round trip.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn tenant(&self, workspace: WorkspaceId, user: UserId) -> Result<Tx, StoreError> {
        self.begin(&workspace.to_string(), &user.to_string()).await
    }

    /// Begins a transaction in the name of `user`, outside of any workspace: tables of persons only.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn person(&self, user: UserId) -> Result<Tx, StoreError> {
        self.begin("", &user.to_string()).await
    }

    /// Begins a transaction in the name of `workspace` for the engine itself, which is nobody.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn workspace(&self, workspace: WorkspaceId) -> Result<Tx, StoreError> {
        self.begin(&workspace.to_string(), "").await
    }

    /// Whether the connections' own role, behind `groundwork_app`, could see what row-level security hides: a superuser, or one
    /// that bypasses it. `reset role` would make them that role again.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn could_bypass_security(&self) -> Result<bool, StoreError> {
        let could = sqlx::query_scalar!(
            r#"select rolsuper or rolbypassrls as "could!" from pg_roles where rolname = session_user"#
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(could)
    }

    /// Begins a transaction in nobody's name: only functions that look before it is known who asks say anything.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn nobody(&self) -> Result<Tx, StoreError> {
        self.begin("", "").await
    }

    /// Asks Postgres for an answer.
    ///
    /// # Errors
    /// [`StoreError::Database`] where it gives none.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.pool.execute("select 1").await?;
        Ok(())
    }

    /// Both arguments are UUIDs or empty, so that they can stand in the statement: a simple query is one round trip.
    async fn begin(&self, workspace: &str, user: &str) -> Result<Tx, StoreError> {
        let statement = format!(
            "begin; select set_config('app.workspace_id', '{workspace}', true), set_config('app.user_id', '{user}', true)"
        );
        // sqlx forgets a transaction whose beginning is dropped while Postgres answers (a client that went away), and the
        // connection would go back to the pool with it open. A task of its own is not dropped, and drops it whole.
        let pool = self.pool.clone();
        let begun = tokio::spawn(async move { pool.begin_with(AssertSqlSafe(statement)).await });
        Ok(Tx(begun.await.map_err(|_cancelled| sqlx::Error::WorkerCrashed)??))
    }
}

/// A transaction that says who asks. Dropped without [`Tx::commit`], nothing of it happened.
#[derive(Debug)]
pub struct Tx(Transaction<'static, Postgres>);

impl Tx {
    /// Makes it so.
    ///
    /// # Errors
    /// [`StoreError::Database`]; whether it was committed is unknown then.
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.0.commit().await?)
    }

    /// From here on it is in the name of `user`, working in `workspace`: for who asks without being known, and then is.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn enter(&mut self, workspace: WorkspaceId, user: UserId) -> Result<(), StoreError> {
        let statement =
            "select set_config('app.workspace_id', $1, true), set_config('app.user_id', $2, true)";
        sqlx::query(statement)
            .bind(workspace.to_string())
            .bind(user.to_string())
            .execute(&mut *self.0)
            .await?;
        Ok(())
    }

    /// What statements are executed on.
    pub fn conn(&mut self) -> &mut PgConnection {
        &mut self.0
    }
}

impl Deref for Tx {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.0
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.0
    }
}

/// Brings a database to this version; `pool` connects as its owner.
///
/// # Errors
/// [`StoreError::Migrate`].
pub async fn migrate(pool: &PgPool) -> Result<(), StoreError> {
    Ok(sqlx::migrate!("../migrations").run(pool).await?)
}

/// Lets servers log in as `groundwork_app` with this password, of letters and digits only; `url` connects as a role that may
/// change roles. The migrations have made the role, without a password.
///
/// # Errors
/// [`StoreError::Database`] where `url` does not read or nobody answers, [`StoreError::Corrupt`] for any other password.
pub async fn admit_servers(url: &str, password: &str) -> Result<(), StoreError> {
    if password.is_empty() || !password.chars().all(|c| c.is_ascii_alphanumeric()) {
        let reason = "it is not of letters and digits only".to_owned();
        return Err(StoreError::Corrupt { what: "password", reason });
    }
    let mut connection = PgConnection::connect(url).await?;
    // Utility statements take no parameters.
    connection.execute(AssertSqlSafe(format!("alter role {APP_ROLE} password '{password}'"))).await?;
    connection.close().await?;
    Ok(())
}

/// Brings the database at `url` to this version; `url` connects as its owner.
///
/// # Errors
/// [`StoreError::Database`] where `url` does not read or nobody answers, [`StoreError::Migrate`].
pub async fn migrate_at(url: &str) -> Result<(), StoreError> {
    let pool = PgPoolOptions::new().max_connections(1).connect(url).await?;
    migrate(&pool).await?;
    pool.close().await;
    Ok(())
}
