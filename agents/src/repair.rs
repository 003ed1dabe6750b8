//! The turn after a reply that could not be read: it quotes exactly what is wrong. The caller counts the turns.

use crate::parse::ParseErrors;
use crate::prompt::{PromptSet, PromptSetError};

/// Repair turns after a first reply; then the stage fails closed.
pub const REPAIRS_MAX: u32 = 2;

/// The words of a repair turn. `kind` is the kind of the task that went wrong, as [`crate::prompt::Task::kind`] has it.
///
/// # Errors
/// The set has no `repair.md`.
pub fn request(set: &PromptSet, kind: &str, errors: &ParseErrors) -> Result<String, PromptSetError> {
    let words = set.get("repair.md")?;
    let list = crate::prompt::escape(&errors.to_string());
    Ok(format!(
        "<task kind=\"repair\" of=\"{kind}\">\n{}\n\n<errors>\n{list}\n</errors>\n</task>",
        words.trim()
    ))
}
