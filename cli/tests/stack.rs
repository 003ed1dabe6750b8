//! The local stack outlives what chaos does to it.
#![allow(clippy::unwrap_used)]

use groundwork_cli::stack::{Durability, Home, Ports, Postgres, Temporal};
use std::process::Command;

fn home() -> (tempfile::TempDir, Home) {
    // Under /tmp, where the user that runs PostgreSQL in place of root can come.
    let directory =
        tempfile::Builder::new().permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755)).tempdir();
    let directory = directory.unwrap();
    let home = Home::open(directory.path()).unwrap();
    (directory, home)
}

fn psql(postgres: &Postgres, sql: &str) -> String {
    let output =
        Command::new("psql").args(["--no-psqlrc", "-tAc", sql]).arg(postgres.url()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn postgres_keeps_what_was_committed_when_it_is_killed_and_is_found_by_the_next_run() {
    let (_directory, home) = home();
    let port = Ports::free().unwrap().postgres;
    let mut postgres = Postgres::start(&home, port, Durability::Durable).await.unwrap();
    psql(&postgres, "create table kept (n int)");
    for round in 1..=3 {
        psql(&postgres, &format!("insert into kept values ({round})"));
        postgres.kill().await.unwrap();
        assert!(!postgres.is_alive());
        postgres.restart().await.unwrap();
        assert_eq!(psql(&postgres, "select count(*) from kept"), round.to_string());
    }

    let found = Postgres::start(&home, 1, Durability::Durable).await.unwrap();
    assert!(found.was_found());
    assert_eq!((found.pid(), found.port()), (postgres.pid(), postgres.port()));
    assert_eq!(psql(&found, "select count(*) from kept"), "3");
    std::mem::forget(found);
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn temporal_keeps_its_workflows_when_it_is_killed_and_is_found_by_the_next_run() {
    let (_directory, home) = home();
    let ports = Ports::free().unwrap();
    let mut temporal = Temporal::start(&home, ports).await.unwrap();
    let operator = |temporal: &Temporal, arguments: &[&str]| {
        let mut command = Command::new(temporal.binary());
        command.args(arguments).args(["--address", &temporal.address()]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let start = ["workflow", "start", "--type", "Kept", "--task-queue", "nobody", "--workflow-id", "kept"];
    operator(&temporal, &start);
    temporal.kill().await.unwrap();
    temporal.restart().await.unwrap();
    let description = operator(&temporal, &["workflow", "describe", "--workflow-id", "kept"]);
    assert!(description.contains("HistoryLength         2"), "{description}");

    temporal.remember(&home).unwrap();
    let found = Temporal::start(&home, Ports::default()).await.unwrap();
    assert!(found.was_found());
    assert_eq!((found.pid(), found.address()), (temporal.pid(), temporal.address()));
    std::mem::forget(found);
    temporal.stop().await.unwrap();
}
