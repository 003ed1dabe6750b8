//! Who belongs to a workspace: invitations, roles, leaving, and what two people at once can do to each other.

use crate::live::Stream;
use crate::server::{Answer, Person, Server};
use crate::socket::Socket;
use reqwest::Method;
use serde_json::{Value, json};

/// A shared workspace of a person: its id.
pub(crate) async fn shared(owner: &Person, name: &str) -> String {
    let made = owner.send(Method::POST, "/workspaces", &json!({"name": name})).await.ok();
    made["id"].as_str().unwrap().to_owned()
}

/// Invites somebody, who accepts.
pub(crate) async fn join(host: &Person, workspace: &str, guest: &Person, email: &str, role: &str) {
    let path = format!("/workspaces/{workspace}/members");
    let invited = host.send(Method::POST, &path, &json!({"email": email, "role": role})).await;
    assert_eq!(invited.status, 201, "{}", invited.body);
    let id = invited.body["id"].as_str().unwrap();
    let joined = guest.send(Method::POST, &format!("/invitations/{id}/accept"), &json!({})).await.ok();
    assert_eq!((&joined["id"], &joined["role"]), (&json!(workspace), &json!(role)));
}

fn member(workspace: &str, person: &Person) -> String {
    format!("/workspaces/{workspace}/members/{}", person.id)
}

async fn set_role(who: &Person, workspace: &str, whom: &Person, role: &str) -> Answer {
    who.send(Method::PATCH, &member(workspace, whom), &json!({"role": role})).await
}

async fn remove(who: &Person, workspace: &str, whom: &Person) -> Answer {
    who.send(Method::DELETE, &member(workspace, whom), &json!({})).await
}

#[tokio::test]
async fn an_invitation_is_seen_by_whose_address_it_names_and_decided_once() {
    let server = Server::new().await;
    let (ada, bob, eve) =
        (server.sign_up("ada").await, server.sign_up("bob").await, server.sign_up("eve").await);
    let team = shared(&ada, "Team").await;
    let path = format!("/workspaces/{team}/members");
    // Whether there is an account with the address makes no difference.
    for email in ["Bob@Example.org", "carol@example.org"] {
        let invited = ada.send(Method::POST, &path, &json!({"email": email, "role": "editor"})).await;
        assert_eq!((invited.status.as_u16(), &invited.body["email"]), (201, &json!(email.to_lowercase())));
    }
    let open = ada.get(&format!("/workspaces/{team}/invitations")).await.ok();
    assert_eq!(open["items"].as_array().unwrap().len(), 2);
    bob.get(&format!("/workspaces/{team}")).await.refused(404, "not_found");

    let offers = bob.get("/invitations").await.ok();
    let offer = &offers["items"][0];
    assert_eq!((&offer["workspace_name"], &offer["invited_by"]), (&json!("Team"), &json!("ada")));
    let id = offer["id"].as_str().unwrap();
    assert_eq!(eve.get("/invitations").await.ok()["items"], json!([]));
    for decision in ["accept", "decline"] {
        let answer = eve.send(Method::POST, &format!("/invitations/{id}/{decision}"), &json!({})).await;
        answer.refused(404, "not_found");
    }
    // Twice at once: one membership.
    let accept = format!("/invitations/{id}/accept");
    let nothing = json!({});
    let (one, two) =
        tokio::join!(bob.send(Method::POST, &accept, &nothing), bob.send(Method::POST, &accept, &nothing));
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 404]);
    let members = bob.get(&path).await.ok();
    assert_eq!(members["items"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&members["items"][1]["role"], &members["items"][1]["invited_by"]),
        (&json!("editor"), &json!(ada.id))
    );
    ada.send(Method::POST, &path, &json!({"email": "bob@example.org", "role": "viewer"}))
        .await
        .refused(409, "already_member");

    // Who signs up later finds theirs; what is taken back, declined or too old is not there.
    let carol = server.sign_up("carol").await;
    let offer = carol.get("/invitations").await.ok()["items"][0]["id"].as_str().unwrap().to_owned();
    let declined = carol.send(Method::POST, &format!("/invitations/{offer}/decline"), &json!({})).await;
    assert_eq!(declined.status, 204);
    assert_eq!(carol.get("/invitations").await.ok()["items"], json!([]));
    for ending in ["revoked", "expired"] {
        let body = json!({"email": "carol@example.org", "role": "viewer"});
        let id = ada.send(Method::POST, &path, &body).await.ok()["id"].as_str().unwrap().to_owned();
        if ending == "revoked" {
            let path = format!("/workspaces/{team}/invitations/{id}");
            assert_eq!(ada.send(Method::DELETE, &path, &json!({})).await.status, 204);
        } else {
            sqlx::query("update invitations set expires_at = now()").execute(&server.owner).await.unwrap();
        }
        assert_eq!(carol.get("/invitations").await.ok()["items"], json!([]));
        let answer = carol.send(Method::POST, &format!("/invitations/{id}/accept"), &json!({})).await;
        answer.refused(404, "not_found");
    }
    server.remove().await;
}

