//! Workspaces and their members.

use super::Connection;
use clap::{Args, Subcommand};

/// What can be done with workspaces.
#[derive(Debug, Subcommand)]
pub(crate) enum WorkspaceCommand {
    /// Show your workspaces, and invitations to others.
    List(Connection),
    /// Make a workspace to share.
    Create(CreateWorkspaceArguments),
    /// Show who belongs to a workspace.
    Members(WorkspaceArguments),
    /// Invite somebody by their address.
    Invite(InviteArguments),
    /// Accept an invitation; `workspace list` shows them.
    Accept(AcceptArguments),
    /// Put a workspace away: it can be read, and its projects stop.
    Archive(WorkspaceArguments),
    /// Take back an archived workspace, or one deleted in the last 30 days.
    Restore(WorkspaceArguments),
    /// Delete a workspace.
    Delete(WorkspaceArguments),
}

#[derive(Debug, Args)]
pub(crate) struct WorkspaceArguments {
    /// The workspace's id.
    pub(crate) workspace: uuid::Uuid,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct CreateWorkspaceArguments {
    /// What to call it.
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct InviteArguments {
    /// The workspace's id.
    pub(crate) workspace: uuid::Uuid,
    /// Their address.
    pub(crate) email: String,
    /// viewer, editor, admin or owner.
    #[arg(long, default_value = "editor")]
    pub(crate) role: String,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

#[derive(Debug, Args)]
pub(crate) struct AcceptArguments {
    /// The invitation's id.
    pub(crate) invitation: uuid::Uuid,
    #[command(flatten)]
    pub(crate) connection: Connection,
}

impl WorkspaceCommand {
    /// Which server it speaks to.
    pub(crate) fn connection(&self) -> &Connection {
        match self {
            Self::List(connection) => connection,
            Self::Create(arguments) => &arguments.connection,
            Self::Invite(arguments) => &arguments.connection,
            Self::Accept(arguments) => &arguments.connection,
            Self::Members(arguments)
            | Self::Archive(arguments)
            | Self::Restore(arguments)
            | Self::Delete(arguments) => &arguments.connection,
        }
    }
}
