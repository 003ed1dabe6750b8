//! What is known of a person, for the person (R-19), and the closing of their account. What was closed is erased by
//! `shelving::erase_ended`, when it cannot be undone any more.

use crate::StoreError;
use groundwork_domain::{UserId, WorkspaceId};
use serde_json::Value;
use sqlx::PgConnection;

/// What is known of a person outside of any workspace: account, sessions, API tokens, other providers, what they were told by mail, memberships, invitations to
/// and by them.
///
/// # Errors
/// Postgres's own.
pub async fn account(conn: &mut PgConnection, user: UserId) -> Result<Value, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"select jsonb_build_object(
               'account', (select jsonb_build_object('id', id, 'email', email, 'name', name,
                                'email_verified_at', email_verified_at, 'mail_notices', mail_notices,
                                'projects_created', projects_created, 'last_login_at', last_login_at,
                                'created_at', created_at, 'updated_at', updated_at)
                           from users where id = $1),
               'sessions', (select coalesce(jsonb_agg(jsonb_build_object('id', id, 'created_at', created_at,
                                'expires_at', expires_at, 'revoked_at', revoked_at, 'user_agent', user_agent,
                                'ip', host(ip)) order by created_at), '[]')
                            from sessions where user_id = $1),
               'login_places', (select coalesce(jsonb_agg(jsonb_build_object('place', place, 'last_at', last_at)
                                    order by last_at), '[]')
                                from login_places where user_id = $1),
               'api_tokens', (select coalesce(jsonb_agg(jsonb_build_object('id', id, 'name', name, 'scopes', scopes,
                                  'created_at', created_at, 'expires_at', expires_at, 'last_used_at', last_used_at)
                                  order by created_at), '[]')
                              from api_tokens where user_id = $1),
               'identities', (select coalesce(jsonb_agg(jsonb_build_object('provider', provider, 'issuer', issuer,
                                  'subject', subject, 'email', email, 'created_at', created_at,
                                  'last_used_at', last_used_at) order by created_at), '[]')
                              from oauth_identities where user_id = $1),
               'provider_keys', (select coalesce(jsonb_agg(jsonb_build_object('provider', provider,
                                     'last_four', last_four, 'created_at', created_at, 'updated_at', updated_at)
                                     order by provider), '[]')
                                 from user_api_keys where user_id = $1),
               'notices', (select coalesce(jsonb_agg(jsonb_build_object('kind', kind, 'project_id', project_id,
                               'at', at, 'settled_at', settled_at, 'mailed', is_mailed) order by at, event_id), '[]')
                           from notices where user_id = $1),
               'memberships', (select coalesce(jsonb_agg(jsonb_build_object('workspace_id', m.workspace_id,
                                   'workspace', w.name, 'role', m.role, 'invited_by', m.invited_by,
                                   'invited_at', m.invited_at, 'joined_at', m.joined_at) order by m.joined_at), '[]')
                               from workspace_members m join workspaces w on w.id = m.workspace_id where m.user_id = $1),
               'invitations', (select coalesce(jsonb_agg(jsonb_build_object('id', invitation_id, 'workspace', place_name,
                                   'role', offered_role, 'invited_by', inviter, 'invited_at', invited_at)), '[]')
                               from my_invitations())
           ) as "known!""#,
        user.0
    )
    .fetch_one(conn)
    .await?)
}

/// Works in another workspace of the same person from here on.
///
/// # Errors
/// Postgres's own.
pub async fn enter(conn: &mut PgConnection, workspace: WorkspaceId) -> Result<(), StoreError> {
    sqlx::query!("select set_config('app.workspace_id', $1, true) as entered", workspace.to_string())
        .fetch_one(conn)
        .await?;
    Ok(())
}

