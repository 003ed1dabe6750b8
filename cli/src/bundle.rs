//! Whether a provenance bundle holds together. The check trusts nothing but the bytes: every digest is computed anew.

use crate::failure::{Exit, Failure, Result};
use anyhow::Context as _;
use groundwork_domain::Digest;
use groundwork_domain::document::files::CodeManifest;
use groundwork_domain::request::question_digest;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read as _};
use zip::ZipArchive;

/// What this program can check.
const FORMAT: &str = "groundwork-provenance/1";
/// Files of a bundle.
const FILES_MAX: usize = 20_000;
/// Bytes of all its files together.
const BYTES_MAX: u64 = 512 * 1024 * 1024;

/// What a check found.
#[derive(Debug)]
pub(crate) struct Checked {
    /// What the bundle is: two bundles with one digest say the same.
    pub(crate) manifest: Digest,
    pub(crate) artifacts: usize,
    pub(crate) files: usize,
    pub(crate) decisions: usize,
    /// What does not hold, a sentence each.
    pub(crate) wrong: Vec<String>,
}

/// Checks a bundle as it lies in its file. An error: it is no bundle that this program reads.
pub(crate) fn check(bundle: &[u8]) -> Result<Checked> {
    let mut files = unpack(bundle)?;
    let manifest = files.remove("manifest.json").ok_or_else(|| broken("has no manifest.json"))?;
    let value: Value = serde_json::from_slice(&manifest)
        .map_err(|error| broken(&format!("has a manifest that does not read: {error}")))?;
    if value["format"] != FORMAT {
        return Err(broken(&format!("has the format {}, and this program knows {FORMAT}", value["format"])));
    }
    let sums: BTreeMap<String, Digest> =
        files.iter().map(|(name, content)| (name.clone(), Digest::of(content))).collect();
    let mut wrong = Vec::new();
    check_files(&value, &sums, &mut wrong);
    let mut known = check_versions(&value, &sums, &mut wrong);
    known.extend(check_questions(&value, &mut wrong));
    check_code(&value, &files, &sums, &mut wrong);
    check_references(&value, &known, &mut wrong);
    check_places(&value, &sums, &mut wrong);
    check_decisions(&value, &mut wrong);
    check_calls(&value, &mut wrong);
    let count = |name: &str| value[name].as_array().map_or(0, Vec::len);
    Ok(Checked {
        manifest: Digest::of(&manifest),
        artifacts: count("artifacts"),
        files: sums.len(),
        decisions: count("decisions"),
        wrong,
    })
}

/// Every file is named with its digest, and no other one is there.
fn check_files(manifest: &Value, sums: &BTreeMap<String, Digest>, wrong: &mut Vec<String>) {
    let empty = serde_json::Map::new();
    let named = manifest["files"].as_object().unwrap_or(&empty);
    for (name, digest) in sums {
        match named.get(name).and_then(Value::as_str) {
            Some(told) if told == digest.0 => {}
            Some(_) => wrong.push(format!("{name} was changed")),
            None => wrong.push(format!("{name} is not in the manifest")),
        }
    }
    for name in named.keys().filter(|name| !sums.contains_key(*name)) {
        wrong.push(format!("{name} is missing"));
    }
}

/// Every version's content has its digest. Returns all digests that the bundle can show.
fn check_versions(
    manifest: &Value,
    sums: &BTreeMap<String, Digest>,
    wrong: &mut Vec<String>,
) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    let idea = &manifest["idea"];
    let artifacts = items(&manifest["artifacts"]);
    let of_artifacts = artifacts.map(|one| (&one["artifact"]["digest"], &one["file"]));
    let prompts = items(&manifest["prompts"]);
    let of_prompts = prompts.map(|one| (&one["digest"], &one["file"]));
    for (digest, file) in of_artifacts.chain(of_prompts).chain([(&idea["digest"], &idea["file"])]) {
        let (digest, file) = (digest.as_str().unwrap_or_default(), file.as_str().unwrap_or_default());
        if sums.get(file).is_none_or(|found| found.0 != digest) {
            wrong.push(format!("{file} is not the version that the manifest tells of"));
        }
        known.insert(digest.to_owned());
    }
    known
}

