-- Uploads that are over, and what was exported (O-26).

-- From then on the file may go, unless its project is in use; null: it stays as long as the project.
alter table uploads add column expires_at timestamptz;
create index uploads_expiry on uploads (expires_at) where expires_at is not null;

-- What left the installation: who took what along, when. The bytes are not kept: the same project gives them again, and the digest says
-- whether they are the same.
create table exports (
    id           uuid        primary key,
    workspace_id uuid        not null,
    project_id   uuid        not null,
    exported_by  uuid        not null,
    -- Which download it was.
    kind         text        not null check (kind in ('package', 'files', 'bundle')),
    media_type   text        not null check (char_length(media_type) <= 100),
    size_bytes   bigint      not null check (size_bytes >= 0),
    digest       text        not null check (is_digest(digest)),
    created_at   timestamptz not null default now(),
    -- When this row goes.
    expires_at   timestamptz not null,
    foreign key (workspace_id, project_id) references projects (workspace_id, id)
);
create index exports_project on exports (project_id, created_at desc);
create index exports_expiry on exports (expires_at);
alter table exports enable row level security;
alter table exports force row level security;
create policy tenant on exports to groundwork_app
    using (workspace_id = current_workspace()) with check (workspace_id = current_workspace());
create policy definer_all on exports to groundwork_definer using (true) with check (true);
grant select, insert on exports to groundwork_app;
grant select, delete on exports to groundwork_definer;

grant create on schema public to groundwork_definer;

-- Takes away files whose time is over and whose project is put away or deleted, and what is known of old exports; some at a time.
create function uploads_swept(at_most integer) returns bigint
    language sql volatile security definer set search_path = pg_catalog, public
    as $$
    with old_uploads as (
        delete from public.uploads where id in (
            select u.id from public.uploads u join public.projects p on p.id = u.project_id
            where u.expires_at < now() and p.lifecycle <> 'active'
            order by u.expires_at limit at_most for update of u skip locked)
        returning 1
    ), old_exports as (
        delete from public.exports where id in (
            select id from public.exports where expires_at < now() order by expires_at limit at_most for update skip locked)
        returning 1
    )
    select (select count(*) from old_uploads) + (select count(*) from old_exports)
    $$;
grant update (expires_at) on uploads, exports to groundwork_definer; -- to lock them

create or replace function erase_project(wanted uuid) returns void
    language sql volatile security definer set search_path = pg_catalog, public
    as $$
    delete from public.notices where project_id = wanted;
    delete from public.exports where project_id = wanted;
    delete from public.stream_tail where project_id = wanted;
    delete from public.prompt_checks where project_id = wanted;
    delete from public.prompts where project_id = wanted;
    delete from public.findings where project_id = wanted;
    delete from public.comments where project_id = wanted;
    delete from public.uploads where project_id = wanted;
    delete from public.gate_decisions where project_id = wanted;
    delete from public.hitl_requests where project_id = wanted;
    delete from public.artifacts where project_id = wanted;
    delete from public.refinements where project_id = wanted;
    delete from public.questions where project_id = wanted;
    delete from public.conversation_turns where project_id = wanted;
    delete from public.model_calls where project_id = wanted;
    delete from public.stage_results where project_id = wanted;
    delete from public.stage_failures where project_id = wanted;
    delete from public.troubles where project_id = wanted;
    delete from public.tasks where project_id = wanted;
    delete from public.budgets where project_id = wanted;
    update public.events set payload = '{}' where project_id = wanted;
    update public.projects
    set title = 'Erased', idea = '-', idea_digest = encode(sha256('-'), 'hex'), settings = '{}', template = null,
        summary = null, failure = null, snapshot = null, lifecycle = 'deleted', workflow_state = 'closed',
        deleted_at = coalesce(deleted_at, now()), erased_at = now()
    where id = wanted;
    $$;

alter function uploads_swept(integer) owner to groundwork_definer;
revoke all on function uploads_swept(integer) from public;
grant execute on function uploads_swept(integer) to groundwork_app;

revoke create on schema public from groundwork_definer;
