//! Search attributes: how operators find projects. Titles and ids only, since operators see all tenants.

use groundwork_domain::project::Project;
use rust_decimal::prelude::ToPrimitive as _;
use temporalio_common::search_attributes::{SearchAttributeKey, SearchAttributeUpdate};

/// The phase: `working`, `awaiting_input`, ….
pub const STATUS: SearchAttributeKey<String> = SearchAttributeKey::keyword("GroundworkStatus");
/// The stage that is under way, waited for or failed.
pub const STAGE: SearchAttributeKey<String> = SearchAttributeKey::keyword("GroundworkStage");
/// The pipeline's id.
pub const PIPELINE: SearchAttributeKey<String> = SearchAttributeKey::keyword("GroundworkPipeline");
/// The workspace's id.
pub const WORKSPACE: SearchAttributeKey<String> = SearchAttributeKey::keyword("GroundworkWorkspace");
/// The user id of who started it.
pub const OWNER: SearchAttributeKey<String> = SearchAttributeKey::keyword("GroundworkOwner");
/// What is waited for: `answers`.
pub const WAITING_FOR: SearchAttributeKey<String> = SearchAttributeKey::keyword("GroundworkWaitingFor");
/// US dollars so far.
pub const COST_USD: SearchAttributeKey<f64> = SearchAttributeKey::float("GroundworkCostUsd");

/// All names, with true for a double and false for a keyword: what `migrate` registers.
pub const ALL: [(&str, bool); 7] = [
    ("GroundworkStatus", false),
    ("GroundworkStage", false),
    ("GroundworkPipeline", false),
    ("GroundworkWorkspace", false),
    ("GroundworkOwner", false),
    ("GroundworkWaitingFor", false),
    ("GroundworkCostUsd", true),
];

/// What was last shown, so that only changes are sent: each sending is an event of the history.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Shown {
    status: String,
    stage: Option<String>,
    waiting_for: Option<String>,
    cost_usd: f64,
}

impl Shown {
    pub(crate) fn of(project: &Project) -> Self {
        let summary = project.summary();
        Self {
            status: summary.phase.as_str().to_owned(),
            stage: summary.stage.map(|stage| stage.0),
            waiting_for: summary.waiting_for,
            cost_usd: summary.cost_usd.to_f64().unwrap_or_default(),
        }
    }

    /// The updates that lead from `before` to this.
    pub(crate) fn updates(&self, before: &Self) -> Vec<SearchAttributeUpdate> {
        // Unsetting is refused by servers of the present version; an empty word finds nothing either.
        let optional = |key: SearchAttributeKey<String>, value: &Option<String>| {
            key.value_set(value.clone().unwrap_or_default())
        };
        let mut updates = Vec::new();
        if self.status != before.status {
            updates.push(STATUS.value_set(self.status.clone()));
        }
        if self.stage != before.stage {
            updates.push(optional(STAGE, &self.stage));
        }
        if self.waiting_for != before.waiting_for {
            updates.push(optional(WAITING_FOR, &self.waiting_for));
        }
        if self.cost_usd.to_bits() != before.cost_usd.to_bits() {
            updates.push(COST_USD.value_set(self.cost_usd));
        }
        updates
    }
}

/// Attributes that never change; sent with the first task of the first run.
pub(crate) fn fixed(project: &Project) -> [SearchAttributeUpdate; 3] {
    let input = project.input();
    [
        PIPELINE.value_set(project.pipeline().id.clone()),
        WORKSPACE.value_set(input.workspace_id.to_string()),
        OWNER.value_set(input.owner_id.to_string()),
    ]
}
