//! Provenance bundles: written by a server, checked by anybody.

use super::{open, project_id};
use crate::args::{ProvenanceArguments, VerifyArguments};
use crate::bundle;
use crate::failure::{Exit, Failure, Result};
use crate::output::Output;
use anyhow::Context as _;
use serde_json::json;

/// `groundwork provenance`
pub(super) async fn write(arguments: &ProvenanceArguments) -> Result<()> {
    let (client, output) = open(&arguments.connection)?;
    let id = project_id(&client, &arguments.project).await?;
    if arguments.out.exists() && !arguments.force {
        return Err(
            Failure::usage(format!("{} exists", arguments.out.display())).next("--force writes over it")
        );
    }
    let bytes = client.bytes(&format!("/projects/{id}/provenance")).await?;
    std::fs::write(&arguments.out, &bytes).with_context(|| format!("writing {}", arguments.out.display()))?;
    let manifest = bundle::check(&bytes)?.manifest;
    let value = json!({"project_id": id, "file": arguments.out, "manifest_digest": manifest.0});
    output.result(&value, || format!("wrote {}\nmanifest {manifest}", arguments.out.display()));
    // Whoever can change the bundle can make another manifest: only its digest, kept elsewhere, tells that it is this one.
    output.note(format!("next: groundwork verify {} --manifest {manifest}", arguments.out.display()));
    Ok(())
}

/// `groundwork verify`
pub(super) fn verify(arguments: &VerifyArguments) -> Result<()> {
    let output = Output::new(arguments.connection.json);
    let bytes = std::fs::read(&arguments.bundle)
        .map_err(|error| Failure::usage(format!("{}: {error}", arguments.bundle.display())))?;
    let mut checked = bundle::check(&bytes)?;
    if let Some(told) = arguments.manifest.as_deref().filter(|told| *told != checked.manifest.0) {
        checked.wrong.push(format!("its manifest is {}, and not {told}", checked.manifest));
    }
    if !checked.wrong.is_empty() {
        let words = format!("the bundle is not what it says:\n  {}", checked.wrong.join("\n  "));
        return Err(Failure::new(Exit::Refused, "bundle_broken", words));
    }
    let value = json!({"manifest_digest": checked.manifest.0, "artifacts": checked.artifacts, "files": checked.files,
        "decisions": checked.decisions});
    output.result(&value, || {
        format!(
            "{} artifacts, {} files and {} decisions hold together\nmanifest {}{}",
            checked.artifacts,
            checked.files,
            checked.decisions,
            checked.manifest,
            match arguments.manifest {
                Some(_) => ", as it was told",
                None => "\nThat this is the server's own manifest is shown only by its digest: --manifest SHA256, as `provenance` printed it",
            }
        )
    });
    Ok(())
}
