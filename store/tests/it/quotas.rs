//! Projects are counted as they are begun, and who has nearly used up theirs is told in the log.

use crate::database::{Database, machine, pipeline};
use groundwork_domain::command::Actor;
use groundwork_domain::event::{Cause, EventKind, Notice};
use groundwork_domain::limits::Limits;
use groundwork_domain::project::Project;
use groundwork_domain::publication::Publication;
use groundwork_domain::quota::{Quota, QuotaUse};
use groundwork_domain::{CommandId, ProjectId, Timestamp};
use groundwork_store::events;
use groundwork_store::project_writes::{self, Allowance, Creation, NewProject};
use groundwork_store::publish::publish;
use serde_json::json;
use uuid::Uuid;

/// A refinement that is done, and how many that makes.
fn refined(machine: &Project, used: u32, most: u32) -> Publication {
    let notice = Notice {
        kind: EventKind::RefinementCompleted,
        cause: Cause::Command {
            command_id: CommandId(Uuid::from_u128(used.into())),
            name: "refine".to_owned(),
        },
        item: None,
        actor: Actor::System,
        at: Timestamp(5_000),
        payload: json!({"section": "FR-001", "artifact": "spec", "version": 2}),
    };
    let mut publication = machine.publication(vec![notice], used);
    (publication.view.summary.refinements_used, publication.view.summary.refinements_max) = (used, most);
    publication
}

#[tokio::test]
async fn few_refinements_left_are_told_once() {
    let database = Database::new().await;
    let tenant = database.tenant().await;
    for (most, expected) in [
        (3, vec!["You have used 3 of 3 refinements."]),
        (5, vec!["You have used 4 of 5 refinements."]),
        (u32::MAX, vec![]),
    ] {
        let project = database.project(tenant).await;
        let machine = machine(tenant, project);
        for used in 1..=most.min(6) {
            let publication = refined(&machine, used, most);
            publish(&database.store, &publication).await.unwrap();
            publish(&database.store, &publication).await.unwrap();
        }
        let mut tx = database.store.tenant(tenant.workspace, tenant.user).await.unwrap();
        let log = events::page(&mut tx, project, 0, 100).await.unwrap();
        let near: Vec<_> = log.iter().filter(|event| event.kind == "limit_near").collect();
        let told: Vec<_> = near.iter().map(|event| event.payload["message"].as_str().unwrap()).collect();
        assert_eq!(told, expected, "of {most}");
        assert!(near.iter().all(|event| event.payload["limit"] == "refinements"));
    }
    database.remove().await;
}

#[tokio::test]
async fn the_last_projects_are_announced_once_and_one_more_is_refused() {
    let database = Database::new().await;
    let tenant = database.tenant().await;
    let (pipeline, limits) = (pipeline(), Limits::default());
    let allowance = Allowance { promptr: Some(3), total: Some(4), workspace: Some(9) };
    let mut made = Vec::new();
    for number in 1..=4 {
        let project_id = ProjectId(Uuid::new_v4());
        let new = NewProject {
            project_id,
            workspace_id: tenant.workspace,
            owner_id: tenant.user,
            has_own_title: true,
            title: "One more",
            project_type: "greenfield",
            idea: "An idea",
            pipeline: &pipeline,
            limits: &limits,
        };
        let mut tx = database.store.tenant(tenant.workspace, tenant.user).await.unwrap();
        let creation = project_writes::create(&mut tx, &new, allowance).await.unwrap();
        match creation {
            Creation::Stored { near } => {
                tx.commit().await.unwrap();
                made.push((project_id, near));
            }
            over => {
                let full = QuotaUse { quota: Quota::PromptrProjects, used: 3, most: 3 };
                assert_eq!((number, over), (4, Creation::LimitReached(full)));
            }
        }
    }
    // Two of three are less than four fifths; three of three and three of four: one is near.
    let near: Vec<_> = made.iter().map(|(_, near)| near.as_slice()).collect();
    let last = QuotaUse { quota: Quota::PromptrProjects, used: 3, most: 3 };
    assert_eq!(near, [&[][..], &[], &[last]]);

    let (project, near) = made.pop().unwrap();
    for _ in 0..2 {
        let mut tx = database.store.tenant(tenant.workspace, tenant.user).await.unwrap();
        events::limits_near(&mut tx, tenant.workspace, project, &near, Timestamp(0)).await.unwrap();
        tx.commit().await.unwrap();
    }
    let mut tx = database.store.tenant(tenant.workspace, tenant.user).await.unwrap();
    let log = events::page(&mut tx, project, 0, 10).await.unwrap();
    assert_eq!(log.len(), 1);
    assert_eq!((log[0].kind.as_str(), log[0].seq), ("limit_near", 1));
    assert_eq!(log[0].payload["message"], "You have used 3 of 3 projects of pipeline promptr.");
    drop(tx);
    database.remove().await;
}

#[tokio::test]
async fn a_workspace_is_full_whoever_fills_it() {
    let database = Database::new().await;
    let tenant = database.tenant().await;
    let (pipeline, limits) = (pipeline(), Limits::default());
    let allowance = Allowance { promptr: None, total: None, workspace: Some(2) };
    // Those of other people and other workspaces do not count, those of other people here do.
    let other = database.tenant().await;
    database.project(other).await;
    database.project(tenant).await;
    sqlx::query("update projects set created_by = $1 where created_by = $2")
        .bind(other.user.0)
        .bind(tenant.user.0)
        .execute(&database.owner)
        .await
        .unwrap();
    for (number, refused) in [(2, false), (3, true)] {
        let new = NewProject {
            project_id: ProjectId(Uuid::new_v4()),
            workspace_id: tenant.workspace,
            owner_id: tenant.user,
            title: "One more",
            project_type: "greenfield",
            has_own_title: false,
            idea: "An idea",
            pipeline: &pipeline,
            limits: &limits,
        };
        let mut tx = database.store.tenant(tenant.workspace, tenant.user).await.unwrap();
        let creation = project_writes::create(&mut tx, &new, allowance).await.unwrap();
        let full = QuotaUse { quota: Quota::WorkspaceProjects, used: 2, most: 2 };
        assert_eq!(creation == Creation::LimitReached(full), refused, "project {number}: {creation:?}");
        if !refused {
            tx.commit().await.unwrap();
        }
    }
    database.remove().await;
}
