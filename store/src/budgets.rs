//! Budgets of projects and workspaces. The ledger says what was used; what calls under way may still take is reserved in their rows.

use crate::calls::CallKey;
use crate::clean::{int, large, long};
use crate::{Store, StoreError};
use chrono::{DateTime, Utc};
use groundwork_domain::{ProjectId, UserId, WorkspaceId};
use rust_decimal::Decimal;
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// What a budget is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One project.
    Project(ProjectId),
    /// All projects of the transaction's workspace together.
    Workspace,
}

impl Scope {
    /// `project` or `workspace`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Project(_) => "project",
            Self::Workspace => "workspace",
        }
    }
}

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Tokens, read and written.
    Tokens,
    /// US dollars.
    Usd,
}

impl Measure {
    /// `tokens` or `usd`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::Usd => "usd",
        }
    }
}

/// The most that a call can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Most {
    /// Tokens read and written.
    pub tokens: u64,
    /// US dollars; none: the model has no price.
    pub cost_usd: Option<Decimal>,
}

/// The budget that a call does not fit into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Over {
    /// Whose budget.
    pub scope: Scope,
    /// What of it.
    pub measure: Measure,
    /// How much there may be.
    pub limit: Decimal,
    /// How much the ledger has.
    pub used: Decimal,
    /// How much other calls under way have reserved.
    pub reserved: Decimal,
    /// How much the call wanted.
    pub wanted: Decimal,
}

impl Over {
    /// Whether it would fit if nothing were reserved: then what others hold back may come free when their calls end.
    #[must_use]
    pub fn is_only_reserved(&self) -> bool {
        self.used + self.wanted <= self.limit
    }
}

/// Whether a call may be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reservation {
    /// It may: as long as it is leased it holds back the most that it can take. No budget is a budget without end.
    Reserved,
    /// It does not fit. Roll back: with the transaction goes the claim.
    OverBudget(Over),
    /// A limit in US dollars holds, and nobody knows what the call costs. Roll back.
    Unpriced(Over),
}

/// Reserves the most that a call can take, of its project's budget and of its workspace's. Called in the transaction that claimed the
/// call, right after `Claim::Yours`. Whoever reserves or changes a budget locks its row first, so that calls at once count each other.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn reserve(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    key: &CallKey,
    purchase: u32,
    most: &Most,
) -> Result<Reservation, StoreError> {
    let budgets = sqlx::query_as!(
        Locked,
        "select project_id, tokens_max, usd_max, allow_unpriced from budgets
         where workspace_id = $1 and (project_id = $2 or project_id is null)
         order by project_id nulls last for update",
        workspace.0,
        key.project_id.0,
    )
    .fetch_all(&mut *conn)
    .await?;
    for budget in &budgets {
        // A statement of its own, so that it sees what whoever had the lock before has committed.
        let taken = taken(&mut *conn, workspace, budget.project_id, Some(key)).await?;
        if let Some(refused) = budget.refuses(key.project_id, &taken, most) {
            return Ok(refused);
        }
    }
    // Also where there is no budget yet: one that is set while this call is under way counts it.
    sqlx::query!(
        "update model_calls set reserved_tokens = $6, reserved_usd = $7
         where project_id = $1 and stage = $2 and attempt = $3 and call_no = $4 and purchase = $5 and state = 'leased'",
        key.project_id.0,
        key.stage.0,
        int(key.attempt),
        int(key.call_no),
        int(purchase),
        long(most.tokens),
        most.cost_usd.unwrap_or_default(),
    )
    .execute(conn)
    .await?;
    Ok(Reservation::Reserved)
}

/// A budget's row, locked.
struct Locked {
    project_id: Option<Uuid>,
    tokens_max: Option<i64>,
    usd_max: Option<Decimal>,
    allow_unpriced: bool,
}

