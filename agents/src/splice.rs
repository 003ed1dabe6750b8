//! Puts rewritten parts into a whole, and proves that everything else stayed byte for byte.

use crate::parse::{ParseErrors, Spec};
use groundwork_domain::document::Prompt;

/// Why a part could not be put in.
#[derive(Debug, thiserror::Error)]
pub enum SpliceError {
    /// The whole has no such part.
    #[error("there is no `{target}`; there are: {known}")]
    UnknownTarget {
        /// What was named.
        target: String,
        /// What could have been named, joined by commas.
        known: String,
    },
    /// The part would change something that was not named.
    #[error("only {allowed} may change, and {changed} would change too")]
    ChangesMore {
        /// What was named.
        allowed: String,
        /// What else would change.
        changed: String,
    },
    /// The whole cannot be read with the new part in it.
    #[error("with the new text the document cannot be read any more")]
    Unreadable(#[source] ParseErrors),
}

/// The current text of a section, for the prompt of a refinement: heading line to last line.
///
/// # Errors
/// The specification has no such section.
pub fn current_section<'a>(spec: &'a Spec, target: &str) -> Result<&'a str, SpliceError> {
    let section = spec.find(target).ok_or_else(|| unknown(spec, target))?;
    Ok(spec.text[section.bytes.clone()].trim_end())
}

fn unknown(spec: &Spec, target: &str) -> SpliceError {
    let known = spec.sections.iter().map(crate::parse::Section::name).collect::<Vec<_>>().join(", ");
    SpliceError::UnknownTarget { target: target.to_owned(), known }
}

/// The specification with the text of one section replaced. `target` is a heading's text or a requirement's id.
///
/// # Errors
/// No such section; the whole would not be readable; anything else would change.
pub fn section(spec: &Spec, target: &str, new_text: &str) -> Result<Spec, SpliceError> {
    let range = spec.find(target).ok_or_else(|| unknown(spec, target))?.bytes.clone();
    let old = &spec.text[range.clone()];
    // What stands between the section's last line and the next heading belongs to neither: it stays.
    let end = range.start + old.trim_end().len();
    let mut text = String::with_capacity(spec.text.len() + new_text.len());
    text.push_str(&spec.text[..range.start]);
    text.push_str(new_text.trim());
    text.push_str(&spec.text[end..]);
    let spliced = crate::parse::spec(&text).map_err(SpliceError::Unreadable)?;
    prove_section(spec, target, &spliced)?;
    Ok(spliced)
}

/// What stands before the section and behind it must have the same bytes in both. A text that brings a section of its
/// own ends the named one early, so that what is behind it differs.
fn prove_section(before: &Spec, target: &str, after: &Spec) -> Result<(), SpliceError> {
    let old = &before.find(target).ok_or_else(|| unknown(before, target))?.bytes;
    let new = &after.find(target).ok_or_else(|| unknown(after, target))?.bytes;
    if before.text[..old.start] == after.text[..new.start] && before.text[old.end..] == after.text[new.end..]
    {
        return Ok(());
    }
    Err(SpliceError::ChangesMore { allowed: target.to_owned(), changed: "the text around it".to_owned() })
}

/// The package with some prompts replaced by number. The others are the same values, byte for byte.
///
/// # Errors
/// A changed prompt that was not named, or that the package does not have, or that moves to another stage.
pub fn prompts(old: &[Prompt], changed: Vec<Prompt>, allowed: &[u32]) -> Result<Vec<Prompt>, SpliceError> {
    let list = |numbers: &[u32]| {
        numbers.iter().map(|number| format!("prompt {number:02}")).collect::<Vec<_>>().join(", ")
    };
    let mut all = old.to_vec();
    for prompt in changed {
        if !allowed.contains(&prompt.number) {
            return Err(SpliceError::ChangesMore { allowed: list(allowed), changed: list(&[prompt.number]) });
        }
        let numbers: Vec<u32> = old.iter().map(|prompt| prompt.number).collect();
        let Some(place) = all.iter_mut().find(|other| other.number == prompt.number) else {
            return Err(SpliceError::UnknownTarget { target: list(&[prompt.number]), known: list(&numbers) });
        };
        if place.stage != prompt.stage {
            let changed = format!("the stage of {}", list(&[prompt.number]));
            return Err(SpliceError::ChangesMore {
                allowed: format!("the text of {}", list(allowed)),
                changed,
            });
        }
        *place = prompt;
    }
    for (before, after) in old.iter().zip(&all) {
        if !allowed.contains(&before.number) && before != after {
            return Err(SpliceError::ChangesMore { allowed: list(allowed), changed: list(&[before.number]) });
        }
    }
    Ok(all)
}
