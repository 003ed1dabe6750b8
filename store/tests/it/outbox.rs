//! Mail that waits: each goes to one sender, comes back when that one dies, and ends when it is settled. Links open once.

use crate::database::{Database, Tenant};
use groundwork_domain::Digest;
use groundwork_store::links::{self, Purpose};
use groundwork_store::outbox::{self, Allowance, Wanted};
use serde_json::json;
use std::time::Duration;

const LEASE: Duration = Duration::from_secs(60);

async fn want(database: &Database, recipient: &str, allowance: Allowance) -> bool {
    let mut tx = database.store.nobody().await.unwrap();
    let ip = Some("192.0.2.7".parse().unwrap());
    let mail = Wanted { template: "magic_link", recipient, user: None, params: json!({}), ip };
    let taken = outbox::want(&mut tx, &mail, allowance).await.unwrap();
    tx.commit().await.unwrap();
    taken
}

/// As if so much time had passed.
async fn due(database: &Database) {
    sqlx::query("update mail_outbox set due_at = now()").execute(&database.owner).await.unwrap();
}

#[tokio::test]
async fn a_mail_goes_to_one_sender_and_to_another_when_that_one_dies() {
    let database = Database::new().await;
    want(&database, "ada@example.org", Allowance::default()).await;
    let claims = (0..8).map(|_| outbox::claim(&database.store, 10, LEASE));
    let claims = futures::future::join_all(claims).await;
    let claimed: Vec<_> = claims.into_iter().flat_map(Result::unwrap).collect();
    assert_eq!((claimed.len(), claimed[0].tries), (1, 1));
    due(&database).await;
    let again = outbox::claim(&database.store, 10, LEASE).await.unwrap().remove(0);
    assert_eq!((again.id, again.tries), (claimed[0].id, 2));

    outbox::settle(&database.store, again.id, Some("busy"), Some(LEASE)).await.unwrap();
    assert!(outbox::claim(&database.store, 10, LEASE).await.unwrap().is_empty(), "not due yet");
    due(&database).await;
    assert_eq!(outbox::claim(&database.store, 10, LEASE).await.unwrap()[0].tries, 3);
    outbox::settle(&database.store, again.id, None, None).await.unwrap();
    due(&database).await;
    assert!(outbox::claim(&database.store, 10, LEASE).await.unwrap().is_empty(), "settled");
    database.remove().await;
}

#[tokio::test]
async fn of_many_requests_at_once_as_many_pass_as_are_allowed() {
    let database = Database::new().await;
    let allowance = Allowance { address_max: 3, place_max: 0, within_s: 3_600 };
    let asked = (0..12).map(|_| want(&database, "ada@example.org", allowance));
    let passed = futures::future::join_all(asked).await.into_iter().filter(|taken| *taken).count();
    assert_eq!(passed, 3);
    assert!(want(&database, "bob@example.org", allowance).await);
    let by_place = Allowance { address_max: 0, place_max: 4, within_s: 3_600 };
    assert!(!want(&database, "carl@example.org", by_place).await);
    database.remove().await;
}

#[tokio::test]
async fn what_is_over_is_taken_away_and_nothing_else() {
    let database = Database::new().await;
    for recipient in ["waiting@example.org", "sent@example.org", "failed@example.org"] {
        want(&database, recipient, Allowance::default()).await;
    }
    let settle = "update mail_outbox set settled_at = now() - interval '2 days',
        failure = case recipient when 'failed@example.org' then 'no' end where recipient <> 'waiting@example.org'";
    sqlx::query(settle).execute(&database.owner).await.unwrap();
    assert_eq!(outbox::sweep(&database.store).await.unwrap(), 1);
    let left = "select array_agg(recipient order by recipient) from mail_outbox";
    let left: Vec<String> = sqlx::query_scalar(left).fetch_one(&database.owner).await.unwrap();
    assert_eq!(left, ["failed@example.org", "waiting@example.org"]);
    database.remove().await;
}

async fn link(database: &Database, tenant: Tenant, secret: &str, email: &str) -> Digest {
    let digest = Digest::of(secret.as_bytes());
    let mut tx = database.store.person(tenant.user).await.unwrap();
    links::create(&mut tx, &digest, tenant.user, Purpose::MagicLink, email, 900).await.unwrap();
    tx.commit().await.unwrap();
    digest
}

#[tokio::test]
async fn a_link_opens_once_for_whom_it_was_sent_to_and_only_when_that_is_committed() {
    let database = Database::new().await;
    let (ada, eve) = (database.tenant().await, database.tenant().await);
    let email = format!("{}@example.org", ada.user);
    let digest = link(&database, ada, "one", &email).await;
    let follow = |purpose| links::follow(&database.store, &digest, purpose);
    assert!(follow(Purpose::ResetPassword).await.unwrap().is_none(), "another purpose");
    drop(follow(Purpose::MagicLink).await.unwrap().unwrap());
    let both = futures::future::join_all((0..6).map(|_| async {
        let Some((tx, follower)) = follow(Purpose::MagicLink).await.unwrap() else { return false };
        assert_eq!((follower.user, &follower.email), (ada.user, &email));
        tx.commit().await.unwrap();
        true
    }));
    assert_eq!(both.await.into_iter().filter(|opened| *opened).count(), 1);

    // Sent to an address that she has no longer.
    let old = link(&database, ada, "two", "old@example.org").await;
    assert!(links::follow(&database.store, &old, Purpose::MagicLink).await.unwrap().is_none());
    // Nobody writes a link for somebody else, or reads what opens one.
    let mut tx = database.store.person(eve.user).await.unwrap();
    let forged = links::create(&mut tx, &Digest::of(b"x"), ada.user, Purpose::MagicLink, &email, 900).await;
    forged.unwrap_err();
    drop(tx);
    let mut tx = database.store.person(ada.user).await.unwrap();
    sqlx::query("select digest from magic_links").fetch_all(tx.conn()).await.unwrap_err();
    drop(tx);
    database.remove().await;
}

#[tokio::test]
async fn who_is_erased_is_in_no_table_of_persons() {
    let database = Database::new().await;
    let ada = database.tenant().await;
    let tables = crate::isolation::persons(&database, ada).await;
    for expected in
        ["sessions", "api_tokens", "second_factors", "login_places", "magic_links", "oauth_identities"]
    {
        assert!(tables.iter().any(|table| table == expected), "{expected} of {tables:?}");
    }
    sqlx::query("select erase_person($1)").bind(ada.user.0).execute(&database.owner).await.unwrap();
    for table in tables {
        let left = format!("select count(*) from {table} where user_id = '{}'", ada.user);
        assert_eq!(
            database.count(&left).await,
            0,
            "{table} still knows them: erase_person in the migrations"
        );
    }
    let name = format!("select count(*) from users where id = '{}' and name = 'Erased'", ada.user);
    assert_eq!(database.count(&name).await, 1);
    database.remove().await;
}
