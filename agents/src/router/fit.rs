//! Whether a prompt fits into a model.

use crate::call::ModelRequest;
use crate::error::CallError;
use groundwork_domain::model::Model;

/// Those of the models that the prompt fits into, by an estimate of its tokens.
pub(super) fn fitting<'a>(
    candidates: Vec<&'a Model>,
    request: &ModelRequest,
) -> Result<Vec<&'a Model>, CallError> {
    let prompt_tokens = request.prompt_tokens_estimate();
    let room = |model: &Model| {
        let output = request.output_tokens_max.min(model.output_tokens_max);
        model.context_window_tokens.saturating_sub(u64::from(output))
    };
    let fits: Vec<&Model> = candidates.iter().copied().filter(|model| prompt_tokens <= room(model)).collect();
    match candidates.iter().max_by_key(|model| room(model)) {
        Some(widest) if fits.is_empty() => Err(CallError::ContextTooLarge {
            model: widest.id.clone(),
            prompt_tokens,
            limit_tokens: room(widest),
        }),
        _ => Ok(fits),
    }
}
