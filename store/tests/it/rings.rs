//! Provider keys that an older secret sealed: found in turn, and put back under the new one unless somebody was faster.

use crate::database::{Database, Tenant};
use groundwork_domain::UserId;
use groundwork_store::api_keys::{self, KeyOwner, NewKey, OldKey};

async fn put(
    database: &Database,
    tenant: Tenant,
    owner: KeyOwner,
    provider: &str,
    sealed: &[u8],
    ring: &str,
) {
    let mut tx = database.store.tenant(tenant.workspace, tenant.user).await.unwrap();
    let key = NewKey { owner, provider, sealed, key_id: ring, last_four: "abcd", by: tenant.user };
    api_keys::put(&mut tx, &key).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn what_an_older_key_sealed_is_found_in_turn_and_replaced_only_as_it_was() {
    let database = Database::new().await;
    let (ada, eve) = (database.tenant().await, database.tenant().await);
    let (person, place) = (KeyOwner::User(ada.user), KeyOwner::Workspace(ada.workspace));
    put(&database, ada, person, "anthropic", b"one", "old").await;
    put(&database, ada, person, "openai", b"two", "new").await;
    put(&database, ada, place, "openai", b"three", "old").await;
    put(&database, eve, KeyOwner::User(eve.user), "openai", b"four", "older").await;
    let mut found: Vec<OldKey> = Vec::new();
    loop {
        let page = api_keys::sealed_before(&database.store, "new", found.last(), 1).await.unwrap();
        if page.is_empty() {
            break;
        }
        found.extend(page);
    }
    let mut sealed: Vec<_> = found.iter().map(|key| key.sealed.clone()).collect();
    sealed.sort();
    assert_eq!(sealed, [&b"four"[..], b"one", b"three"]);

    // Somebody stores another key meanwhile: theirs counts.
    put(&database, eve, KeyOwner::User(eve.user), "openai", b"five", "new").await;
    for key in &found {
        let is_theirs = key.owner == KeyOwner::User(eve.user);
        let done = api_keys::seal_anew(&database.store, key, b"again", "new").await.unwrap();
        assert_eq!(done, !is_theirs, "{key:?}");
    }
    assert_eq!(api_keys::sealed_before(&database.store, "new", None, 10).await.unwrap(), []);
    let again = "select (select count(*) from user_api_keys where sealed = 'again' and key_id = 'new' and last_four = 'abcd')
        + (select count(*) from workspace_api_keys where sealed = 'again' and key_id = 'new')";
    assert_eq!(database.count(again).await, 2);
    assert_eq!(database.count("select count(*) from user_api_keys where sealed = 'five'").await, 1);
    let nobody = OldKey {
        owner: KeyOwner::User(UserId(ada.workspace.0)),
        provider: "openai".to_owned(),
        sealed: b"x".to_vec(),
    };
    assert!(!api_keys::seal_anew(&database.store, &nobody, b"y", "new").await.unwrap());
    // Nobody reads what is sealed but so.
    let mut tx = database.store.tenant(ada.workspace, ada.user).await.unwrap();
    sqlx::query("select sealed from user_api_keys").fetch_all(tx.conn()).await.unwrap_err();
    drop(tx);
    database.remove().await;
}
