//! How long a person waits after an answer until the next stage is seen to start, with nobody else there.

use super::figures::{Aim, Reading, Round, ms, percentile, real};
use super::load::{Load, Meter};
use super::{Measure, Sizes, walk};
use crate::recovery::until_called;
use anyhow::Result;

/// Ideas that take turns.
const IDEAS: usize = 3;
/// Of issue 3, in milliseconds.
const P50_AIM: Aim = Aim::Under(40.0);

/// One round: projects one after the other.
///
/// # Errors
/// When a project does not come to its end.
pub async fn round(sizes: &Sizes) -> Result<Round> {
    let stack = super::stack(&[]).await?;
    let person = stack.client().sign_up("bench").await?;
    let ideas = walk::plain_ideas(&person, IDEAS).await?;
    let meter = Meter::of(&stack).await;
    let first = meter.sample()?;
    let (mut seen, mut called, mut done) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..sizes.next_stage_projects {
        let walk = walk::walk(&person, ideas[number % ideas.len()]).await?;
        seen.push(ms(walk.started.duration_since(walk.answered)));
        done.push(ms(walk.done.duration_since(walk.answered)));
        let call = until_called(&stack, walk.id, walk::NEXT_STAGE).await?;
        called.push(real(u64::try_from(call.started_ms - walk.answered_ms).unwrap_or_default()));
    }
    let load = Load::between(&first, &meter.sample()?);
    let readings = vec![
        Reading::new("answer to next stage, p50", percentile(&seen, 50), "ms").aim(P50_AIM),
        Reading::new("answer to next stage, p95", percentile(&seen, 95), "ms"),
        Reading::new("answer to next model call, p50", percentile(&called, 50), "ms"),
        Reading::new("answer to next model call, p95", percentile(&called, 95), "ms"),
        Reading::new("answer to completed, p50", percentile(&done, 50), "ms"),
    ];
    Ok(Round { measure: Measure::NextStage, readings, load })
}
