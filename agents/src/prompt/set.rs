//! The prompt files: those that ship, or files of the same names in a folder that settings name (requirement E-02).

use groundwork_domain::agent::OutputContract;
use std::collections::BTreeMap;
use std::path::Path;

/// Longest prompt file, in bytes.
const PROMPT_BYTES_MAX: usize = 64 * 1024;

const SHIPPED: [(&str, &str); 39] = [
    ("governance.md", include_str!("../../prompts/governance.md")),
    ("elicitor.md", include_str!("../../prompts/elicitor.md")),
    ("architect.md", include_str!("../../prompts/architect.md")),
    ("synthesizer.md", include_str!("../../prompts/synthesizer.md")),
    ("critic.md", include_str!("../../prompts/critic.md")),
    ("ba.md", include_str!("../../prompts/ba.md")),
    ("title.md", include_str!("../../prompts/title.md")),
    ("spec_writer.md", include_str!("../../prompts/spec_writer.md")),
    ("planner.md", include_str!("../../prompts/planner.md")),
    ("contract_tester.md", include_str!("../../prompts/contract_tester.md")),
    ("implementer.md", include_str!("../../prompts/implementer.md")),
    ("security_reviewer.md", include_str!("../../prompts/security_reviewer.md")),
    ("code_reviewer.md", include_str!("../../prompts/code_reviewer.md")),
    ("alignment_reviewer.md", include_str!("../../prompts/alignment_reviewer.md")),
    ("analyst.md", include_str!("../../prompts/analyst.md")),
    ("handoff_architect.md", include_str!("../../prompts/handoff_architect.md")),
    ("coder.md", include_str!("../../prompts/coder.md")),
    ("advise.md", include_str!("../../prompts/advise.md")),
    ("again.md", include_str!("../../prompts/again.md")),
    ("answered.md", include_str!("../../prompts/answered.md")),
    ("ask.md", include_str!("../../prompts/ask.md")),
    ("audit.md", include_str!("../../prompts/audit.md")),
    ("chat-gate.md", include_str!("../../prompts/chat-gate.md")),
    ("chat.md", include_str!("../../prompts/chat.md")),
    ("compose-again.md", include_str!("../../prompts/compose-again.md")),
    ("compose.md", include_str!("../../prompts/compose.md")),
    ("contract-tests.md", include_str!("../../prompts/contract-tests.md")),
    ("hand-over.md", include_str!("../../prompts/hand-over.md")),
    ("implement-again.md", include_str!("../../prompts/implement-again.md")),
    ("implement.md", include_str!("../../prompts/implement.md")),
    ("mend.md", include_str!("../../prompts/mend.md")),
    ("name.md", include_str!("../../prompts/name.md")),
    ("plan.md", include_str!("../../prompts/plan.md")),
    ("refine-prompt.md", include_str!("../../prompts/refine-prompt.md")),
    ("refine-section.md", include_str!("../../prompts/refine-section.md")),
    ("repair.md", include_str!("../../prompts/repair.md")),
    ("review.md", include_str!("../../prompts/review.md")),
    ("specify.md", include_str!("../../prompts/specify.md")),
    ("write.md", include_str!("../../prompts/write.md")),
];

/// A set of prompt files that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PromptSetError {
    /// An agent's definition or a task names a file that the set does not have.
    #[error("there is no prompt file `{0}`")]
    Missing(String),
    /// A file of the folder could not be read.
    #[error("the prompt file {path} cannot be read")]
    Unreadable {
        /// Which one.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file of the folder is empty or too long.
    #[error("the prompt file {path} has {bytes} bytes; 1 to {PROMPT_BYTES_MAX} are allowed")]
    Size {
        /// Which one.
        path: String,
        /// How long it is.
        bytes: usize,
    },
}

/// Prompt files by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptSet {
    files: BTreeMap<String, String>,
}

impl PromptSet {
    /// The files of `agents/prompts`.
    #[must_use]
    pub fn shipped() -> Self {
        let files = SHIPPED.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        Self { files }
    }

    /// The shipped files, with those of a folder in the place of the ones of the same name.
    ///
    /// # Errors
    /// A file that is there and cannot be read, is empty or too long.
    pub fn from_folder(folder: &Path) -> Result<Self, PromptSetError> {
        let mut set = Self::shipped();
        for (name, _) in SHIPPED {
            let path = folder.join(name);
            match std::fs::read_to_string(&path) {
                Ok(text) if (1..=PROMPT_BYTES_MAX).contains(&text.len()) => {
                    set.files.insert(name.to_owned(), text);
                }
                Ok(text) => {
                    return Err(PromptSetError::Size { path: path.display().to_string(), bytes: text.len() });
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(source) => {
                    return Err(PromptSetError::Unreadable { path: path.display().to_string(), source });
                }
            }
        }
        Ok(set)
    }

    /// The same files and the role of an agent of one's own: its words, and below them the form that its output contract wants, as the
    /// shipped agent with the same contract is told it. Whoever writes an agent says what is wanted, not how a reply is laid out.
    ///
    /// # Errors
    /// [`PromptSetError::Missing`].
    pub fn with_own(&self, name: &str, words: &str, output: OutputContract) -> Result<Self, PromptSetError> {
        let mut role = words.trim_end().to_owned();
        for file in models_of(output) {
            let shipped = self.get(file)?;
            for heading in ["Tools", "Checklist", "Grammar"] {
                role.extend(section(shipped, heading).map(|text| format!("\n\n{text}")));
            }
        }
        role.push('\n');
        let mut set = self.clone();
        set.files.insert(name.to_owned(), role);
        Ok(set)
    }

    /// The text of a file.
    pub(crate) fn get(&self, name: &str) -> Result<&str, PromptSetError> {
        self.files.get(name).map(String::as_str).ok_or_else(|| PromptSetError::Missing(name.to_owned()))
    }
}

/// A role prompt before and from its `## Example` on; the example is detail that a fallback leaves out.
pub(super) fn split_example(text: &str) -> (&str, Option<&str>) {
    match text.find("\n## Example\n") {
        Some(at) => (&text[..at], Some(&text[at..])),
        None => (text, None),
    }
}

/// The shipped agents from whom an agent of one's own with this contract learns the form.
fn models_of(output: OutputContract) -> &'static [&'static str] {
    match output {
        OutputContract::Questions => &["elicitor.md"],
        OutputContract::Spec => &["architect.md"],
        OutputContract::Prompts => &["synthesizer.md"],
        OutputContract::Review => &["critic.md"],
        OutputContract::Chat => &["ba.md"],
        OutputContract::Title => &["title.md"],
        OutputContract::Plan => &["planner.md"],
        OutputContract::Tests => &["contract_tester.md"],
        OutputContract::Code => &["implementer.md"],
        OutputContract::Audit => &["code_reviewer.md"],
        OutputContract::Advice => &["alignment_reviewer.md"],
        // Which of the two it hands over follows from what it reads; its task says which.
        OutputContract::Handoff => &["analyst.md", "handoff_architect.md"],
    }
}

/// A part of a role, with its heading of level 2.
fn section<'a>(text: &'a str, heading: &str) -> Option<&'a str> {
    let head = format!("\n## {heading}\n");
    let at = text.find(&head)? + 1;
    let rest = &text[at..];
    let end = rest[3..].find("\n## ").map_or(rest.len(), |end| end + 3);
    Some(rest[..end].trim_end())
}
