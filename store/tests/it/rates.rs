//! Counters by time: many callers at once never get more than there is.

use crate::database::Database;
use futures::future::join_all;
use groundwork_domain::Digest;
use groundwork_store::rates::{self, Taken};
use std::time::Duration;

/// So long that no test runs into the next window: all of them lie in one of thirty years.
const WINDOW_S: u32 = 1_000_000_000;

#[tokio::test]
async fn all_callers_together_get_what_there_is() {
    let database = Database::new().await;
    let key = Digest::of(b"ada");
    let calls = (0..30).map(|_| rates::take(&database.store, &key, 7, 100, WINDOW_S));
    let taken: Vec<Taken> = join_all(calls).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(taken.iter().map(|taken| taken.granted).sum::<u32>(), 100);
    assert!(taken.iter().all(|taken| taken.used <= 100 && taken.resets_in > Duration::from_secs(60)));
    // Another one's is another counter.
    let other = rates::take(&database.store, &Digest::of(b"bob"), 7, 100, WINDOW_S).await.unwrap();
    assert_eq!((other.granted, other.used), (7, 7));
    database.remove().await;
}

#[tokio::test]
async fn a_window_that_is_over_is_forgotten() {
    let database = Database::new().await;
    let (old, new) = (Digest::of(b"old"), Digest::of(b"new"));
    for key in [&old, &new] {
        rates::take(&database.store, key, 100, 100, WINDOW_S).await.unwrap();
    }
    let past = "update rate_counters set begun_at = 'epoch', ends_at = '1970-01-02'";
    sqlx::query(past).execute(&database.owner).await.unwrap();
    let taken = rates::take(&database.store, &new, 10, 100, WINDOW_S).await.unwrap();
    assert_eq!((taken.granted, taken.used), (10, 10));
    assert_eq!(database.count("select count(*) from rate_counters").await, 1);
    database.remove().await;
}
