//! Writing a package to disk. The archive comes from a server: no name in it may lead out of the folder.

use super::{open, project_id};
use crate::args::ExportArguments;
use crate::client::Client;
use crate::failure::{Failure, Result};
use anyhow::Context as _;
use serde_json::json;
use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};
use uuid::Uuid;
use zip::ZipArchive;

/// Files of a package.
const FILES_MAX: usize = 1_000;
/// Bytes of all its files together.
const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// `groundwork export`
pub(crate) async fn export(arguments: &ExportArguments) -> Result<()> {
    let (client, output) = open(&arguments.connection)?;
    let id = project_id(&client, &arguments.project).await?;
    let out = &arguments.out;
    refuse_existing(out, arguments.force)?;
    let archive = fetch(&client, id).await?;
    if out.extension().is_some_and(|extension| extension == "zip") {
        std::fs::write(out, &archive).with_context(|| format!("writing {}", out.display()))?;
        output.result(&json!({ "project_id": id, "file": out }), || format!("wrote {}", out.display()));
        return Ok(());
    }
    let files = unpack(&archive, out)?;
    output.result(&json!({ "project_id": id, "folder": out, "files": files }), || {
        let list: Vec<String> = files.iter().map(|file| format!("  {}", out.join(file).display())).collect();
        format!("wrote {} files:\n{}", files.len(), list.join("\n"))
    });
    Ok(())
}

/// Gets the package of a project as a zip archive.
pub(crate) async fn fetch(client: &Client, id: Uuid) -> Result<Vec<u8>> {
    client.download(&format!("/projects/{id}/export"), &json!({})).await
}

/// Writes the archive's files into a folder, beside or over what is there; returns their paths in it.
///
/// # Errors
/// An archive that is broken, too large, or names places outside of the folder: nothing is written then.
pub(crate) fn unpack(archive: &[u8], folder: &Path) -> Result<Vec<PathBuf>> {
    let files = read(archive)?;
    for (path, bytes) in &files {
        let target = folder.join(path);
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
        }
        std::fs::write(&target, bytes).with_context(|| format!("writing {}", target.display()))?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

fn read(archive: &[u8]) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut zip = ZipArchive::new(Cursor::new(archive)).context("the package is no zip archive")?;
    if zip.len() > FILES_MAX {
        return Err(refused(&format!("has more than {FILES_MAX} files")));
    }
    let mut files = Vec::new();
    let mut left = BYTES_MAX;
    for index in 0..zip.len() {
        let entry = zip.by_index(index).context("reading the package")?;
        if entry.is_dir() {
            continue;
        }
        let name = entry.name().context("reading a name in the package")?.into_owned();
        let path = entry.enclosed_name().filter(|_| !entry.is_symlink());
        let path = path.ok_or_else(|| refused(&format!("names a place outside of its folder: {name}")))?;
        let mut bytes = Vec::new();
        // What an archive declares need not be what it holds.
        entry.take(left + 1).read_to_end(&mut bytes).with_context(|| format!("unpacking {name}"))?;
        left = left
            .checked_sub(bytes.len() as u64)
            .ok_or_else(|| refused(&format!("is larger than {BYTES_MAX} bytes")))?;
        files.push((path, bytes));
    }
    Ok(files)
}

fn refused(why: &str) -> Failure {
    Failure::from(anyhow::anyhow!("the package {why}; nothing was written"))
}

fn refuse_existing(out: &Path, force: bool) -> Result<()> {
    let is_empty = std::fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_none());
    if force || !out.exists() || is_empty {
        return Ok(());
    }
    Err(Failure::usage(format!("{} exists", out.display())).next("--force writes over it"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    fn archive(names: &[&str]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for name in names {
            zip.start_file(*name, SimpleFileOptions::default()).expect("a file");
            zip.write_all(name.as_bytes()).expect("its content");
        }
        zip.finish().expect("an archive").into_inner()
    }

    #[test]
    fn a_package_becomes_files() {
        let directory = tempfile::tempdir().expect("a directory");
        let folder = directory.path().join("package");
        let files = unpack(&archive(&["spec.md", "prompts/01-setup.md"]), &folder).expect("files");
        assert_eq!(files, [PathBuf::from("spec.md"), PathBuf::from("prompts/01-setup.md")]);
        let text = std::fs::read_to_string(folder.join("prompts/01-setup.md")).expect("a file");
        assert_eq!(text, "prompts/01-setup.md");
    }

    #[test]
    fn a_name_that_leads_out_of_the_folder_writes_nothing_at_all() {
        for evil in ["../evil.md", "a/../../evil.md"] {
            let directory = tempfile::tempdir().expect("a directory");
            let folder = directory.path().join("package");
            unpack(&archive(&["spec.md", evil]), &folder).expect_err("a refusal");
            assert!(!folder.exists() && !directory.path().join("evil.md").exists(), "{evil}");
        }
    }

    #[test]
    fn a_folder_with_something_in_it_is_not_written_over() {
        let directory = tempfile::tempdir().expect("a directory");
        refuse_existing(directory.path(), false).expect("an empty folder is fine");
        std::fs::write(directory.path().join("mine"), "").expect("a file");
        refuse_existing(directory.path(), false).expect_err("a refusal");
        refuse_existing(directory.path(), true).expect("forced");
    }
}