/// What a person did and wrote in the transaction's workspace: projects that they created, what they said in projects, what
/// they answered, asked for, decided, wrote, commented, brought and took along, the keys, pipelines and budgets that they set, what the audit log says of them, what they used.
///
/// # Errors
/// Postgres's own.
pub async fn in_workspace(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    user: UserId,
) -> Result<Value, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"select jsonb_build_object(
               'workspace_id', $1::uuid,
               'projects', (select coalesce(jsonb_agg(jsonb_build_object('id', id, 'title', title, 'idea', idea,
                                'pipeline', pipeline_id, 'phase', phase, 'lifecycle', lifecycle,
                                'created_at', created_at) order by created_at), '[]')
                            from projects where workspace_id = $1 and created_by = $2),
               'messages', (select coalesce(jsonb_agg(jsonb_build_object('project_id', project_id, 'kind', kind,
                                'content', content, 'at', at) order by at), '[]')
                            from conversation_turns where workspace_id = $1 and user_id = $2),
               'answers', (select coalesce(jsonb_agg(jsonb_build_object('project_id', project_id, 'question', text,
                               'options', answer_options, 'text', answer_text, 'at', answered_at)
                               order by answered_at), '[]')
                           from questions where workspace_id = $1 and answered_by = $2),
               'refinements', (select coalesce(jsonb_agg(jsonb_build_object('project_id', project_id, 'target', target,
                                   'request', request, 'at', requested_at) order by requested_at), '[]')
                               from refinements where workspace_id = $1 and requested_by = $2),
               'documents', (select coalesce(jsonb_agg(jsonb_build_object('project_id', project_id, 'name', name,
                                 'version', version, 'content', content, 'at', generated_at) order by generated_at), '[]')
                             from artifacts where workspace_id = $1 and author_id = $2),
               'requests_decided', (select coalesce(jsonb_agg(jsonb_build_object('project_id', project_id, 'kind', kind,
                                        'gate', gate, 'status', status, 'asked', request_content,
                                        'said', response_content, 'at', decided_at) order by decided_at), '[]')
                                    from hitl_requests where workspace_id = $1 and decided_by = $2),
               'decisions', (select coalesce(jsonb_agg(jsonb_build_object('project_id', project_id, 'gate', gate,
                                 'decision', decision, 'digest', digest, 'role', role, 'comment', comment, 'at', at)
                                 order by at), '[]')
                             from gate_decisions where workspace_id = $1 and actor_id = $2),
               'comments', (select coalesce(jsonb_agg(jsonb_build_object('project_id', project_id,
                                'artifact_id', artifact_id, 'version', version, 'section', section,
                                'type', comment_type, 'text', text, 'at', created_at, 'edited_at', edited_at,
                                'deleted_at', deleted_at) order by created_at), '[]')
                            from comments where workspace_id = $1 and created_by = $2),
               'uploads', (select coalesce(jsonb_agg(jsonb_build_object('id', id, 'project_id', project_id,
                               'filename', filename, 'media_type', media_type, 'size_bytes', size_bytes,
                               'digest', digest, 'text', text, 'at', created_at) order by created_at), '[]')
                           from uploads where workspace_id = $1 and uploaded_by = $2),
               'exports', (select coalesce(jsonb_agg(jsonb_build_object('project_id', project_id, 'kind', kind,
                               'media_type', media_type, 'size_bytes', size_bytes, 'digest', digest, 'at', created_at)
                               order by created_at), '[]')
                           from exports where workspace_id = $1 and exported_by = $2),
               'workspace_provider_keys', (select coalesce(jsonb_agg(jsonb_build_object('provider', provider,
                                               'last_four', last_four, 'created_at', created_at,
                                               'updated_at', updated_at) order by provider), '[]')
                                           from workspace_api_keys where workspace_id = $1 and set_by = $2),
               'pipelines', (select coalesce(jsonb_agg(jsonb_build_object('id', id, 'version', version, 'title', title,
                                 'source', source, 'at', created_at) order by created_at), '[]')
                             from pipelines where workspace_id = $1 and created_by = $2),
               'budgets', (select coalesce(jsonb_agg(jsonb_build_object('project_id', project_id,
                               'tokens_max', tokens_max, 'usd_max', usd_max, 'at', updated_at) order by updated_at), '[]')
                           from budgets where workspace_id = $1 and set_by = $2),
               'audit', (select coalesce(jsonb_agg(jsonb_build_object('at', l.at, 'action', l.action,
                             'resource_type', l.resource_type, 'resource_id', l.resource_id, 'details', l.details,
                             'ip', host(o.ip), 'user_agent', o.user_agent) order by l.at), '[]')
                         from audit_logs l left join audit_origins o on o.audit_id = l.id
                         where l.workspace_id = $1 and l.user_id = $2),
               'usage', (select jsonb_build_object('calls', count(*), 'cost_usd', coalesce(sum(cost_usd), 0))
                         from usage_entries where workspace_id = $1 and user_id = $2)
           ) as "known!""#,
        workspace.0,
        user.0
    )
    .fetch_one(conn)
    .await?)
}

/// Closes an account: all sessions end, nobody signs in any more. The transaction runs as that person.
///
/// # Errors
/// Postgres's own.
pub async fn close_account(conn: &mut PgConnection, user: UserId) -> Result<(), StoreError> {
    sqlx::query!("update sessions set revoked_at = now() where user_id = $1 and revoked_at is null", user.0)
        .execute(&mut *conn)
        .await?;
    sqlx::query!(
        "update users set is_deleted = true, deleted_at = now(), updated_at = now() where id = $1",
        user.0
    )
    .execute(conn)
    .await?;
    Ok(())
}
