//! How long a project's history gets in Temporal. What counts is a run in which the critic asked for nothing to be mended.

use super::figures::{Aim, Reading, Round, percentile, real};
use super::load::{Load, Meter};
use super::{Measure, Sizes, bare, walk};
use anyhow::{Context, Result, ensure};
use groundwork_domain::ProjectId;
use groundwork_workflows::ProjectWorkflow;
use temporalio_client::{Client, WorkflowDescribeOptions};
use uuid::Uuid;

/// Of issue 3.
const EVENTS_AIM: Aim = Aim::Under(60.0);
/// Of issue 3.
const KILOBYTES_AIM: Aim = Aim::Under(40.0);

/// One round: projects one after the other, each with another idea.
///
/// # Errors
/// When a project does not come to its end, or the critic is never content.
pub async fn round(sizes: &Sizes) -> Result<Round> {
    let stack = super::stack(&[]).await?;
    let person = stack.client().sign_up("bench").await?;
    let temporal = bare::connect(&stack.temporal_address()).await?;
    let meter = Meter::of(&stack).await;
    let first = meter.sample()?;
    let (mut plain, mut mended) = (Vec::new(), Vec::new());
    for number in 0..sizes.history_projects {
        let walk = walk::walk(&person, number).await?;
        let of_its_kind = if walk.verdicts == 1 { &mut plain } else { &mut mended };
        of_its_kind.push(size(&temporal, walk.id).await?);
    }
    let load = Load::between(&first, &meter.sample()?);
    ensure!(!plain.is_empty(), "in all of {} projects something had to be mended", mended.len());
    let (events, kilobytes): (Vec<_>, Vec<_>) = plain.iter().copied().unzip();
    let mut readings = vec![
        Reading::new("events of a history", percentile(&events, 50), "").aim(EVENTS_AIM),
        Reading::new("size of a history", percentile(&kilobytes, 50), "kB").aim(KILOBYTES_AIM),
        Reading::new("events of the longest", percentile(&events, 100), ""),
        Reading::new("size of the largest", percentile(&kilobytes, 100), "kB"),
    ];
    let (events, kilobytes): (Vec<_>, Vec<_>) = mended.iter().copied().unzip();
    if !events.is_empty() {
        readings.push(Reading::new("events, with mending", percentile(&events, 50), ""));
        readings.push(Reading::new("size, with mending", percentile(&kilobytes, 50), "kB"));
    }
    Ok(Round { measure: Measure::History, readings, load })
}

/// Events, and kilobytes, of a project's run.
async fn size(client: &Client, project: Uuid) -> Result<(f64, f64)> {
    let handle = client.get_workflow_handle::<ProjectWorkflow>(ProjectId(project).workflow_id());
    let described =
        handle.describe(WorkflowDescribeOptions::default()).await.context("describing a workflow")?;
    let info = described.raw().workflow_execution_info.as_ref().context("no workflow")?;
    let number = |value: i64| real(u64::try_from(value).unwrap_or_default());
    Ok((number(info.history_length), number(info.history_size_bytes) / 1000.0))
}
