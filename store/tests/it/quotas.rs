//! Projects are counted as they are begun, and who has nearly used up theirs is told in the log.

use crate::database::{Database, pipeline};
use groundwork_domain::limits::Limits;
use groundwork_domain::quota::{Quota, QuotaUse};
use groundwork_domain::{ProjectId, Timestamp};
use groundwork_store::events;
use groundwork_store::project_writes::{self, Allowance, Creation, NewProject};
use uuid::Uuid;

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
