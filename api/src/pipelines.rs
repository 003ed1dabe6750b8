//! The pipelines that ship. What a workspace made lies in Postgres.

use groundwork_domain::WorkspaceId;
use groundwork_domain::agent::known_agents;
use groundwork_domain::pipeline::Pipeline;
use groundwork_store::{StoreError, Tx, pipelines};
use std::borrow::Cow;
use std::sync::LazyLock;

/// What a project runs on when nothing is said.
pub(crate) const DEFAULT: &str = "promptr";
/// Sources, in the order in which they are shown.
const SOURCES: [&str; 3] = [
    include_str!("../../domain/pipelines/promptr.toml"),
    include_str!("../../domain/pipelines/build.toml"),
    include_str!("../../domain/pipelines/handoff.toml"),
];

/// A pipeline that ships.
#[derive(Debug)]
pub(crate) struct Shipped {
    pub(crate) pipeline: Pipeline,
    pub(crate) source: &'static str,
}

static SHIPPED: LazyLock<Vec<Shipped>> = LazyLock::new(|| {
    let read = |source: &&'static str| {
        let pipeline = Pipeline::parse(source, &known_agents())
            .inspect_err(|error| tracing::error!(%error, "a shipped pipeline does not read"));
        Some(Shipped { pipeline: pipeline.ok()?, source })
    };
    SOURCES.iter().filter_map(read).collect()
});

/// All that ship.
pub(crate) fn shipped() -> &'static [Shipped] {
    &SHIPPED
}

/// The shipped pipeline of that name.
pub(crate) fn find(id: &str) -> Option<&'static Pipeline> {
    SHIPPED.iter().map(|shipped| &shipped.pipeline).find(|pipeline| pipeline.id == id)
}

/// The pipeline of that name in a workspace: one that ships, or the latest version of its own.
pub(crate) async fn resolve(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: &str,
) -> Result<Option<Cow<'static, Pipeline>>, StoreError> {
    if let Some(shipped) = find(id) {
        return Ok(Some(Cow::Borrowed(shipped)));
    }
    Ok(pipelines::find(tx, workspace, id, None).await?.map(|own| Cow::Owned(own.pipeline)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn everything_that_ships_reads() {
        assert_eq!(super::shipped().len(), super::SOURCES.len());
        assert!(super::find(super::DEFAULT).is_some());
        let ids: Vec<_> = super::shipped().iter().map(|shipped| shipped.pipeline.id.as_str()).collect();
        assert_eq!(ids, groundwork_domain::pipeline::SHIPPED);
    }
}
