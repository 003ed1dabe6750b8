//! Running texts: what is flushed arrives, and a late client starts with the last 64 KiB.

use crate::database::Database;
use groundwork_domain::StageId;
use groundwork_store::streams::{self, Chunk, Delta, TAIL_BYTES};
use sqlx::postgres::PgListener;
use std::time::Duration;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_flush_notifies_and_keeps_the_tail() {
    let database = Database::new().await;
    let tenant = database.tenant().await;
    let project = database.project(tenant).await;
    let chunk = |offset: usize, text: String| Chunk {
        workspace_id: tenant.workspace,
        project_id: project,
        stage: StageId::from("spec"),
        attempt: 1,
        offset: offset as u64,
        text,
    };
    let mut listener = PgListener::connect_with(database.store.pool()).await.unwrap();
    listener.listen("groundwork_deltas").await.unwrap();
    let piece = "0123456789".repeat(1_500);
    for part in 0..10 {
        streams::flush(&database.store, &[chunk(part * piece.len(), piece.clone())]).await.unwrap();
    }
    let mut heard = String::new();
    while heard.len() < piece.len() * 10 {
        let told = timeout(PATIENCE, listener.recv()).await.expect("nothing more is told").unwrap();
        let delta: Delta = serde_json::from_str(told.payload()).unwrap();
        assert_eq!(delta.offset, heard.len() as u64);
        heard.push_str(&delta.text);
    }
    let mut tx = database.store.tenant(tenant.workspace, tenant.user).await.unwrap();
    let tail = streams::tails(&mut tx, project).await.unwrap().pop().unwrap();
    assert_eq!(tail.offset + tail.text.len() as u64, heard.len() as u64, "it ends where the stream is");
    assert!(heard.ends_with(&tail.text));
    assert!((TAIL_BYTES..TAIL_BYTES + 2 * piece.len() as u64).contains(&(tail.text.len() as u64)));
    drop(tx);

    // Another worker begins the text anew.
    streams::flush(&database.store, &[chunk(0, "anew".into())]).await.unwrap();
    let mut tx = database.store.tenant(tenant.workspace, tenant.user).await.unwrap();
    let tail = streams::tails(&mut tx, project).await.unwrap().pop().unwrap();
    assert_eq!((tail.offset, tail.text.as_str()), (0, "anew"));
    streams::forget(&mut tx, project, &StageId::from("spec"), 1).await.unwrap();
    assert!(streams::tails(&mut tx, project).await.unwrap().is_empty());
    drop(tx);
    drop(listener);
    database.remove().await;
}
