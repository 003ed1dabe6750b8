//! PostgreSQL refuses to run as root: which user it runs as then, and where that user can work.

use anyhow::{Context, Result, bail};
use nix::unistd::{Uid, User};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

/// The user that PostgreSQL runs as in place of root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its name, for messages.
    pub name: String,
    /// Its user id.
    pub uid: u32,
    /// Its group id.
    pub gid: u32,
}

impl Owner {
    /// `None` unless this process is root; then `postgres` where it exists, else `nobody`.
    ///
    /// # Errors
    /// When neither user exists.
    pub fn instead_of_root() -> Result<Option<Self>> {
        if !Uid::effective().is_root() {
            return Ok(None);
        }
        for name in ["postgres", "nobody"] {
            if let Some(user) = User::from_name(name).context("reading the user database")? {
                return Ok(Some(Self { name: user.name, uid: user.uid.as_raw(), gid: user.gid.as_raw() }));
            }
        }
        bail!(
            "PostgreSQL refuses to run as root, and there is neither a user `postgres` nor `nobody`: create one (useradd -r postgres) or run groundwork as an ordinary user"
        )
    }

    /// Gives one file or directory to this user.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn take(&self, path: &Path) -> Result<()> {
        chown(path, Some(self.uid), Some(self.gid))
            .with_context(|| format!("giving {} to {}", path.display(), self.name))
    }

    /// Whether this user may walk down to `path`, which exists: a checkout under /root is closed to everybody else.
    #[must_use]
    pub fn reaches(&self, path: &Path) -> bool {
        path.ancestors().all(|ancestor| {
            ancestor.metadata().is_ok_and(|metadata| {
                let mode = metadata.mode();
                let bit = if metadata.uid() == self.uid {
                    0o100
                } else if metadata.gid() == self.gid {
                    0o010
                } else {
                    0o001
                };
                mode & bit != 0
            })
        })
    }
}

/// Closes a directory to everybody but its owner.
///
/// # Errors
/// When the file system refuses.
pub fn restrict(directory: &Path) -> Result<()> {
    std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o700))
        .with_context(|| format!("closing {} to others", directory.display()))
}
