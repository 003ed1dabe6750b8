//! People are told by mail that something waits for them or has ended (F-16), and can switch that off.

use crate::decisions::{feature_with, gate};
use crate::mailbox::{Mailbox, token};
use crate::members::{join, shared};
use crate::server::{IDEA, Person, Server};
use groundwork_domain::access::Role;
use groundwork_domain::event::EventKind;
use reqwest::Method;
use serde_json::json;

const NEEDED: &str = "Your projects need you";
const NEWS: &str = "News of your projects";

/// A server whose people have proven their addresses.
async fn with_mail(people: &[&str]) -> (Server, Mailbox, Vec<Person>) {
    let mailbox = Mailbox::new();
    let server = Server::with(|settings| {
        mailbox.receive(settings);
        settings.mail.notice_wait_s = 0;
        settings.mail.notice_pause_s = 0;
    })
    .await;
    let mut signed_in = Vec::new();
    for name in people {
        let person = server.sign_up(name).await;
        let address = format!("{name}@example.org");
        let link = token(&mailbox.wait(&address, crate::links::CONFIRM).await);
        let verified = server.post("/api/v1/auth/verify-email", &json!({"token": link})).await;
        assert_eq!(verified.status, 204);
        signed_in.push(person);
    }
    (server, mailbox, signed_in)
}

#[tokio::test]
async fn who_may_decide_is_told_where_and_nothing_of_the_idea() {
    let (server, mailbox, people) = with_mail(&["ada", "bob", "cy", "dot"]).await;
    let [ada, bob, cy, dot] = &people[..] else { panic!("four people") };
    let team = shared(ada, "Team").await;
    join(ada, &team, bob, "bob@example.org", "editor").await;
    join(ada, &team, cy, "cy@example.org", "viewer").await;
    join(ada, &team, dot, "dot@example.org", "editor").await;
    let off = dot.send(Method::PATCH, "/auth/me", &json!({"mail_notices": false})).await.ok();
    assert_eq!(off["mail_notices"], false);
    assert_eq!(dot.get("/auth/me").await.ok()["user"]["mail_notices"], false);
    assert_eq!(bob.get("/auth/me").await.ok()["user"]["mail_notices"], true);
    let renamed = dot.send(Method::PATCH, "/auth/me", &json!({"name": " Dorothy "})).await.ok();
    assert_eq!(
        (&renamed["name"], &renamed["mail_notices"]),
        (&json!("Dorothy"), &json!(false)),
        "the rest stays"
    );
    for name in ["", "  ", "a\u{0}b"] {
        dot.send(Method::PATCH, "/auth/me", &json!({"name": name})).await.refused(422, "invalid_fields");
    }

    let in_team = Person { workspace: team.parse().unwrap(), ..ada.clone() };
    let request = gate(Role::Editor, true);
    let project = feature_with(&server, &in_team, vec![request.clone()], &[EventKind::GateReady]).await;
    let mail = mailbox.wait("bob@example.org", NEEDED).await;
    assert!(mail.contains("A decision is needed in \"Gym\"."), "{mail}");
    assert!(mail.contains(&format!("<a href=\"http://groundwork.test/projects/{project}\">")), "{mail}");
    assert!(mail.contains("http://groundwork.test/settings/profile"), "{mail}");
    assert!(!mail.contains(IDEA) && !mail.contains("FR-001"), "{mail}");
    // Four eyes, a role that may not, and a switch that is off.
    let told = "select count(*) from notices where user_id <> $1";
    let others: i64 = sqlx::query_scalar(told).bind(bob.id.0).fetch_one(&server.owner).await.unwrap();
    assert_eq!(others, 0);

    // It ended: who began it is told.
    sqlx::query("update hitl_requests set status = 'approved'").execute(&server.owner).await.unwrap();
    sqlx::query("update projects set phase = 'completed'").execute(&server.owner).await.unwrap();
    server.tell(&in_team, project, EventKind::WorkflowCompleted).await;
    let mail = mailbox.wait("ada@example.org", NEWS).await;
    assert!(mail.contains("All is done in \"Gym\"."), "{mail}");
    assert_eq!(mailbox.all("bob@example.org", NEEDED).len(), 1, "told once");
    assert!(mailbox.all("bob@example.org", NEWS).is_empty());
    let known = bob.get("/users/me/export").await.ok();
    assert_eq!(known["person"]["notices"][0]["mailed"], true);
    server.remove().await;
}

#[tokio::test]
async fn a_burst_is_one_mail_whichever_replica_sends_it() {
    let mailbox = Mailbox::new();
    let server = Server::with(|settings| {
        mailbox.receive(settings);
        settings.mail.notice_wait_s = 3_600;
        settings.mail.notice_lines_max = 2;
    })
    .await;
    let ada = server.sign_up("ada").await;
    let link = token(&mailbox.wait("ada@example.org", crate::links::CONFIRM).await);
    server.post("/api/v1/auth/verify-email", &json!({"token": link})).await;
    for _ in 0..3 {
        feature_with(&server, &ada, vec![gate(Role::Editor, false)], &[EventKind::GateReady]).await;
    }
    server.replica().await;
    sqlx::query("update notices set created_at = now() - interval '2 hours'")
        .execute(&server.owner)
        .await
        .unwrap();
    let mail = mailbox.wait("ada@example.org", NEEDED).await;
    assert_eq!(mail.matches("<a href=").count(), 2, "{mail}");
    assert!(mail.contains("And 1 more."), "{mail}");
    let (waiting, mails): (i64, i64) = sqlx::query_as(
        "select (select count(*) from notices where settled_at is null),
            (select count(*) from mail_outbox where template = 'needed')",
    )
    .fetch_one(&server.owner)
    .await
    .unwrap();
    assert_eq!((waiting, mails), (0, 1));
    server.remove().await;
}
