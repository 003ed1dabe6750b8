#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;

#[test]
fn paths_that_people_write_are_taken() {
    for path in [
        "a",
        "README.md",
        ".env.example",
        ".github/workflows/test.yml",
        ".gitignore",
        "src/app/(shop)/[id]/page.tsx",
        "src/@types/x.d.ts",
        "docs/über.md",
        "a b/c d.txt",
        "console.ts",
        "com10.txt",
        "node/...rest.ts",
    ] {
        assert_eq!(CodePath::parse(path).map(String::from), Ok(path.to_owned()), "{path}");
    }
}

#[test]
fn paths_that_could_mislead_are_refused() {
    use PathFault::*;
    let long = "x".repeat(101);
    let deep = "a/".repeat(17) + "b";
    for (path, fault) in [
        ("", Empty),
        ("/etc/passwd", Absolute),
        ("~/.ssh/authorized_keys", Absolute),
        ("..", Escape),
        ("../x", Escape),
        ("a/../../x", Escape),
        ("a/..", Escape),
        ("./a", Escape),
        ("a//b", Escape),
        ("a/", Escape),
        ("C:/x", Letter),
        ("c:x", Letter),
        ("a\\b", Letter),
        ("..\\x", Letter),
        ("\\\\server\\share", Letter),
        ("a:stream", Letter),
        ("a\0b", Letter),
        ("a\nb", Letter),
        ("a\u{202e}txt.exe", Letter),
        (".g\u{200c}it/config", Letter),
        ("a\u{a0}b", Letter),
        ("a|b", Letter),
        ("cafe\u{301}.md", NotNormal),
        (".git/hooks/pre-commit", Reserved),
        ("sub/.GIT/config", Reserved),
        ("GIT~1/config", Reserved),
        ("nul", Reserved),
        ("a/NUL.txt", Reserved),
        ("com1", Reserved),
        ("lpt9.log", Reserved),
        ("com\u{b9}.txt", Reserved),
        ("a./b", Reserved),
        (".. /b", Reserved),
        (" a", Reserved),
        ("a/... /b", Reserved),
        (&long, Length),
        (&deep, Length),
        (&"a/".repeat(130), Length),
    ] {
        assert_eq!(CodePath::parse(path), Err(fault), "{path:?}");
    }
    assert!(serde_json::from_str::<CodePath>("\"../x\"").is_err(), "JSON is no way around");
}

#[test]
fn files_that_one_file_system_or_another_would_mix_up_are_refused() {
    let mut files = CodeFiles::new(FileLimits::default());
    assert_eq!(files.write("src/App.ts", "1"), Ok(true));
    assert_eq!(files.write("src/App.ts", "22"), Ok(false), "the same file again");
    assert_eq!((files.len(), files.bytes(), files.read("src/App.ts")), (1, 2, Some("22")));
    let collision = |other: &str| Err(FileFault::Collision(other.to_owned()));
    assert_eq!(files.write("src/app.ts", ""), collision("src/App.ts"));
    assert_eq!(files.write("SRC/b.ts", ""), collision("src"));
    assert_eq!(files.write("src/App.ts/x", ""), Err(FileFault::Kind("src/App.ts".to_owned())));
    assert_eq!(files.write("src", ""), Err(FileFault::Kind("src".to_owned())));
    files.write("straße.md", "").unwrap();
    assert_eq!(files.write("STRASSE.md", ""), collision("straße.md"));
    files.write("ﬁle.md", "").unwrap();
    assert_eq!(files.write("file.md", ""), collision("ﬁle.md"));
    assert_eq!(files.read("nothing"), None);
    assert_eq!(files.read("../x"), None);
}

#[test]
fn limits_hold_and_a_refusal_changes_nothing() {
    let limits = FileLimits { file_bytes_max: 4, total_bytes_max: 6, files_max: 2 };
    let mut files = CodeFiles::new(limits);
    assert_eq!(files.write("a", "12345"), Err(FileFault::TooLong { bytes: 5, max: 4 }));
    files.write("a", "1234").unwrap();
    assert_eq!(files.write("b", "123"), Err(FileFault::TooMuch { bytes: 7, max: 6 }));
    files.write("b", "12").unwrap();
    assert_eq!(files.write("c", ""), Err(FileFault::TooMany { max: 2 }));
    files.write("a", "1").unwrap();
    assert_eq!(files.write("b", "\0"), Err(FileFault::Nul));
    assert_eq!(files.bytes(), 3);
    let manifest = CodeManifest::of(&files.into_files(), "done".to_owned(), Vec::new());
    assert_eq!((manifest.files.len(), manifest.bytes()), (2, 3));
    assert_eq!(manifest.files[0].digest, Digest::of(b"1"));
}

proptest! {
    #[test]
    fn what_passes_stays_below_its_root(text in "[a-zA-Z./~ \\\\:\u{301}éß-]{0,30}") {
        if let Ok(path) = CodePath::parse(&text) {
            let path = std::path::Path::new(path.as_str());
            prop_assert!(path.is_relative());
            let normal = |part: std::path::Component<'_>| matches!(part, std::path::Component::Normal(_));
            prop_assert!(path.components().all(normal), "{:?}", text);
        }
    }

    #[test]
    fn no_two_files_have_one_name_without_case(names in proptest::collection::vec("[aA]{1,2}(/[bB]{1,2}){0,2}", 1..12)) {
        let mut files = CodeFiles::new(FileLimits::default());
        for name in &names {
            let _ = files.write(name, "x");
        }
        let lower: Vec<_> = files.list().map(|(path, _)| path.as_str().to_lowercase()).collect();
        for (index, one) in lower.iter().enumerate() {
            for other in &lower[index + 1..] {
                let inside = |folder: &str, file: &str| file.starts_with(&format!("{folder}/"));
                let apart = one != other && !inside(one, other) && !inside(other, one);
                prop_assert!(apart, "{} and {}", one, other);
            }
        }
    }
}
