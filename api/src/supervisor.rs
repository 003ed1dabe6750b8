//! Looks for projects in trouble and tells of them (F-12): working without progress, failed, over their budget. It fails nothing: that is
//! the state machine's own affair. What it knows lies in Postgres, so any replica may look, and a trouble is told once.

use crate::app::App;
use crate::metrics;
use chrono::Utc;
use groundwork_domain::Timestamp;
use groundwork_store::StoreError;
use groundwork_store::operations::{self, Trouble};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Troubles that are counted for metrics.
const COUNTED_MAX: u32 = 10_000;

/// Until the process ends: looks every so often.
pub(crate) async fn run(app: App, shutdown: CancellationToken) {
    let every = Duration::from_secs(u64::from(app.settings.supervise_every_min.max(1)) * 60);
    let looking = async {
        loop {
            tokio::time::sleep(every).await;
            if let Err(error) = look(&app).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the supervisor waits for the database"
                );
            }
        }
    };
    shutdown.run_until_cancelled(looking).await;
}

/// Looks once; what is new is logged and returned.
pub(crate) async fn look(app: &App) -> Result<Vec<Trouble>, StoreError> {
    let stuck_after = Duration::from_secs(u64::from(app.settings.stuck_after_min) * 60);
    let found = operations::supervise(&app.store, stuck_after).await?;
    for trouble in &found {
        tracing::warn!(project_id = %trouble.project_id, kind = trouble.kind, stage = trouble.stage, since = %trouble.since,
            "a project is in trouble");
        // The others say so themselves.
        if trouble.kind == "stuck" {
            operations::tell_stuck(&app.store, trouble, Timestamp(Utc::now().timestamp_millis())).await?;
        }
    }
    let known = operations::troubles(&app.store, COUNTED_MAX).await?;
    for kind in ["stuck", "failing", "over_budget"] {
        metrics::troubles(kind, known.iter().filter(|trouble| trouble.kind == kind).count());
    }
    Ok(found)
}
