//! Work that takes a processor for long, on threads that may take their time: the runtime's own have everybody to answer.

use crate::problem::{ApiResult, internal};

/// Does it there, and waits for it.
pub(crate) async fn off_runtime<T: Send + 'static>(
    what: &'static str,
    work: impl FnOnce() -> T + Send + 'static,
) -> ApiResult<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| internal(what, &error))
}
