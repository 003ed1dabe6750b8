//! A change of `SECRET_KEY`: once a worker has begun with both, the one before can be dropped.

use crate::database::Database;
use groundwork_activities::{Workshop, WorkshopSettings};
use groundwork_agents::prompt::PromptSet;
use groundwork_agents::{Agents, AgentsSettings, KeyAccess};
use groundwork_domain::sealed::KeyRing;
use groundwork_store::api_keys::{self, KeyOwner, NewKey};
use std::time::{Duration, Instant};

const OWN: &str = "sk-own-of-a-person-0123456789";

fn ring(secrets: &[&str]) -> KeyRing {
    let secrets: Vec<_> = secrets.iter().map(|one| (*one).into()).collect();
    KeyRing::derive(&secrets).unwrap()
}

#[tokio::test]
async fn a_worker_seals_anew_what_an_older_secret_sealed() {
    let database = Database::new().await;
    let ada = database.tenant().await;
    sqlx::query("insert into workspace_members (workspace_id, user_id, role, joined_at) values ($1, $2, 'owner', now())")
        .bind(ada.workspace.0)
        .bind(ada.user.0)
        .execute(&database.owner)
        .await
        .unwrap();
    let project = database.project(ada).await;
    let (old, lost) = (ring(&["old"]), ring(&["lost"]));
    let (person, place) = (KeyOwner::User(ada.user), KeyOwner::Workspace(ada.workspace));
    let mut tx = database.store.tenant(ada.workspace, ada.user).await.unwrap();
    for (ring, owner, provider) in
        [(&old, person, "anthropic"), (&old, place, "anthropic"), (&lost, person, "openai")]
    {
        let sealed = ring.seal(&owner.aad(provider), [7; 12], &OWN.into()).unwrap();
        let key_id = ring.current().to_string();
        let key =
            NewKey { owner, provider, sealed: &sealed, key_id: &key_id, last_four: "6789", by: ada.user };
        api_keys::put(&mut tx, &key).await.unwrap();
    }
    tx.commit().await.unwrap();

    let agents = Agents::new(AgentsSettings::from_variables(|_| None)).unwrap();
    let keys = KeyAccess::new(ring(&["new", "old"]), false);
    let workshop = Workshop::open_with_keys(
        database.store.clone(),
        agents,
        PromptSet::shipped(),
        WorkshopSettings::default(),
        keys,
    );
    let new = ring(&["new"]).current().to_string();
    let deadline = Instant::now() + Duration::from_secs(120);
    while api_keys::sealed_before(&database.store, &new, None, 10).await.unwrap().len() > 1 {
        assert!(Instant::now() < deadline, "keys stay under the old secret");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // What opens with no secret stays as it is, and is told each time.
    let again = workshop.rotate_keys().await.unwrap();
    assert_eq!((again.sealed, again.unopened), (0, 1));
    let mut tx = database.store.workspace(ada.workspace).await.unwrap();
    let offered = api_keys::for_call(&mut tx, project, "anthropic").await.unwrap();
    assert_eq!(offered.len(), 2);
    for key in offered {
        assert_eq!((key.key_id, key.last_four), (new.clone(), "6789".to_owned()));
        ring(&["new"]).open(&key.owner.aad("anthropic"), &key.sealed).unwrap();
    }
    let lost_one = api_keys::for_call(&mut tx, project, "openai").await.unwrap();
    lost.open(&person.aad("openai"), &lost_one[0].sealed).unwrap();
    drop((tx, workshop));
    database.remove().await;
}