impl Locked {
    fn refuses(&self, project: ProjectId, taken: &Taken, most: &Most) -> Option<Reservation> {
        let scope = if self.project_id.is_some() { Scope::Project(project) } else { Scope::Workspace };
        let over =
            |measure, limit, used, reserved, wanted| Over { scope, measure, limit, used, reserved, wanted };
        if let Some(limit) = self.tokens_max.map(Decimal::from) {
            let (used, reserved, wanted) =
                (taken.tokens.into(), taken.reserved_tokens.into(), Decimal::from(most.tokens));
            if used + reserved + wanted > limit {
                return Some(Reservation::OverBudget(over(Measure::Tokens, limit, used, reserved, wanted)));
            }
        }
        let limit = self.usd_max?;
        let (used, reserved) = (taken.usd, taken.reserved_usd);
        match most.cost_usd {
            None if self.allow_unpriced => None,
            None => Some(Reservation::Unpriced(over(Measure::Usd, limit, used, reserved, Decimal::ZERO))),
            Some(wanted) if used + reserved + wanted > limit => {
                Some(Reservation::OverBudget(over(Measure::Usd, limit, used, reserved, wanted)))
            }
            Some(_) => None,
        }
    }
}

/// What of a budget is gone, or held back.
struct Taken {
    tokens: i64,
    usd: Decimal,
    reserved_tokens: i64,
    reserved_usd: Decimal,
}

/// Sums of the projects are raised in the transactions that write the ledger. A lease that ran out a minute ago reserves nothing: whoever
/// takes the call over reserves anew.
async fn taken(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    project: Option<Uuid>,
    but: Option<&CallKey>,
) -> Result<Taken, StoreError> {
    let stage = but.map(|key| key.stage.0.clone());
    Ok(sqlx::query_as!(
        Taken,
        r#"select used.tokens as "tokens!", used.usd as "usd!", held.tokens as "reserved_tokens!", held.usd as "reserved_usd!"
           from (select coalesce(sum(input_tokens + output_tokens), 0)::bigint as tokens, coalesce(sum(cost_usd), 0) as usd
                 from projects where workspace_id = $1 and ($2::uuid is null or id = $2)) as used,
                (select coalesce(sum(reserved_tokens), 0)::bigint as tokens, coalesce(sum(reserved_usd), 0) as usd
                 from model_calls
                 where workspace_id = $1 and ($2::uuid is null or project_id = $2) and state = 'leased'
                   and lease_until > clock_timestamp() - interval '1 minute'
                   and not ($3::uuid is not null and project_id = $3 and stage = $4 and attempt = $5 and call_no = $6)) as held"#,
        workspace.0,
        project,
        but.map(|key| key.project_id.0),
        stage,
        but.map(|key| int(key.attempt)),
        but.map(|key| int(key.call_no)),
    )
    .fetch_one(conn)
    .await?)
}

/// A budget with what of it is used.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Budget {
    /// `project` or `workspace`.
    #[schema(value_type = String)]
    pub scope: &'static str,
    /// Tokens that may be read and written; none: any number.
    pub tokens_max: Option<u64>,
    /// US dollars that may be spent; none: any amount.
    pub usd_max: Option<Decimal>,
    /// Whether models without a price may be called under a limit in US dollars.
    pub allow_unpriced: bool,
    /// Tokens that were used.
    pub tokens_used: u64,
    /// US dollars that were spent.
    pub usd_used: Decimal,
    /// Tokens that calls under way may still use.
    pub tokens_reserved: u64,
    /// US dollars that calls under way may still cost.
    pub usd_reserved: Decimal,
    /// Who set it last; none: nobody set one.
    pub set_by: Option<Uuid>,
    /// When.
    pub set_at: Option<DateTime<Utc>>,
}

