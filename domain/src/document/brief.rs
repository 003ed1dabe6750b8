//! The running brief of a chat, and the chat itself.

use serde::{Deserialize, Serialize};

/// The headings of a brief, all of them, in this order.
pub const BRIEF_HEADINGS: [&str; 6] = ["Problem", "Users", "Flows", "Rules", "Out of scope", "Done when"];

/// Stands under a heading of which nothing was said yet.
pub const NOT_SAID: &str = "Not said yet.";

/// Who wrote a turn of a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    /// A person.
    Person,
    /// The agent.
    Agent,
}

/// One turn of a chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatTurn {
    /// Who wrote it.
    pub by: Speaker,
    /// Markdown.
    pub text: String,
}

/// What an agent answers in a chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatReply {
    /// For the person, Markdown.
    pub message: String,
    /// The whole brief as it is after this turn; none where it is not being written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brief: Option<Brief>,
}

/// A brief: what a person wants, under fixed headings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brief {
    /// Text under each of [`BRIEF_HEADINGS`], in that order; [`NOT_SAID`] where nothing was said yet.
    pub sections: [String; 6],
}

impl Brief {
    /// The brief as Markdown with headings of level 2, as it is stored.
    #[must_use]
    pub fn markdown(&self) -> String {
        let section = |(heading, text): (&&str, &String)| format!("## {heading}\n{}\n", text.trim());
        BRIEF_HEADINGS.iter().zip(&self.sections).map(section).collect::<Vec<_>>().join("\n")
    }

    /// Headings of which nothing was said yet.
    #[must_use]
    pub fn open(&self) -> Vec<&'static str> {
        let is_open = |(_, text): &(&&'static str, &String)| text.trim() == NOT_SAID;
        BRIEF_HEADINGS.iter().zip(&self.sections).filter(is_open).map(|(heading, _)| *heading).collect()
    }
}
