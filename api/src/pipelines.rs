//! The pipelines that a project can be started with: those that ship.

use groundwork_domain::agent::known_agents;
use groundwork_domain::pipeline::Pipeline;
use std::sync::LazyLock;

/// What a project runs on when nothing is said.
pub(crate) const DEFAULT: &str = "promptr";

static SHIPPED: LazyLock<Vec<Pipeline>> = LazyLock::new(|| {
    [include_str!("../../domain/pipelines/promptr.toml")]
        .into_iter()
        .filter_map(|source| {
            Pipeline::parse(source, &known_agents())
                .inspect_err(|error| tracing::error!(%error, "a shipped pipeline does not read"))
                .ok()
        })
        .collect()
});

/// The pipeline of that name.
pub(crate) fn find(id: &str) -> Option<&'static Pipeline> {
    SHIPPED.iter().find(|pipeline| pipeline.id == id)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_default_reads() {
        assert!(super::find(super::DEFAULT).is_some());
    }
}
