//! The connection to Temporal: settings from `TEMPORAL_*` and `temporal.toml`, no compression on the way.

use temporalio_client::envconfig::LoadClientConfigProfileOptions;
use temporalio_client::{Client, ClientOptions, Connection, GrpcCompression};

use crate::WorkerError;

/// Connects to the Temporal server that `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE` and their kin name
/// (`localhost:7233` and `default` where they are not set).
///
/// # Errors
/// Settings that cannot be read, or a server that does not answer.
pub async fn connect() -> Result<Client, WorkerError> {
    let (mut connection, options) =
        ClientOptions::load_from_config(LoadClientConfigProfileOptions::default())
            .map_err(|error| WorkerError::Settings(error.to_string()))?;
    // Between us and a server on the same network gzip only costs CPU (performance.md).
    connection.grpc_compression = GrpcCompression::None;
    connection.connect_timeout = Some(std::time::Duration::from_secs(5));
    let target = connection.target.to_string();
    let connection = Connection::connect(connection)
        .await
        .map_err(|error| WorkerError::Unreachable { target, reason: error.to_string() })?;
    Client::new(connection, options).map_err(|error| WorkerError::Settings(error.to_string()))
}
