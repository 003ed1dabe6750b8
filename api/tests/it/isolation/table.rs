//! Who may do what over HTTP. A new route needs one line here.

use Access::{Member, Open, Operator, Person};
use groundwork_domain::access::Permission::{self, *};

/// Who gets past the door of a route.
#[derive(Clone, Copy, Debug)]
pub(super) enum Access {
    /// Anybody; who shows nothing and sends the row's body gets this status.
    Open(u16),
    /// Whoever is signed in, about themselves. An id in the path is another person's, so it is not found.
    Person,
    /// Operators of the installation only; the people here are none.
    Operator,
    /// Members of the workspace that the path's ids belong to, whose role may do this.
    Member(Permission),
}

/// Method, path (under `/api/v1`), who, and a body that the route would take: JSON, or nothing. Names in braces are ids of the
/// workspace that is asked about; `place.rs` knows them.
pub(super) type Row = (&'static str, &'static str, Access, &'static str);

#[rustfmt::skip]
pub(super) const TABLE: &[Row] = &[
    ("GET", "/health", Open(200), ""),
    ("GET", "/healthz", Open(200), ""),
    ("GET", "/openapi.json", Open(200), ""),
    ("GET", "/ws", Open(426), ""),
    ("POST", "/auth/login", Open(422), "{}"),
    ("POST", "/auth/register", Open(422), "{}"),
    ("POST", "/auth/signup", Open(422), "{}"),
    ("POST", "/auth/refresh", Open(401), "{}"),
    ("POST", "/auth/2fa/verify", Open(401), r#"{"code": "123456"}"#),
    ("GET", "/.well-known/jwks.json", Open(200), ""),
    ("POST", "/auth/verify-email/send", Open(422), "{}"),
    ("POST", "/auth/verify-email", Open(400), r#"{"token": "x"}"#),
    ("POST", "/auth/password/reset", Open(422), "{}"),
    ("POST", "/auth/password/reset/confirm", Open(400), r#"{"token": "x", "password": "a new password"}"#),
    ("POST", "/auth/magic-link", Open(422), "{}"),
    ("POST", "/auth/verify-magic-link", Open(400), r#"{"token": "x"}"#),
    ("POST", "/auth/email/change/confirm", Open(400), r#"{"token": "x"}"#),
    ("GET", "/auth/oauth", Open(200), ""),
    ("GET", "/auth/oauth/{provider}/start", Open(404), ""),
    ("GET", "/auth/oauth/{provider}/callback", Open(404), ""),
    ("POST", "/auth/oauth/exchange", Open(400), r#"{"code": "x"}"#),

    ("POST", "/auth/logout", Person, ""),
    ("GET", "/auth/me", Person, ""),
    ("GET", "/auth/sessions", Person, ""),
    ("DELETE", "/auth/sessions", Person, ""),
    ("DELETE", "/auth/sessions/{session_id}", Person, ""),
    ("POST", "/auth/password/change", Person, "{}"),
    ("GET", "/auth/2fa", Person, ""),
    ("POST", "/auth/2fa/enable", Person, "{}"),
    ("POST", "/auth/2fa/disable", Person, "{}"),
    ("POST", "/auth/2fa/recovery-codes", Person, "{}"),
    ("POST", "/auth/email/change", Person, "{}"),
    ("POST", "/auth/oauth/{provider}/link", Person, ""),
    ("GET", "/users/me/identities", Person, ""),
    ("DELETE", "/users/me/identities/{provider}", Person, ""),
    ("GET", "/users/me/tokens", Person, ""),
    ("POST", "/users/me/tokens", Person, r#"{"name": "x", "scopes": ["projects:read"]}"#),
    ("DELETE", "/users/me/tokens/{token_id}", Person, ""),
    ("GET", "/users/me/stats", Person, ""),
    ("GET", "/projects", Person, ""),
    ("POST", "/projects", Person, r#"{"idea": "x"}"#),

    ("GET", "/users/me/export", Person, ""),
    ("DELETE", "/users/me", Person, r#"{"password": "x"}"#),

    ("GET", "/admin/workspaces", Operator, ""),
    ("PUT", "/admin/workspaces/{workspace_id}/plan", Operator, r#"{"plan_tier": "paid"}"#),
    ("GET", "/admin/health", Operator, ""),
    ("POST", "/admin/users/{user_id}/restore", Operator, ""),

    ("GET", "/invitations", Person, ""),
    ("POST", "/invitations/{invitation_id}/accept", Person, ""),
    ("POST", "/invitations/{invitation_id}/decline", Person, ""),
    ("GET", "/workspaces", Person, ""),
    ("POST", "/workspaces", Person, r#"{"name": "x"}"#),
    ("GET", "/workspaces/{workspace_id}", Member(ReadWorkspace), ""),
    ("PATCH", "/workspaces/{workspace_id}", Member(UpdateWorkspace), r#"{"name": "x"}"#),
    ("DELETE", "/workspaces/{workspace_id}", Member(DeleteWorkspace), ""),
    ("POST", "/workspaces/{workspace_id}/archive", Member(ArchiveWorkspace), ""),
    ("POST", "/workspaces/{workspace_id}/restore", Member(DeleteWorkspace), ""),
    ("POST", "/workspaces/{workspace_id}/transfer", Member(TransferOwnership), r#"{"user_id": "{member_id}"}"#),
    ("GET", "/workspaces/{workspace_id}/members", Member(ReadWorkspace), ""),
    ("POST", "/workspaces/{workspace_id}/members", Member(ManageMembers), r#"{"email": "new@example.org", "role": "viewer"}"#),
    ("PATCH", "/workspaces/{workspace_id}/members/{member_id}", Member(ManageMembers), r#"{"role": "editor"}"#),
    ("DELETE", "/workspaces/{workspace_id}/members/{member_id}", Member(LeaveWorkspace), ""),
    ("GET", "/workspaces/{workspace_id}/invitations", Member(ManageMembers), ""),
    ("DELETE", "/workspaces/{workspace_id}/invitations/{invitation_id}", Member(ManageMembers), ""),
    ("GET", "/workspaces/{workspace_id}/audit", Member(ReadAudit), ""),
    ("GET", "/workspaces/{workspace_id}/audit/export", Member(ReadAudit), ""),
    ("GET", "/workspaces/{workspace_id}/usage", Member(ReadUsage), ""),
    ("GET", "/workspaces/{workspace_id}/projects", Member(ReadProject), ""),
    ("POST", "/workspaces/{workspace_id}/projects", Member(CreateProject), r#"{"idea": "x"}"#),

    ("GET", "/artifacts/{artifact_id}", Member(ReadProject), ""),
    ("GET", "/projects/{project_id}", Member(ReadProject), ""),
    ("PATCH", "/projects/{project_id}", Member(UpdateProject), r#"{"title": "x"}"#),
    ("DELETE", "/projects/{project_id}", Member(DeleteProject), ""),
    ("POST", "/projects/{project_id}/answers", Member(WorkOnProject), r#"{"question_id": "Q1", "text": "x"}"#),
    ("POST", "/projects/{project_id}/archive", Member(ArchiveProject), ""),
    ("POST", "/projects/{project_id}/restore", Member(ArchiveProject), ""),
    ("GET", "/projects/{project_id}/artifacts", Member(ReadProject), ""),
    ("POST", "/projects/{project_id}/cancel", Member(WorkOnProject), ""),
    ("POST", "/projects/{project_id}/commands", Member(WorkOnProject), r#"{"command": "cancel"}"#),
    ("GET", "/projects/{project_id}/conversation", Member(ReadProject), ""),
    ("GET", "/projects/{project_id}/events", Member(ReadProject), ""),
    ("POST", "/projects/{project_id}/export", Member(ExportProject), ""),
    ("GET", "/projects/{project_id}/findings", Member(ReadProject), ""),
    ("POST", "/projects/{project_id}/pause", Member(WorkOnProject), ""),
    ("GET", "/projects/{project_id}/prompts", Member(ReadProject), ""),
    ("PATCH", "/projects/{project_id}/prompts/{number}/checklist", Member(WorkOnProject), r#"{"items": [{"position": 0, "checked": true}]}"#),
    ("GET", "/projects/{project_id}/questions", Member(ReadProject), ""),
    ("POST", "/projects/{project_id}/refine", Member(WorkOnProject), r#"{"refinement_request": "x", "target_section": "FR-001"}"#),
    ("PATCH", "/projects/{project_id}/respond", Member(WorkOnProject), r#"{"answers": [{"question_id": "Q1", "text": "x"}]}"#),
    ("POST", "/projects/{project_id}/resume", Member(WorkOnProject), ""),
    ("POST", "/projects/{project_id}/retry", Member(WorkOnProject), ""),
];

/// What who is let in gets where it is not 200: the status, and a problem's code. There is no engine behind these tests, and the
/// bodies of some rows go no further than the first check.
#[rustfmt::skip]
pub(super) const LET_IN: &[(&str, &str, u16, &str)] = &[
    ("POST", "/auth/logout", 204, ""),
    ("POST", "/auth/password/change", 422, "invalid_body"),
    ("POST", "/auth/2fa/enable", 422, "invalid_body"),
    ("POST", "/auth/2fa/disable", 422, "invalid_body"),
    ("POST", "/auth/2fa/recovery-codes", 422, "invalid_body"),
    ("POST", "/auth/email/change", 422, "invalid_body"),
    ("POST", "/users/me/tokens", 201, ""),
    ("POST", "/projects", 503, "engine_unavailable"),
    ("DELETE", "/users/me", 422, "invalid_fields"),
    ("POST", "/workspaces", 201, ""),
    ("POST", "/workspaces/{workspace_id}/restore", 409, "wrong_state"),
    ("POST", "/workspaces/{workspace_id}/members", 201, ""),
    ("DELETE", "/workspaces/{workspace_id}/members/{member_id}", 204, ""),
    ("DELETE", "/workspaces/{workspace_id}/invitations/{invitation_id}", 204, ""),
    ("POST", "/workspaces/{workspace_id}/projects", 503, "engine_unavailable"),
    ("DELETE", "/projects/{project_id}", 503, "engine_unavailable"),
    ("POST", "/projects/{project_id}/answers", 503, "engine_unavailable"),
    ("POST", "/projects/{project_id}/archive", 503, "engine_unavailable"),
    ("POST", "/projects/{project_id}/restore", 503, "engine_unavailable"),
    ("POST", "/projects/{project_id}/cancel", 503, "engine_unavailable"),
    ("POST", "/projects/{project_id}/commands", 503, "engine_unavailable"),
    ("POST", "/projects/{project_id}/pause", 503, "engine_unavailable"),
    ("POST", "/projects/{project_id}/refine", 503, "engine_unavailable"),
    ("PATCH", "/projects/{project_id}/respond", 503, "engine_unavailable"),
    ("POST", "/projects/{project_id}/resume", 503, "engine_unavailable"),
    ("POST", "/projects/{project_id}/retry", 503, "engine_unavailable"),
];