#[tokio::test]
async fn nobody_gives_or_takes_a_role_above_their_own() {
    let server = Server::new().await;
    let ada = server.sign_up("ada").await;
    let team = shared(&ada, "Team").await;
    let mut people = Vec::new();
    for (name, role) in [("adam", "admin"), ("edna", "editor"), ("vic", "viewer")] {
        let person = server.sign_up(name).await;
        join(&ada, &team, &person, &format!("{name}@example.org"), role).await;
        people.push(person);
    }
    let [adam, edna, vic] = &people[..] else { panic!() };
    let path = format!("/workspaces/{team}/members");
    let invite = |role: &str| json!({"email": "new@example.org", "role": role});
    for who in [edna, vic] {
        who.get(&path).await.ok();
        who.get(&format!("/workspaces/{team}/invitations")).await.refused(403, "forbidden");
        who.send(Method::POST, &path, &invite("viewer")).await.refused(403, "forbidden");
        set_role(who, &team, vic, "editor").await.refused(403, "forbidden");
        remove(who, &team, adam).await.refused(403, "forbidden");
    }
    adam.send(Method::POST, &path, &invite("owner")).await.refused(403, "role_above_yours");
    set_role(adam, &team, vic, "owner").await.refused(403, "role_above_yours");
    set_role(adam, &team, &ada, "admin").await.refused(403, "role_above_yours");
    remove(adam, &team, &ada).await.refused(403, "role_above_yours");
    set_role(adam, &team, vic, "god").await.refused(422, "invalid_body");
    assert_eq!(set_role(adam, &team, vic, "editor").await.ok()["role"], "editor");

    // What somebody offered ends with their right to offer it.
    adam.send(Method::POST, &path, &invite("admin")).await.ok();
    set_role(&ada, &team, adam, "viewer").await.ok();
    assert_eq!(ada.get(&format!("/workspaces/{team}/invitations")).await.ok()["items"], json!([]));
    // Anybody may leave; what they are not they cannot be removed from.
    assert_eq!(remove(vic, &team, vic).await.status, 204);
    vic.get(&format!("/workspaces/{team}")).await.refused(404, "not_found");
    remove(&ada, &team, vic).await.refused(404, "not_found");
    server.remove().await;
}

#[tokio::test]
async fn a_workspace_keeps_an_owner_whatever_two_do_at_once() {
    let server = Server::new().await;
    let (ada, bob) = (server.sign_up("ada").await, server.sign_up("bob").await);
    for round in 0..3 {
        let team = shared(&ada, &format!("Team {round}")).await;
        set_role(&ada, &team, &ada, "viewer").await.refused(409, "last_owner");
        remove(&ada, &team, &ada).await.refused(409, "last_owner");
        join(&ada, &team, &bob, "bob@example.org", "owner").await;
        let (one, two) = match round {
            0 => tokio::join!(set_role(&ada, &team, &bob, "viewer"), set_role(&bob, &team, &ada, "viewer")),
            1 => tokio::join!(set_role(&ada, &team, &ada, "editor"), set_role(&bob, &team, &bob, "editor")),
            _ => tokio::join!(remove(&ada, &team, &ada), remove(&bob, &team, &bob)),
        };
        let succeeded = [&one, &two].iter().filter(|answer| answer.status.is_success()).count();
        assert_eq!(succeeded, 1, "{round}: {one:?} {two:?}");
        let owners: i64 = sqlx::query_scalar(
            "select count(*) from workspace_members m join workspaces w on w.id = m.workspace_id and w.owner_id = m.user_id
             where w.id = $1::uuid and m.role = 'owner'",
        )
        .bind(&team)
        .fetch_one(&server.owner)
        .await
        .unwrap();
        assert_eq!(owners, 1, "the one who is left is its first owner");
    }
    server.remove().await;
}

#[tokio::test]
async fn ownership_is_transferred_to_a_member() {
    let server = Server::new().await;
    let (ada, bob, eve) =
        (server.sign_up("ada").await, server.sign_up("bob").await, server.sign_up("eve").await);
    let team = shared(&ada, "Team").await;
    join(&ada, &team, &bob, "bob@example.org", "viewer").await;
    let path = format!("/workspaces/{team}/transfer");
    let to = |person: &Person| json!({"user_id": person.id});
    bob.send(Method::POST, &path, &to(&bob)).await.refused(403, "forbidden");
    ada.send(Method::POST, &path, &to(&eve)).await.refused(404, "not_found");
    ada.send(Method::POST, &path, &to(&ada)).await.refused(422, "invalid_fields");
    let given = ada.send(Method::POST, &path, &to(&bob)).await.ok();
    assert_eq!((&given["owner_id"], &given["role"]), (&json!(bob.id), &json!("admin")));
    assert_eq!(bob.get(&format!("/workspaces/{team}")).await.ok()["role"], "owner");
    ada.send(Method::POST, &path, &to(&bob)).await.refused(403, "forbidden");
    server.remove().await;
}

#[tokio::test]
async fn a_removed_member_sees_nothing_more_at_once_and_their_projects_stay() {
    let server = Server::new().await;
    let (ada, bob) = (server.sign_up("ada").await, server.sign_up("bob").await);
    let team = shared(&ada, "Team").await;
    join(&ada, &team, &bob, "bob@example.org", "editor").await;
    let in_team = Person { workspace: team.parse().unwrap(), ..bob.clone() };
    let project = server.project(&in_team).await;
    server.happen(&in_team, project, 1).await;

    let mut stream = Stream::open(&bob, project, None).await;
    stream.next().await.unwrap();
    stream.next().await.unwrap();
    let mut socket = Socket::of(&server, &bob).await;
    socket.say(json!({"type": "subscribe", "project_id": project, "after": 2})).await;
    assert_eq!(socket.next().await["event"], "subscribed");

    assert_eq!(remove(&ada, &team, &bob).await.status, 204);
    // Long before the next sign of life, which would be after 20 s.
    assert_eq!(socket.next().await["event"], "unsubscribed");
    assert!(stream.next().await.is_none(), "the stream has ended");
    bob.get(&format!("/projects/{project}")).await.refused(404, "not_found");
    let kept: Value = ada.get(&format!("/projects/{project}")).await.ok();
    assert_eq!(kept["created_by"], json!(bob.id));
    server.remove().await;
}