/// What agents asked has its digest: answers are decisions on it. Returns the digests.
fn check_questions(manifest: &Value, wrong: &mut Vec<String>) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    for one in items(&manifest["questions"]) {
        let text = |name: &str| one[name].as_str().unwrap_or_default();
        if question_digest(text("question"), text("reason")).0 != text("digest") {
            wrong.push(format!("a question of stage {} is not the one that was asked", text("stage")));
        }
        known.insert(text("digest").to_owned());
    }
    known
}

/// Every file of a set of files is the one that the set's own manifest tells of, and no other lies beside it.
fn check_code(
    manifest: &Value,
    files: &BTreeMap<String, Vec<u8>>,
    sums: &BTreeMap<String, Digest>,
    wrong: &mut Vec<String>,
) {
    let mut told = BTreeSet::new();
    for one in items(&manifest["artifacts"]) {
        let artifact = &one["artifact"];
        let name = artifact["name"].as_str().unwrap_or_default();
        let content = files.get(one["file"].as_str().unwrap_or_default());
        // Other sets in JSON (prompts, what is handed over) have no files with digests.
        let Some(set) = content.and_then(|content| serde_json::from_slice::<CodeManifest>(content).ok())
        else {
            continue;
        };
        for file in set.files {
            let place = format!("code/{name}/v{}/{}", artifact["version"], file.path);
            match sums.get(&place) {
                Some(found) if *found == file.digest => {}
                Some(_) => wrong.push(format!("{place} is not the file that its manifest tells of")),
                None => wrong.push(format!("{place} is missing")),
            }
            told.insert(place);
        }
    }
    for name in sums.keys().filter(|name| name.starts_with("code/") && !told.contains(*name)) {
        wrong.push(format!("{name} belongs to no set of files"));
    }
}

/// What was written from something, or decided on something, names what is there.
fn check_references(manifest: &Value, known: &BTreeSet<String>, wrong: &mut Vec<String>) {
    for one in items(&manifest["artifacts"]) {
        let artifact = &one["artifact"];
        let name = format!("{} v{}", artifact["name"].as_str().unwrap_or_default(), artifact["version"]);
        for source in items(&artifact["sources"]) {
            let kind = source["source"].as_str().unwrap_or_default();
            let digest = source["digest"].as_str().unwrap_or_default();
            // Answers are told by the digest of what the rules took, which no file has.
            if matches!(kind, "artifact" | "idea") && !known.contains(digest) {
                wrong.push(format!("{name} was written from {kind} {digest}, which is not here"));
            }
        }
    }
    for decision in items(&manifest["decisions"]) {
        let digest = decision["digest"].as_str().unwrap_or_default();
        if !known.contains(digest) {
            let gate = decision["gate"].as_str().unwrap_or_default();
            wrong.push(format!("gate {gate} was decided on {digest}, which is not here"));
        }
    }
}

/// Every version lies where its name and number say, and no other one lies beside it.
fn check_places(manifest: &Value, sums: &BTreeMap<String, Digest>, wrong: &mut Vec<String>) {
    let mut told = BTreeSet::new();
    for one in items(&manifest["artifacts"]) {
        let artifact = &one["artifact"];
        let (name, version) = (artifact["name"].as_str().unwrap_or_default(), &artifact["version"]);
        let extension = if artifact["format"] == "json" { "json" } else { "md" };
        let place = format!("artifacts/{name}/v{version}.{extension}");
        if one["file"] != place.as_str() {
            wrong.push(format!("{name} v{version} lies at {}, and not at {place}", one["file"]));
        }
        if !matches!(artifact["state"].as_str(), Some("current" | "superseded" | "written")) {
            wrong.push(format!("{name} v{version} is in no state that there is: {}", artifact["state"]));
        }
        told.insert(place);
    }
    for one in items(&manifest["prompts"]) {
        let place =
            format!("prompts/{:02}/v{}.md", one["number"].as_u64().unwrap_or_default(), one["version"]);
        if one["file"] != place.as_str() {
            wrong.push(format!("prompt {} v{} lies at {}", one["number"], one["version"], one["file"]));
        }
        told.insert(place);
    }
    let is_version = |name: &str| name.starts_with("artifacts/") || name.starts_with("prompts/");
    for name in sums.keys().filter(|name| is_version(name) && !told.contains(*name)) {
        wrong.push(format!("{name} is a version that the manifest does not tell of"));
    }
}

