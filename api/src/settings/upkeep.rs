//! What is put away, taken back and erased, and when.

use serde::Deserialize;

/// Periods of undo, idleness and invitations.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Upkeep {
    /// Days in which the deletion of a project, workspace or account can be undone; then its texts are erased.
    pub undo_days: u32,
    /// Days without activity after which a project is archived (C-07), unless its workspace says otherwise.
    pub archive_idle_days: u32,
    /// Days in which an invitation can be accepted.
    pub invitation_days: u32,
    /// Days in which a new address can be verified, where it must be; then the account is erased.
    pub unverified_days: u32,
    /// Shared workspaces that a person may own first.
    pub workspaces_owned_max: u32,
    /// Days for which it is known who took what along from a project.
    pub exports_known_days: u32,
    /// Seconds after which putting a project away, or taking it back, is tried again.
    pub shelve_again_s: u32,
    /// Seconds between two looks for what is to be erased.
    pub erase_every_s: u32,
}

impl Default for Upkeep {
    fn default() -> Self {
        Self {
            undo_days: 30,
            archive_idle_days: 90,
            invitation_days: 7,
            unverified_days: 7,
            workspaces_owned_max: 50,
            exports_known_days: 365,
            shelve_again_s: 30,
            erase_every_s: 3_600,
        }
    }
}
