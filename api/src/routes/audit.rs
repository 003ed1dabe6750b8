//! The audit log of a workspace, for those who administer it: page by page, or whole as a file.

use super::cursor;
use super::projects::page_limit;
use crate::access;
use crate::app::App;
use crate::auth::CurrentUser;
use crate::extract::{Path, Query};
use crate::live::rfc3339;
use crate::openapi::ReadProblems;
use crate::problem::{ApiError, ApiResult};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::stream;
use groundwork_domain::WorkspaceId;
use groundwork_domain::access::Permission;
use groundwork_store::StoreError;
use groundwork_store::audit::{self, AuditFilter, AuditItem};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Entries that an export reads at once.
const EXPORT_ROWS: i64 = 500;
const CSV_HEAD: &str = "id,at,user_id,action,resource_type,resource_id,details,ip,user_agent\r\n";

/// Which entries.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// Only what this person did.
    user: Option<Uuid>,
    /// Only this action, `member.invited`.
    action: Option<String>,
    /// Only from this instant on.
    from: Option<DateTime<Utc>>,
    /// Only before this instant.
    to: Option<DateTime<Utc>>,
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of the page: 1 to 100, 20 when not said.
    limit: Option<u32>,
}

/// In which form.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FormQuery {
    /// `ndjson` (one object a line; when not said) or `csv`.
    format: Option<String>,
}

/// A page of the audit log, the latest entries first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditPage {
    /// The entries.
    items: Vec<AuditItem>,
    /// Where the next page begins; none: this is the last one.
    next_cursor: Option<String>,
    /// The most rows that this page could have had.
    limit: u32,
}

/// Who did what, when and from where.
#[utoipa::path(get, operation_id = "list_audit", path = "/workspaces/{workspace_id}/audit", tag = "workspaces",
    params(("workspace_id" = Uuid, Path), AuditQuery, PageQuery), security(("bearer" = [])),
    responses((status = OK, body = AuditPage), ReadProblems))]
pub(crate) async fn list(
    State(app): State<App>,
    user: CurrentUser,
    Path(workspace): Path<WorkspaceId>,
    Query(query): Query<AuditQuery>,
    Query(page): Query<PageQuery>,
) -> ApiResult<Json<AuditPage>> {
    let limit = page_limit(&app, page.limit)?;
    let after = page.cursor.as_deref().map(cursor::read).transpose()?;
    let (mut tx, _) = access::workspace(&app, user, workspace, Permission::ReadAudit).await?;
    let filter = query.filter(after, i64::from(limit) + 1);
    let mut items = audit::page(&mut tx, workspace, &filter).await?;
    let has_more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next_cursor = items.last().filter(|_| has_more).map(|last| cursor::of(last.at, last.id));
    Ok(Json(AuditPage { items, next_cursor, limit }))
}

/// All that the filter finds, as a file, the latest entries first.
#[utoipa::path(get, operation_id = "export_audit", path = "/workspaces/{workspace_id}/audit/export", tag = "workspaces",
    params(("workspace_id" = Uuid, Path), AuditQuery, FormQuery), security(("bearer" = [])),
    responses((status = OK, description = "The entries, streamed",
        content((String = "application/x-ndjson"), (String = "text/csv"))), ReadProblems))]
pub(crate) async fn export(
    State(app): State<App>,
    user: CurrentUser,
    Path(workspace): Path<WorkspaceId>,
    Query(query): Query<AuditQuery>,
    Query(form): Query<FormQuery>,
) -> ApiResult<Response> {
    let form = match form.format.as_deref() {
        None | Some("ndjson") => Form::Ndjson,
        Some("csv") => Form::Csv,
        Some(_) => return Err(ApiError::bad_request("invalid_query", "format is ndjson or csv.")),
    };
    drop(access::workspace(&app, user, workspace, Permission::ReadAudit).await?);
    let (content_type, name) = match form {
        Form::Ndjson => ("application/x-ndjson", "attachment; filename=\"audit.ndjson\""),
        Form::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"audit.csv\""),
    };
    let reading = Reading { app, user, workspace, query, form, place: Place::Begin };
    let body = Body::from_stream(stream::try_unfold(reading, Reading::next));
    let headers = [(header::CONTENT_TYPE, content_type), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, body).into_response())
}

#[derive(Clone, Copy, Debug)]
enum Form {
    Ndjson,
    Csv,
}

/// How far an export is.
enum Place {
    Begin,
    After(DateTime<Utc>, Uuid),
    End,
}

/// An export that is under way: a page at a time, each in a transaction of its own, so that a slow client holds none.
struct Reading {
    app: App,
    user: CurrentUser,
    workspace: WorkspaceId,
    query: AuditQuery,
    form: Form,
    place: Place,
}

impl Reading {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, StoreError> {
        let (after, mut text) = match (&self.place, self.form) {
            (Place::End, _) => return Ok(None),
            (Place::Begin, Form::Csv) => (None, CSV_HEAD.to_owned()),
            (Place::Begin, Form::Ndjson) => (None, String::new()),
            (Place::After(at, id), _) => (Some((*at, *id)), String::new()),
        };
        let mut tx = self.app.store.tenant(self.workspace, self.user.id).await?;
        let filter = self.query.filter(after, EXPORT_ROWS);
        let items = audit::page(&mut tx, self.workspace, &filter).await?;
        drop(tx);
        for item in &items {
            match self.form {
                Form::Ndjson => {
                    text.push_str(&serde_json::to_string(item).unwrap_or_default());
                    text.push('\n');
                }
                Form::Csv => text.push_str(&csv_line(item)),
            }
        }
        self.place = match items.last() {
            Some(last) if items.len() as i64 == EXPORT_ROWS => Place::After(last.at, last.id),
            Some(_) | None => Place::End,
        };
        Ok(Some((Bytes::from(text), self)))
    }
}

impl AuditQuery {
    fn filter(&self, after: Option<(DateTime<Utc>, Uuid)>, rows_max: i64) -> AuditFilter<'_> {
        AuditFilter {
            user: self.user,
            action: self.action.as_deref(),
            // PostgreSQL's timestamps begin 4713 BC; nothing here is older than this product.
            from: self.from.map(|at| at.max(DateTime::UNIX_EPOCH)),
            to: self.to.map(|at| at.max(DateTime::UNIX_EPOCH)),
            after,
            rows_max,
        }
    }
}

fn csv_line(item: &AuditItem) -> String {
    let fields = [
        item.id.to_string(),
        rfc3339(item.at),
        item.user_id.map(|id| id.to_string()).unwrap_or_default(),
        item.action.clone(),
        item.resource_type.clone(),
        item.resource_id.clone(),
        item.details.to_string(),
        item.ip.clone().unwrap_or_default(),
        item.user_agent.clone().unwrap_or_default(),
    ];
    format!("{}\r\n", fields.map(|field| csv_field(&field)).join(","))
}

/// Quoted; what a spreadsheet would take for a formula (a client names itself as it likes) is kept from being one.
fn csv_field(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_quoted_and_no_formula() {
        assert_eq!(csv_field("a \"b\", c"), "\"a \"\"b\"\", c\"");
        assert_eq!(csv_field("=1+1"), "\"'=1+1\"");
    }
}
