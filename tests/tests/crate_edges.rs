//! The architecture as a test: which of our crates may use which (design.md §2), and what must not be in whose tree.

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// All edges that are allowed, and all that are there.
const EDGES: [(&str, &[&str]); 9] = [
    ("domain", &[]),
    ("simulator", &[]),
    ("agents", &["domain"]),
    ("store", &["domain"]),
    ("workflows", &["domain"]),
    ("activities", &["agents", "domain", "store", "workflows"]),
    ("api", &["domain", "store", "workflows"]),
    ("worker", &["activities", "agents", "domain", "store", "workflows"]),
    ("cli", &["api", "domain", "simulator", "store", "worker"]),
];

/// What tests use beside that: an attempt is tried against the real simulator.
const TEST_EDGES: [(&str, &[&str]); 1] = [("activities", &["simulator"])];

/// Crates that do IO, keep time or run tasks: none of them may be anywhere below `domain`. (Random sources are there: uuid has
/// them for crates that make ids. Their use is banned in domain/clippy.toml.)
const IO: [&str; 12] = [
    "tokio",
    "async-std",
    "smol",
    "mio",
    "hyper",
    "reqwest",
    "sqlx",
    "axum",
    "tonic",
    "temporalio-sdk",
    "chrono",
    "time",
];

#[test]
fn our_crates_use_exactly_what_the_design_allows() {
    let metadata = metadata();
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        EDGES.iter().map(|(name, uses)| (*name, uses.iter().copied().collect())).collect();
    let ours: BTreeSet<&str> =
        metadata.workspace_packages().iter().map(|package| short(&package.name)).collect();
    let known: BTreeSet<&str> = allowed.keys().copied().chain(["tests"]).collect();
    assert_eq!(ours, known, "a new crate needs its line in EDGES and in design.md §2");

    for package in metadata.workspace_packages() {
        let name = short(&package.name);
        // The end-to-end tests may use anything.
        let Some(allowed) = allowed.get(name) else { continue };
        let uses = |for_tests: bool| -> BTreeSet<&str> {
            let ours = package.dependencies.iter().filter(|dependency| dependency.path.is_some());
            ours.filter(|dependency| (dependency.kind == DependencyKind::Development) == for_tests)
                .map(|dependency| short(&dependency.name))
                .collect()
        };
        assert_eq!(&uses(false), allowed, "edges of {name}");
        let for_tests = TEST_EDGES.iter().find(|(of, _)| *of == name).map_or(&[][..], |(_, uses)| uses);
        assert_eq!(uses(true), for_tests.iter().copied().collect(), "edges of {name}'s tests");
    }
}

#[test]
fn folders_are_named_like_their_crates() {
    let metadata = metadata();
    for package in metadata.workspace_packages() {
        let folder = package.manifest_path.parent().and_then(|path| path.file_name());
        assert_eq!(folder, Some(short(&package.name)), "{}", package.name);
    }
}

#[test]
fn domain_has_no_io_in_its_tree() {
    let tree = tree(&metadata(), "domain");
    let found: Vec<&&str> = IO.iter().filter(|name| tree.contains(**name)).collect();
    assert!(found.is_empty(), "below domain: {found:?}");
}

#[test]
fn workflows_have_neither_database_nor_http_client_in_their_tree() {
    let tree = tree(&metadata(), "workflows");
    for banned in ["sqlx", "sqlx-core", "reqwest", "async-openai", "axum"] {
        assert!(!tree.contains(banned), "{banned} is below workflows");
    }
}

#[test]
fn only_store_has_the_database_and_only_agents_the_models() {
    let metadata = metadata();
    assert_eq!(direct_users(&metadata, "sqlx"), ["store"]);
    assert_eq!(direct_users(&metadata, "async-openai"), ["agents"]);
    // api reads Temporal's metrics over HTTP, cli is a client of the API; neither may know a provider's address.
    assert_eq!(direct_users(&metadata, "reqwest"), ["agents", "api", "cli"]);
    for host in ["api.anthropic.com", "api.openai.com"] {
        for (path, text) in sources(&["domain", "store", "workflows", "activities", "api", "worker", "cli"]) {
            assert!(!text.contains(host), "{}: {host}", path.display());
        }
    }
}

#[test]
fn sql_is_written_in_store_and_migrations_only() {
    let others = ["domain", "agents", "simulator", "workflows", "activities", "api", "worker", "cli"];
    let statements = [
        "select * from ",
        "insert into ",
        "delete from ",
        "create table ",
        "sqlx::query",
        "query_as!(",
        "query!(",
    ];
    for (path, text) in sources(&others) {
        // What a model writes about databases is a text and not a statement.
        let is_text =
            path.components().any(|part| matches!(part.as_os_str().to_str(), Some("answer" | "texts")));
        for statement in statements.iter().filter(|_| !is_text) {
            assert!(!text.contains(statement), "{}: {statement}", path.display());
        }
    }
}

#[test]
fn the_bans_on_nondeterminism_are_the_same_in_workflows_and_domain() {
    let read =
        |folder: &str| std::fs::read_to_string(root().join(folder).join("clippy.toml")).expect("a file");
    let (workflows, domain) = (read("workflows"), read("domain"));
    assert_eq!(workflows, domain);
    for banned in
        ["SystemTime::now", "Uuid::new_v4", "env::var", "HashMap", "tokio::spawn", "futures_util::select"]
    {
        assert!(domain.contains(banned), "{banned} is not banned");
    }
}

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .other_options(["--locked".to_owned(), "--offline".to_owned()])
        .exec()
        .expect("cargo metadata")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

fn short(name: &str) -> &str {
    name.strip_prefix("groundwork-").unwrap_or(name)
}

/// Names of all crates that are linked into one of ours: normal dependencies, on this system, with the features in use.
fn tree(metadata: &Metadata, name: &str) -> BTreeSet<String> {
    let resolve = metadata.resolve.as_ref().expect("a resolved graph");
    let nodes: BTreeMap<&PackageId, _> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let names: BTreeMap<&PackageId, &str> =
        metadata.packages.iter().map(|package| (&package.id, package.name.as_str())).collect();
    let mut open = vec![
        metadata
            .workspace_packages()
            .into_iter()
            .find(|package| short(&package.name) == name)
            .map(|package| &package.id)
            .expect("one of our crates"),
    ];
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        for dependency in &nodes[id].deps {
            let linked = dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal);
            if linked && seen.insert(&dependency.pkg) {
                open.push(&dependency.pkg);
            }
        }
    }
    seen.into_iter().map(|id| names[id].to_owned()).collect()
}

/// Our crates, `tests` left out, that name `dependency` themselves for more than their tests.
fn direct_users(metadata: &Metadata, dependency: &str) -> Vec<String> {
    let mut users: Vec<String> = metadata
        .workspace_packages()
        .into_iter()
        .filter(|package| short(&package.name) != "tests")
        .filter(|package| {
            package
                .dependencies
                .iter()
                .any(|used| used.name == dependency && used.kind == DependencyKind::Normal)
        })
        .map(|package| short(&package.name).to_owned())
        .collect();
    users.sort();
    users
}

/// All Rust files below the folders' `src`.
fn sources(folders: &[&str]) -> Vec<(PathBuf, String)> {
    let mut open: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder).join("src")).collect();
    let mut files = Vec::new();
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(&directory).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("a file");
                files.push((path, text));
            }
        }
    }
    assert!(files.len() >= folders.len(), "sources were not found");
    files
}