/// The budget of a project or of a workspace; without limits where nobody set one.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn show(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    scope: Scope,
) -> Result<Budget, StoreError> {
    let project = project_of(scope);
    let row = sqlx::query!(
        "select tokens_max, usd_max, allow_unpriced, set_by, updated_at from budgets where scope_id = $1",
        project.unwrap_or(workspace.0),
    )
    .fetch_optional(&mut *conn)
    .await?;
    let taken = taken(conn, workspace, project, None).await?;
    let (tokens_max, usd_max) = row.as_ref().map_or((None, None), |row| (row.tokens_max, row.usd_max));
    Ok(Budget {
        scope: scope.as_str(),
        tokens_max: tokens_max.map(large),
        usd_max: usd_max.map(|usd| usd.normalize()),
        allow_unpriced: row.as_ref().is_some_and(|row| row.allow_unpriced),
        tokens_used: large(taken.tokens),
        usd_used: taken.usd.normalize(),
        tokens_reserved: large(taken.reserved_tokens),
        usd_reserved: taken.reserved_usd.normalize(),
        set_by: row.as_ref().and_then(|row| row.set_by),
        set_at: row.map(|row| row.updated_at),
    })
}

/// What a budget may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// Tokens; none: any number.
    pub tokens_max: Option<u64>,
    /// US dollars; none: any amount.
    pub usd_max: Option<Decimal>,
    /// Whether models without a price may be called under a limit in US dollars.
    pub allow_unpriced: bool,
}

/// Sets a budget; without any limit it is taken away.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn set(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    scope: Scope,
    allowed: Allowed,
    by: UserId,
) -> Result<(), StoreError> {
    let project = project_of(scope);
    let scope_id = project.unwrap_or(workspace.0);
    if allowed.tokens_max.is_none() && allowed.usd_max.is_none() {
        sqlx::query!("delete from budgets where scope_id = $1", scope_id).execute(conn).await?;
        return Ok(());
    }
    sqlx::query!(
        "insert into budgets (scope_id, workspace_id, project_id, tokens_max, usd_max, allow_unpriced, set_by)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (scope_id) do update
         set tokens_max = excluded.tokens_max, usd_max = excluded.usd_max, allow_unpriced = excluded.allow_unpriced,
             set_by = excluded.set_by, updated_at = now()",
        scope_id,
        workspace.0,
        project,
        allowed.tokens_max.map(long),
        allowed.usd_max,
        allowed.allow_unpriced,
        by.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Projects of the workspace that a change of a budget concerns: those that are parked on one, and those at work, whose word that a
/// budget is used up may be on its way.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn concerned(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
) -> Result<Vec<ProjectId>, StoreError> {
    let concerned = sqlx::query_scalar!(
        "select id from projects
         where workspace_id = $1 and lifecycle = 'active' and (waiting_for = 'budget' or phase = 'working')
         order by waiting_for is distinct from 'budget', id limit 500",
        workspace.0,
    )
    .fetch_all(conn)
    .await?;
    Ok(concerned.into_iter().map(ProjectId).collect())
}

/// A project that has not heard yet that its budget was changed.
#[derive(Clone, Copy, Debug)]
pub struct Raised {
    /// The project.
    pub project_id: ProjectId,
    /// Its tenant.
    pub workspace_id: WorkspaceId,
    /// When the budget was changed.
    pub changed_at: DateTime<Utc>,
}

/// Projects of all workspaces that are parked on a budget which was changed since.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn raised(store: &Store, rows_max: u32) -> Result<Vec<Raised>, StoreError> {
    let rows = sqlx::query!(
        r#"select project as "project!", place as "place!", changed_at as "changed_at!" from budgets_raised($1)"#,
        int(rows_max),
    )
    .fetch_all(store.pool())
    .await?;
    let raised = rows.into_iter().map(|row| Raised {
        project_id: ProjectId(row.project),
        workspace_id: WorkspaceId(row.place),
        changed_at: row.changed_at,
    });
    Ok(raised.collect())
}

fn project_of(scope: Scope) -> Option<Uuid> {
    match scope {
        Scope::Project(project) => Some(project.0),
        Scope::Workspace => None,
    }
}
