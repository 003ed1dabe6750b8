//! The alignment reviewer's grammar: a recommendation, then one to three reasons with a quotation each.

use super::ParseErrors;
use super::lines::{Errors, body_lines, check_size};
use groundwork_domain::document::audit::{Advice, Recommendation};

/// Most reasons.
const REASONS_MAX: usize = 3;
/// Longest reason, in characters.
const REASON_CHARS_MAX: usize = 800;

pub(super) fn parse(text: &str) -> Result<Advice, ParseErrors> {
    check_size(text)?;
    let mut errors = Errors::default();
    let mut lines = body_lines(text);
    lines.retain(|line| !line.text.trim().is_empty());
    let first = lines.first();
    let recommendation = match first.map(|line| line.text.trim()) {
        Some("recommendation: APPROVE") => Some(Recommendation::Approve),
        Some("recommendation: REVISE") => Some(Recommendation::Revise),
        other => {
            let rule = "the first line is `recommendation: APPROVE` or `recommendation: REVISE`";
            errors.at(first.map_or(0, |line| line.number), rule, other.unwrap_or_default());
            None
        }
    };
    let mut reasons: Vec<String> = Vec::new();
    for line in lines.iter().skip(1) {
        let text = line.text.trim();
        match text.strip_prefix("- ") {
            Some(reason) if !quotations(reason).is_empty() && reason.chars().count() <= REASON_CHARS_MAX => {
                reasons.push(reason.to_owned());
            }
            _ => errors.at(line.number, "a reason is one line `- \"words of the brief\": …`", text),
        }
    }
    if !(1..=REASONS_MAX).contains(&reasons.len()) && errors.is_empty() {
        errors.at(0, format!("there are 1 to {REASONS_MAX} reasons"), format!("{} reasons", reasons.len()));
    }
    // An unreadable recommendation is an error above.
    errors.finish(Advice { recommendation: recommendation.unwrap_or(Recommendation::Revise), reasons })
}

/// What stands between straight or curly quotation marks in a reason.
pub(crate) fn quotations(reason: &str) -> Vec<String> {
    let straight = reason.replace(['“', '”', '„'], "\"");
    let parts: Vec<&str> = straight.split('"').collect();
    // Every second part stands between two marks; the last one only if it is closed.
    let closed = parts.len().saturating_sub(1);
    let inside = parts[..closed].iter().skip(1).step_by(2);
    inside.map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}
