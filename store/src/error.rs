//! What can go wrong between us and Postgres.

/// Any failure of a function of this crate.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Postgres, or the way to it.
    #[error("the database did not do it")]
    Database(#[source] sqlx::Error),
    /// A migration.
    #[error("the database could not be migrated")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// No such row, or none that the asking workspace may see.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// A stored value does not read as what it was written as, or a digest does not match.
    #[error("stored {what} is not what it should be: {reason}")]
    Corrupt {
        /// Which value.
        what: &'static str,
        /// A few words.
        reason: String,
    },
    /// A row that is unique exists already: its constraint's name.
    #[error("exists already: {0}")]
    Exists(String),
}

impl StoreError {
    /// True where the same statement may well succeed in a moment: the connection broke, the server starts or stops, the
    /// pool was exhausted, two transactions met.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Database(error)) => error.code().is_some_and(|code| {
                // Connection (08), resources (53), operator intervention (57), system (58), serialisation and deadlock (40).
                ["08", "53", "57", "58", "40"].iter().any(|class| code.starts_with(class)) || code == "55P03"
            }),
            Self::Database(
                sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::Protocol(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed
                | sqlx::Error::BeginFailed,
            ) => true,
            Self::Database(_)
            | Self::Migrate(_)
            | Self::NotFound(_)
            | Self::Corrupt { .. }
            | Self::Exists(_) => false,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(inner) if inner.is_unique_violation() => {
                Self::Exists(inner.constraint().unwrap_or("unique").to_owned())
            }
            _ => Self::Database(error),
        }
    }
}
