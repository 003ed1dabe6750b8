//! Texts: artifacts, their versions, comments, where they come from.

use super::Connection;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// An artifact of a project.
#[derive(Debug, Args)]
pub(crate) struct ReadArguments {
    /// The project's id, or the first characters of it.
    pub(crate) project: String,
    /// The artifact's name: spec, plan, review; `show` lists them.
    pub(crate) artifact: String,
    /// An earlier version.
    #[arg(long)]
    pub(crate) version: Option<u32>,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct EditArguments {
    /// The project's id, or the first characters of it.
    pub(crate) project: String,
    /// The artifact's name.
    pub(crate) artifact: String,
    /// The new text; `-` for standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The digest of the version that you changed [default: the present one].
    #[arg(long)]
    pub(crate) base: Option<String>,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct DiffArguments {
    /// The project's id, or the first characters of it.
    pub(crate) project: String,
    /// The artifact's name.
    pub(crate) artifact: String,
    /// The earlier version [default: the one before].
    #[arg(long)]
    pub(crate) from: Option<u32>,
    /// The later version [default: the present one].
    #[arg(long)]
    pub(crate) to: Option<u32>,
    /// Lines around each change.
    #[arg(long, default_value_t = 3)]
    pub(crate) context: u32,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

/// What can be done with comments.
#[derive(Debug, Subcommand)]
pub(crate) enum CommentCommand {
    /// Show the comments on an artifact.
    List(ReadArguments),
    /// Write one.
    Add(AddCommentArguments),
    /// Change one of yours.
    Edit(EditCommentArguments),
    /// Delete one of yours.
    Delete(CommentArguments),
    /// Settle a thread.
    Resolve(CommentArguments),
}

#[derive(Debug, Args)]
pub(crate) struct AddCommentArguments {
    /// The project's id, or the first characters of it.
    pub(crate) project: String,
    /// The artifact's name.
    pub(crate) artifact: String,
    /// What to say.
    pub(crate) text: String,
    /// The heading or requirement that it is on.
    #[arg(long)]
    pub(crate) section: Option<String>,
    /// comment, question, suggestion or issue.
    #[arg(long = "type", default_value = "comment")]
    pub(crate) comment_type: String,
    /// The comment that it answers.
    #[arg(long)]
    pub(crate) parent: Option<uuid::Uuid>,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct EditCommentArguments {
    /// The comment's id.
    pub(crate) comment: uuid::Uuid,
    /// What to say instead.
    pub(crate) text: String,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct CommentArguments {
    /// The comment's id.
    pub(crate) comment: uuid::Uuid,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

impl CommentCommand {
    /// Which server it speaks to.
    pub(crate) fn connection(&self) -> &Connection {
        match self {
            Self::List(arguments) => &arguments.connection,
            Self::Add(arguments) => &arguments.connection,
            Self::Edit(arguments) => &arguments.connection,
            Self::Delete(arguments) | Self::Resolve(arguments) => &arguments.connection,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ProvenanceArguments {
    /// The project's id, or the first characters of it.
    pub(crate) project: String,
    /// The bundle's file; must not exist yet.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Write over what is there.
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// The bundle, as `provenance` wrote it.
    pub(crate) bundle: PathBuf,
    /// SHA-256 of the manifest, as `provenance` printed it: shows that this is the server's own.
    #[arg(long, value_name = "SHA256")]
    pub(crate) manifest: Option<String>,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct SearchArguments {
    /// Words of a title, or the beginning of an id.
    pub(crate) words: String,
    /// Search in this project instead: artifacts, prompts, questions, files.
    #[arg(long)]
    pub(crate) project: Option<String>,
    #[command(flatten)]
    pub(crate) connection: Connection,
}
