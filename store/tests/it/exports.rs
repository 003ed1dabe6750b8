//! What people bring and take along, and when it goes (O-26).

use crate::database::Database;
use groundwork_domain::{Digest, ProjectId, Timestamp};
use groundwork_store::exports::{self, NewExport};
use groundwork_store::uploads::{self, NewUpload, Room, Uploaded};
use uuid::Uuid;

const ROOM: Room = Room { files_max: 10, bytes_max: 1_000 };
const UPLOADS: &str = "select count(*) from uploads";

#[tokio::test]
async fn what_is_over_goes_unless_its_project_is_in_use() {
    let database = Database::new().await;
    let ada = database.tenant().await;
    let (used, archived) = (database.project(ada).await, database.project(ada).await);
    let mut tx = database.store.tenant(ada.workspace, ada.user).await.unwrap();
    for (project, keep_days) in [(used, 1), (archived, 1), (archived, 0), (archived, 30)] {
        let new = NewUpload {
            id: Uuid::new_v4(),
            workspace: ada.workspace,
            project,
            filename: "notes.md",
            media_type: "text/markdown",
            content: b"notes",
            text: Some("notes"),
            by: ada.user,
            at: Timestamp(0),
            keep_days,
        };
        let Uploaded::Kept(item) = uploads::add(&mut tx, &new, ROOM).await.unwrap() else {
            panic!("no room")
        };
        assert_eq!(item.expires_at.is_some(), keep_days > 0);
    }
    tx.commit().await.unwrap();
    let run = async |statement: &'static str, project: ProjectId| {
        sqlx::query(statement).bind(project.0).execute(&database.owner).await.unwrap();
    };
    assert_eq!(uploads::sweep(&database.store, 10).await.unwrap(), 0);
    let later = "update uploads set expires_at = expires_at - interval '2 days'";
    sqlx::query(later).execute(&database.owner).await.unwrap();
    assert_eq!(uploads::sweep(&database.store, 10).await.unwrap(), 0, "both are in use");
    run("update projects set lifecycle = 'archived' where id = $1", archived).await;
    assert_eq!(uploads::sweep(&database.store, 10).await.unwrap(), 1);
    assert_eq!(database.count(UPLOADS).await, 3, "in use, for ever, and not yet over");
    run("update projects set lifecycle = 'archived' where id = $1", used).await;
    assert_eq!(uploads::sweep(&database.store, 10).await.unwrap(), 1);
    database.remove().await;
}

#[tokio::test]
async fn exports_are_known_for_a_while_and_go_with_their_project() {
    let database = Database::new().await;
    let ada = database.tenant().await;
    let project = database.project(ada).await;
    let mut tx = database.store.tenant(ada.workspace, ada.user).await.unwrap();
    let digest = Digest::of(b"zip");
    for keep_days in [1, 30, 30] {
        let new = NewExport {
            workspace: ada.workspace,
            project,
            by: ada.user,
            kind: "package",
            media_type: "application/zip",
            size_bytes: 3,
            digest: &digest,
            keep_days,
        };
        exports::note(&mut tx, &new).await.unwrap();
    }
    let known = exports::list(&mut tx, project, 2).await.unwrap();
    assert_eq!((known.len(), known[0].size_bytes, known[0].exported_by), (2, 3, ada.user.0));
    tx.commit().await.unwrap();
    sqlx::query("update exports set expires_at = expires_at - interval '2 days'")
        .execute(&database.owner)
        .await
        .unwrap();
    assert_eq!(uploads::sweep(&database.store, 10).await.unwrap(), 1);
    let mut tx = database.store.tenant(ada.workspace, ada.user).await.unwrap();
    assert_eq!(exports::list(&mut tx, project, 10).await.unwrap().len(), 2);
    drop(tx);
    sqlx::query("select erase_project($1)").bind(project.0).execute(&database.owner).await.unwrap();
    assert_eq!(database.count("select count(*) from exports").await, 0);
    database.remove().await;
}
