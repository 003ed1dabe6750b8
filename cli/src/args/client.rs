//! What people and scripts do: clients of the API.

use super::*;

/// Commands that speak to a server.
#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// Make an account and sign in.
    Signup(SignupArguments),
    /// Sign in.
    Login(LoginArguments),
    /// End the session.
    Logout(Connection),
    /// Start a project from an idea.
    New(NewArguments),
    /// Show all projects that you may see.
    List(ListArguments),
    /// Show one project.
    Show(ProjectArguments),
    /// Follow a project until it waits for you or ends.
    Watch(WatchArguments),
    /// Answer a project's questions.
    Answer(AnswerArguments),
    /// Rewrite one section of the specification or one prompt.
    Refine(RefineArguments),
    /// Try the failed stage again.
    Retry(RetryArguments),
    /// Stop starting work; what is bought stays.
    Pause(ProjectArguments),
    /// Go on after a pause.
    Resume(ProjectArguments),
    /// Stop a project; what is there stays readable.
    Cancel(ProjectArguments),
    /// Put a project away as it is; it can be read, exported and restored.
    Archive(ProjectArguments),
    /// Take back a project that was archived, or deleted in the last 30 days (then by its whole id).
    Restore(ProjectArguments),
    /// Delete a project.
    Delete(ProjectArguments),
    /// Workspaces and their members.
    #[command(subcommand)]
    Workspace(WorkspaceCommand),
    /// Write a project's package into a folder.
    Export(ExportArguments),

    /// Show what waits for you, and for others, in all your projects.
    Inbox(Connection),
    /// Decide at a gate: approve, request-changes, reject or amend.
    Decide(DecideArguments),
    /// Pass a gate.
    Approve(GateArguments),
    /// Have what waits at a gate written again, with a comment.
    RequestChanges(GateArguments),
    /// Refuse what waits at a gate for good; `revise` begins anew.
    Reject(GateArguments),
    /// Pass a gate with a text of your own in place of the agent's.
    Amend(AmendArguments),
    /// Answer what an agent asked in the middle of its work.
    Respond(RespondArguments),
    /// Begin anew with another brief; what it replaces stays readable.
    Revise(ReviseArguments),
    /// Go back to a stage; what comes after it is done again.
    Rewind(RewindArguments),
    /// Show what a command would redo, and about what it would cost, without doing it.
    Preview(PreviewArguments),
    /// Talk with the agent that shapes the brief, or about what waits at a gate.
    Chat(ChatArguments),
    /// Confirm the brief that came out of the chat: the work begins.
    ConfirmBrief(ConfirmArguments),

    /// Print an artifact, also an earlier version.
    Read(ReadArguments),
    /// Replace an artifact by a text of your own.
    Edit(EditArguments),
    /// Show what changed between two versions of an artifact.
    Diff(DiffArguments),
    /// Comments on artifacts.
    #[command(subcommand)]
    Comment(CommentCommand),
    /// Write where every artifact of a project comes from, as a bundle.
    Provenance(ProvenanceArguments),
    /// Check a provenance bundle, without a server.
    Verify(VerifyArguments),
    /// Find projects by title or id.
    Search(SearchArguments),

    /// Budgets of projects and workspaces.
    #[command(subcommand)]
    Budget(BudgetCommand),
    /// Your own keys of model providers.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Pipelines: those that ship and your own.
    #[command(subcommand)]
    Pipeline(PipelineCommand),
    /// For operators: failed stages, pausing everything, projects in trouble.
    #[command(subcommand)]
    Ops(OpsCommand),
}

impl ClientCommand {
    /// Which server it speaks to, and how.
    pub(crate) fn connection(&self) -> &Connection {
        match self {
            Self::Signup(signup) => &signup.login.connection,
            Self::Login(login) => &login.connection,
            Self::Logout(connection) | Self::Inbox(connection) => connection,
            Self::New(new) => &new.connection,
            Self::List(list) => &list.connection,
            Self::Watch(watch) => &watch.connection,
            Self::Answer(answer) => &answer.connection,
            Self::Refine(refine) => &refine.connection,
            Self::Retry(retry) => &retry.connection,
            Self::Show(project)
            | Self::Pause(project)
            | Self::Resume(project)
            | Self::Cancel(project)
            | Self::Archive(project)
            | Self::Restore(project)
            | Self::Delete(project) => &project.connection,
            Self::Workspace(command) => command.connection(),
            Self::Export(export) => &export.connection,
            Self::Decide(decide) => &decide.gate.connection,
            Self::Approve(gate) | Self::RequestChanges(gate) | Self::Reject(gate) => &gate.connection,
            Self::Amend(amend) => &amend.gate.connection,
            Self::Respond(respond) => &respond.connection,
            Self::Revise(revise) => &revise.connection,
            Self::Rewind(rewind) => &rewind.connection,
            Self::Preview(preview) => &preview.connection,
            Self::Chat(chat) => &chat.connection,
            Self::ConfirmBrief(confirm) => &confirm.connection,
            Self::Read(read) => &read.connection,
            Self::Edit(edit) => &edit.connection,
            Self::Diff(diff) => &diff.connection,
            Self::Comment(command) => command.connection(),
            Self::Provenance(provenance) => &provenance.connection,
            Self::Verify(verify) => &verify.connection,
            Self::Search(search) => &search.connection,
            Self::Budget(command) => command.connection(),
            Self::Keys(command) => command.connection(),
            Self::Pipeline(command) => command.connection(),
            Self::Ops(command) => command.connection(),
        }
    }
}

/// Which server, and how to speak.
#[derive(Clone, Debug, Args)]
pub(crate) struct Connection {
    /// The server's URL [default: that of a `groundwork dev` in this directory, else http://127.0.0.1:8080].
    #[arg(long, env = "GROUNDWORK_SERVER", value_name = "URL")]
    pub(crate) server: Option<String>,
    /// Write JSON for scripts.
    #[arg(long)]
    pub(crate) json: bool,
}