/// What was decided on a version is told twice, in the same words; and there are only four decisions.
fn check_decisions(manifest: &Value, wrong: &mut Vec<String>) {
    for decision in items(&manifest["decisions"]) {
        if !matches!(decision["decision"].as_str(), Some("approve" | "amend" | "request_changes" | "reject"))
        {
            wrong.push(format!(
                "gate {} has a decision that there is not: {}",
                decision["gate"], decision["decision"]
            ));
        }
    }
    for one in items(&manifest["artifacts"]) {
        let artifact = &one["artifact"];
        let of_all: BTreeSet<String> = items(&manifest["decisions"])
            .filter(|decision| decision["digest"] == artifact["digest"])
            .map(Value::to_string)
            .collect();
        // The amendment that put a person's text in place was decided on the text before it.
        let is_amendment = |decision: &&Value| {
            decision["decision"] == "amend"
                && artifact["author_id"].is_string()
                && decision["digest"] != artifact["digest"]
                && items(&manifest["decisions"]).any(|one| one == *decision)
        };
        let own = items(&one["decisions"]).filter(|decision| !is_amendment(decision));
        let own: BTreeSet<String> = own.map(Value::to_string).collect();
        if of_all != own {
            let name = artifact["name"].as_str().unwrap_or_default();
            wrong.push(format!("what was decided on {name} v{} is told in two ways", artifact["version"]));
        }
    }
}

/// What a model wrote was written in a call that is told, with the prompt that is told.
fn check_calls(manifest: &Value, wrong: &mut Vec<String>) {
    for one in items(&manifest["artifacts"]) {
        let Some(prompt) = one["prompt_digest"].as_str() else { continue };
        if !items(&one["calls"]).any(|call| call["prompt_digest"] == prompt) {
            let artifact = &one["artifact"];
            let name = artifact["name"].as_str().unwrap_or_default();
            wrong.push(format!("no call is told that wrote {name} v{} with its prompt", artifact["version"]));
        }
    }
}

fn unpack(bundle: &[u8]) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut zip = ZipArchive::new(Cursor::new(bundle))
        .map_err(|error| broken(&format!("is no zip archive: {error}")))?;
    if zip.len() > FILES_MAX {
        return Err(broken(&format!("has more than {FILES_MAX} files")));
    }
    // Of two entries with one name the library shows one, and another program may show the other.
    if entries(bundle) != Some(zip.len()) {
        return Err(broken("has more entries than files"));
    }
    let mut files = BTreeMap::new();
    let mut left = BYTES_MAX;
    for index in 0..zip.len() {
        let entry = zip.by_index(index).context("reading the bundle")?;
        let name = entry.name().context("reading a name in the bundle")?.into_owned();
        let mut bytes = Vec::new();
        entry.take(left + 1).read_to_end(&mut bytes).with_context(|| format!("unpacking {name}"))?;
        left = left
            .checked_sub(bytes.len() as u64)
            .ok_or_else(|| broken(&format!("is larger than {BYTES_MAX} bytes")))?;
        if files.insert(name.clone(), bytes).is_some() {
            return Err(broken(&format!("has {name} twice")));
        }
    }
    Ok(files)
}

/// Entries by the archive's end record; none where it says that it has more than the record can count.
fn entries(bundle: &[u8]) -> Option<usize> {
    const RECORD: [u8; 4] = *b"PK\x05\x06";
    let at = bundle.windows(RECORD.len()).rposition(|window| window == RECORD)?;
    let count: [u8; 2] = bundle.get(at + 10..at + 12)?.try_into().ok()?;
    Some(u16::from_le_bytes(count)).filter(|count| *count != u16::MAX).map(usize::from)
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn broken(why: &str) -> Failure {
    Failure::new(Exit::Refused, "bundle_broken", format!("the bundle {why}"))
}

#[cfg(test)]
mod tests;
