//! Search attributes must be registered before any project starts: an unknown one fails every workflow task.

use crate::WorkerError;
use groundwork_workflows::attributes::ALL;
use std::time::Duration;
use temporalio_client::tonic::IntoRequest as _;
use temporalio_client::{Client, NamespacedClient as _};
use temporalio_common::protos::temporal::api::enums::v1::IndexedValueType;
use temporalio_common::protos::temporal::api::operatorservice::v1::{
    AddSearchAttributesRequest, ListSearchAttributesRequest,
};

/// How long a freshly registered attribute may take to become known to the server.
const REGISTRATION_WAIT: Duration = Duration::from_secs(30);
const POLL_EVERY: Duration = Duration::from_millis(200);

/// Registers what is missing and waits until the server knows it. Where the server does not let us (Temporal Cloud), it
/// only checks.
///
/// # Errors
/// Attributes that are still missing, by name, with what to do.
pub async fn register(client: &Client) -> Result<(), WorkerError> {
    let missing = missing(client).await?;
    if missing.is_empty() {
        return Ok(());
    }
    let search_attributes = ALL
        .iter()
        .filter(|(name, _)| missing.contains(name))
        .map(|(name, double)| {
            let kind = if *double { IndexedValueType::Double } else { IndexedValueType::Keyword };
            ((*name).to_owned(), i32::from(kind))
        })
        .collect();
    let request = AddSearchAttributesRequest { search_attributes, namespace: client.namespace() };
    if let Err(status) =
        client.connection().operator_service().add_search_attributes(request.into_request()).await
    {
        tracing::warn!(%status, "search attributes could not be registered from here");
    }
    let deadline = tokio::time::Instant::now() + REGISTRATION_WAIT;
    loop {
        match check(client).await {
            Ok(()) => return Ok(()),
            Err(error) if tokio::time::Instant::now() >= deadline => return Err(error),
            Err(_) => tokio::time::sleep(POLL_EVERY).await,
        }
    }
}

/// Whether every search attribute is registered.
///
/// # Errors
/// Those that are missing, by name, with what to do.
pub async fn check(client: &Client) -> Result<(), WorkerError> {
    let missing = missing(client).await?;
    if missing.is_empty() { Ok(()) } else { Err(WorkerError::AttributesMissing(missing.join(", "))) }
}

async fn missing(client: &Client) -> Result<Vec<&'static str>, WorkerError> {
    let request = ListSearchAttributesRequest { namespace: client.namespace() };
    let known = client
        .connection()
        .operator_service()
        .list_search_attributes(request.into_request())
        .await
        .map_err(|status| WorkerError::Refused(status.to_string()))?
        .into_inner()
        .custom_attributes;
    Ok(ALL.iter().map(|(name, _)| *name).filter(|name| !known.contains_key(*name)).collect())
}
