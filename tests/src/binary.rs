//! Where the `groundwork` executable is. Cargo names it to tests of its own package only, so it is looked for beside the
//! running test or program, which the same build made.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The executable: `GROUNDWORK_BIN`, else the one of this build, which is built now if it is not there.
///
/// # Errors
/// When it cannot be built.
pub fn find() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("GROUNDWORK_BIN") {
        return Ok(path.into());
    }
    let this = std::env::current_exe().context("finding the running program")?;
    let folder = profile_folder(&this).context("the running program lies in no folder")?;
    let binary = folder.join("groundwork");
    if !binary.is_file() {
        build(folder)?;
    }
    if !binary.is_file() {
        bail!("{} is not there: cargo build --package groundwork-cli", binary.display());
    }
    Ok(binary)
}

/// `target/debug` for `target/debug/chaos` and for `target/debug/deps/recovery-1b2c`.
fn profile_folder(program: &Path) -> Option<&Path> {
    let folder = program.parent()?;
    if folder.ends_with("deps") { folder.parent() } else { Some(folder) }
}

fn build(folder: &Path) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--package", "groundwork-cli", "--bin", "groundwork"]);
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    if folder.ends_with("release") {
        command.arg("--release");
    }
    if let Some(target) = folder.parent() {
        command.env("CARGO_TARGET_DIR", target);
    }
    let status = command.status().context("running cargo")?;
    if !status.success() {
        bail!("cargo build --package groundwork-cli failed");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_and_programs_find_the_same_folder() {
        let debug = Path::new("/target/debug");
        assert_eq!(profile_folder(Path::new("/target/debug/chaos")), Some(debug));
        assert_eq!(profile_folder(Path::new("/target/debug/deps/recovery-1b2c")), Some(debug));
    }
}
