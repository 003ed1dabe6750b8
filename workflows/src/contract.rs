//! The activities as the workflow knows them: names, inputs, outputs. `activities` implements them.

use groundwork_domain::publication::Publication;
use groundwork_domain::work::{StageOutcome, StageTask};
use temporalio_common::ActivityDefinition;

/// Task queue of workflows and `publish`.
pub const QUEUE: &str = "groundwork";
/// Task queue of model calls.
pub const AGENTS_QUEUE: &str = "groundwork-agents";
/// Task queue of heavy local work.
pub const CODE_QUEUE: &str = "groundwork-code";

macro_rules! activity {
    ($(#[$doc:meta])* $name:ident, $wire:literal, $input:ty, $output:ty) => {
        $(#[$doc])*
        pub struct $name;

        impl ActivityDefinition for $name {
            type Input = $input;
            type Output = $output;

            fn name(&self) -> &str {
                $wire
            }
        }
    };
}

activity!(
    /// Questions for people.
    Ask, "agent.ask", StageTask, StageOutcome
);
activity!(
    /// One Markdown artifact, new or revised.
    Write, "agent.write", StageTask, StageOutcome
);
activity!(
    /// An ordered set of prompts.
    Compose, "agent.compose", StageTask, StageOutcome
);
activity!(
    /// A verdict with findings on exact digests.
    Review, "agent.review", StageTask, StageOutcome
);
activity!(
    /// Files, through tools.
    Implement, "agent.implement", StageTask, StageOutcome
);
activity!(
    /// A turn of a chat, or a title.
    Reply, "agent.reply", StageTask, StageOutcome
);
activity!(
    /// What the reviews before it come to, by code.
    Verdict, "stage.verdict", StageTask, StageOutcome
);
activity!(
    /// Writes notices, texts, read model and state snapshot in one transaction.
    Publish, "publish", Publication, ()
);
