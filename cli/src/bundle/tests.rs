use super::*;
use groundwork_domain::document::files::{CodeFile, CodePath};
use serde_json::json;
use std::io::Write as _;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

fn bundle(change: impl FnOnce(&mut Value, &mut Vec<(String, String)>)) -> Vec<u8> {
    let digest = |text: &str| Digest::of(text.as_bytes()).0;
    let file =
        CodeFile { path: CodePath::parse("src/main.ts").expect("a path"), content: "export {}".to_owned() };
    let set = CodeManifest::of(&[file], "One file.".to_owned(), Vec::new());
    let code = serde_json::to_string(&set).expect("JSON");
    let asked = question_digest("Members only?", "It changes the tables.").0;
    let mut files = vec![
        ("idea.md".to_owned(), "A gym".to_owned()),
        ("artifacts/spec/v1.md".to_owned(), "# Spec".to_owned()),
        ("artifacts/code/v1.json".to_owned(), code.clone()),
        ("code/code/v1/src/main.ts".to_owned(), "export {}".to_owned()),
    ];
    let mut manifest = json!({
        "format": FORMAT,
        "idea": {"digest": digest("A gym"), "file": "idea.md"},
        "artifacts": [{"artifact": {"name": "spec", "version": 1, "digest": digest("# Spec"), "format": "markdown",
            "state": "current", "sources": [{"source": "idea", "digest": digest("A gym")}]},
            "prompt_digest": "p", "calls": [{"prompt_digest": "p"}],
            "decisions": [{"gate": "spec", "decision": "approve", "digest": digest("# Spec")}],
            "file": "artifacts/spec/v1.md"},
            {"artifact": {"name": "code", "version": 1, "digest": digest(&code), "format": "json",
            "state": "superseded"}, "file": "artifacts/code/v1.json"}],
        "questions": [{"stage": "analyst", "question": "Members only?", "reason": "It changes the tables.",
            "digest": asked}],
        "decisions": [{"gate": "spec", "decision": "approve", "digest": digest("# Spec")},
            {"gate": "analyst", "decision": "amend", "digest": asked}],
        "files": {"idea.md": digest("A gym"), "artifacts/spec/v1.md": digest("# Spec"),
            "artifacts/code/v1.json": digest(&code), "code/code/v1/src/main.ts": digest("export {}")},
    });
    change(&mut manifest, &mut files);
    files.push(("manifest.json".to_owned(), manifest.to_string()));
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        zip.start_file(name, SimpleFileOptions::default()).expect("a file");
        zip.write_all(content.as_bytes()).expect("its content");
    }
    zip.finish().expect("an archive").into_inner()
}

#[test]
fn what_holds_together_is_told() {
    let checked = check(&bundle(|_, _| {})).expect("a bundle");
    assert_eq!((checked.artifacts, checked.files, checked.decisions), (2, 4, 2));
    assert!(checked.wrong.is_empty(), "{:?}", checked.wrong);
}

#[test]
fn every_change_is_found() {
    let wrong =
        |change: fn(&mut Value, &mut Vec<(String, String)>)| check(&bundle(change)).expect("a bundle").wrong;
    assert!(!wrong(|_, files| files[1].1.push('!')).is_empty(), "a changed text");
    assert!(!wrong(|_, files| drop(files.remove(1))).is_empty(), "a missing file");
    assert!(
        !wrong(|_, files| files.push(("more.md".to_owned(), "x".to_owned()))).is_empty(),
        "one more file"
    );
    assert!(
        !wrong(|manifest, _| manifest["decisions"][0]["digest"] = json!("0")).is_empty(),
        "another decision"
    );
    assert!(
        !wrong(|manifest, _| manifest["artifacts"][0]["artifact"]["sources"][0]["digest"] = json!("0"))
            .is_empty()
    );
    let forged = wrong(|manifest, files| {
        // Whoever changes a file and its sum has not changed what was reviewed.
        files[3].1 = "evil()".to_owned();
        manifest["files"]["code/code/v1/src/main.ts"] = json!(Digest::of(b"evil()").0);
    });
    assert_eq!(forged, ["code/code/v1/src/main.ts is not the file that its manifest tells of"]);
    let added = wrong(|manifest, files| {
        files.push(("code/code/v1/more.ts".to_owned(), "x".to_owned()));
        manifest["files"]["code/code/v1/more.ts"] = json!(Digest::of(b"x").0);
    });
    assert_eq!(added, ["code/code/v1/more.ts belongs to no set of files"]);
    let asked = wrong(|manifest, _| manifest["questions"][0]["question"] = json!("Something else?"));
    assert_eq!(asked, ["a question of stage analyst is not the one that was asked"]);
    for (change, words) in [
        (
            (|manifest, _| manifest["decisions"][0]["decision"] = json!("reject"))
                as fn(&mut Value, &mut Vec<_>),
            "what was decided on spec v1 is told in two ways",
        ),
        (|manifest, _| manifest["decisions"] = json!([]), "what was decided on spec v1 is told in two ways"),
        (|manifest, _| manifest["decisions"][1]["decision"] = json!("shrug"), "a decision that there is not"),
        (|manifest, _| manifest["artifacts"][0]["calls"] = json!([]), "no call is told that wrote spec v1"),
        (|manifest, _| manifest["artifacts"][0]["artifact"]["version"] = json!(2), "lies at"),
        (|manifest, _| manifest["artifacts"][0]["artifact"]["state"] = json!("0urrent"), "no state"),
        (
            |manifest, _| drop(manifest["artifacts"].as_array_mut().map(|all| all.remove(0))),
            "artifacts/spec/v1.md is a version that the manifest does not tell of",
        ),
    ] {
        let found = wrong(change).join("\n");
        assert!(found.contains(words), "{words}: {found}");
    }
    check(&bundle(|manifest, _| manifest["format"] = json!("other"))).expect_err("another format");
    check(b"no archive").expect_err("no archive");
    // Another idea under the same name, which one program would show and another would not.
    let mut twice = bundle(|_, files| files.insert(0, ("idea.mx".to_owned(), "Another gym".to_owned())));
    for at in 0..twice.len() - 7 {
        if &twice[at..at + 7] == b"idea.mx" {
            twice[at..at + 7].copy_from_slice(b"idea.md");
        }
    }
    check(&twice).expect_err("two ideas");
}
