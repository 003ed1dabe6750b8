-- What people decide and write: gates and requests to people, versions that a person wrote, comments, uploads, own pipelines; and what
-- operators see of all of it.

-- A version that a person wrote. It is stored before the command that names it; current it becomes through publish, like any other.
alter table artifacts
    add column author_id    uuid,
    add column command_id   uuid,
    -- The version that it was made from.
    add column base_version integer check (base_version > 0);
create unique index artifacts_by_command on artifacts (project_id, command_id) where command_id is not null;

-- Who named a project last: a person's name is never replaced by an agent's.
alter table projects
    add column titled_by text not null default 'idea' check (titled_by in ('idea', 'agent', 'person'));

alter table tasks drop constraint tasks_status_check;
alter table tasks add constraint tasks_status_check check (status in ('pending', 'working', 'waiting_for_input',
    'waiting_for_hitl', 'waiting_for_approval', 'completed', 'failed', 'superseded', 'cancelled'));
alter table questions drop constraint questions_state_check;
alter table questions add constraint questions_state_check check (state in ('open', 'answered', 'deferred', 'superseded'));

-- Everything that waits, or waited, for a person's decision: gates, and what agents ask in the middle of their work (O-07).
create table hitl_requests (
    id               uuid        primary key,
    workspace_id     uuid        not null,
    project_id       uuid        not null,
    kind             text        not null check (kind in ('gate', 'question')),
    -- What decisions name: the gate, or the stage that asks.
    gate             text        not null,
    stage            text        not null,
    attempt          integer     not null check (attempt > 0),
    -- What decisions must name as read: the artifact's, or that of the question.
    digest           text        not null check (is_digest(digest)),
    artifact_name    text,
    artifact_version integer,
    request_content  text        not null default '',
    status           text        not null default 'pending' check (status in ('pending', 'approved', 'rejected', 'amended',
                                     'superseded', 'expired')),
    role_least       text        not null default 'editor' check (role_least in ('viewer', 'editor', 'admin', 'owner')),
    approvals_needed integer     not null default 1 check (approvals_needed > 0),
    -- [{actor, user_id, role, at}]
    approvals        jsonb       not null default '[]',
    four_eyes        boolean     not null default false,
    operators        boolean     not null default false,
    deadline_at      timestamptz,
    reminded_at      timestamptz,
    escalated_at     timestamptz,
    -- The alignment reviewer's advice: never binding.
    recommendation   text        check (recommendation in ('approve', 'revise')),
    reason           text,
    response_content text,
    -- Null: an operator, or the state machine itself.
    decided_by       uuid,
    decided_at       timestamptz,
    created_at       timestamptz not null,
    updated_at       timestamptz not null default now(),
    foreign key (workspace_id, project_id) references projects (workspace_id, id)
);
create index hitl_requests_project on hitl_requests (project_id, created_at);
create index hitl_requests_pending on hitl_requests (workspace_id, created_at) where status = 'pending';

-- Every decision that was taken, with what was read: who, as what, on which digest.
create table gate_decisions (
    workspace_id     uuid        not null,
    project_id       uuid        not null,
    command_id       uuid        not null,
    request_id       uuid        not null,
    gate             text        not null,
    digest           text        not null check (is_digest(digest)),
    decision         text        not null check (decision in ('approve', 'amend', 'request_changes', 'reject')),
    comment          text,
    role             text,
    actor            text        not null check (actor in ('user', 'operator', 'system')),
    actor_id         uuid,
    at               timestamptz not null,
    primary key (project_id, command_id),
    foreign key (workspace_id, project_id) references projects (workspace_id, id)
);
create index gate_decisions_request on gate_decisions (request_id, at);

create table comments (
    id           uuid        primary key,
    workspace_id uuid        not null,
    project_id   uuid        not null,
    artifact_id  uuid        not null,
    -- What was read when it was written.
    version      integer     not null check (version > 0),
    digest       text        not null check (is_digest(digest)),
    section      text        check (char_length(section) between 1 and 200),
    comment_type text        not null check (comment_type in ('comment', 'question', 'suggestion', 'issue')),
    -- Empty once it was deleted: what others answered to it stays in its place.
    text         text        not null check (char_length(text) <= 10000),
    parent_id    uuid        references comments (id),
    created_by   uuid        not null,
    created_at   timestamptz not null default now(),
    edited_at    timestamptz,
    deleted_at   timestamptz,
    resolved_at  timestamptz,
    resolved_by  uuid,
    check ((resolved_at is null) = (resolved_by is null)),
    check (deleted_at is not null or text <> ''),
    foreign key (workspace_id, project_id) references projects (workspace_id, id)
);
create index comments_artifact on comments (artifact_id, created_at);

create table uploads (
    id           uuid        primary key,
    workspace_id uuid        not null,
    project_id   uuid        not null,
    -- The last part of what the person's file was called; letters, digits, dots, dashes and underscores.
    filename     text        not null check (filename ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$' and filename !~ '\.\.'),
    media_type   text        not null check (char_length(media_type) <= 100),
    size_bytes   bigint      not null check (size_bytes > 0),
    digest       text        not null check (is_digest(digest)),
    -- Below the tenant's place in a blob store: user-uploads/{timestamp}_{filename} (H-22).
    storage_key  text        not null,
    -- The original, byte for byte.
    content      bytea       not null,
    -- What can be read of it as text; only of types that are text.
    text         text,
    uploaded_by  uuid        not null,
    created_at   timestamptz not null default now(),
    foreign key (workspace_id, project_id) references projects (workspace_id, id)
);
create index uploads_project on uploads (project_id, created_at);

-- Pipelines that a workspace made. A version never changes: projects pin it.
create table pipelines (
    workspace_id uuid        not null references workspaces (id),
    id           text        not null check (id ~ '^[a-z][a-z0-9_-]{0,39}$'),
    version      integer     not null check (version > 0),
    title        text        not null,
    description  text        not null,
    source       text        not null check (octet_length(source) <= 32768),
    definition   jsonb       not null,
    digest       text        not null check (is_digest(digest)),
    created_by   uuid        not null,
    created_at   timestamptz not null default now(),
    primary key (workspace_id, id, version)
);
create trigger pipelines_refuse_change before update on pipelines
    for each statement execute function refuse_change();

do $$
declare
    tenant_table text;
begin
    foreach tenant_table in array array['hitl_requests', 'gate_decisions', 'comments', 'uploads', 'pipelines']
    loop
        execute format('alter table %I enable row level security', tenant_table);
        execute format('alter table %I force row level security', tenant_table);
        execute format('create policy tenant on %I to groundwork_app using (workspace_id = current_workspace()) '
                       'with check (workspace_id = current_workspace())', tenant_table);
    end loop;
    -- A person's inbox, and the question whose project a comment is of, go over all workspaces of that person.
    foreach tenant_table in array array['hitl_requests', 'comments']
    loop
        execute format('create policy member_reads on %I for select to groundwork_app '
                       'using (workspace_id in (select my_workspaces()))', tenant_table);
    end loop;
end $$;

grant select, insert, update on hitl_requests, comments to groundwork_app;
grant select, insert on gate_decisions, pipelines to groundwork_app;
grant select, insert, delete on uploads to groundwork_app;

-- Erasing ------------------------------------------------------------------------------------------------------------

do $$
declare
    erased text;
begin
    foreach erased in array array['hitl_requests', 'gate_decisions', 'comments', 'uploads', 'pipelines']
    loop
        execute format('grant select, delete on %I to groundwork_definer', erased);
        execute format('create policy definer_erases on %I to groundwork_definer using (true)', erased);
    end loop;
end $$;

grant create on schema public to groundwork_definer;

create or replace function erase_project(wanted uuid) returns void
    language sql volatile security definer set search_path = pg_catalog, public
    as $$
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
    delete from public.tasks where project_id = wanted;
    delete from public.budgets where project_id = wanted;
    update public.events set payload = '{}' where project_id = wanted;
    update public.projects
    set title = 'Erased', idea = '-', idea_digest = encode(sha256('-'), 'hex'), settings = '{}', template = null,
        summary = null, failure = null, snapshot = null, lifecycle = 'deleted', workflow_state = 'closed',
        deleted_at = coalesce(deleted_at, now()), erased_at = now()
    where id = wanted;
    $$;

create or replace function erase_workspace(wanted uuid) returns void
    language sql volatile security definer set search_path = pg_catalog, public
    as $$
    select public.erase_project(id) from public.projects where workspace_id = wanted and erased_at is null;
    delete from public.workspace_api_keys where workspace_id = wanted;
    delete from public.budgets where workspace_id = wanted;
    delete from public.pipelines where workspace_id = wanted;
    delete from public.invitations where workspace_id = wanted;
    delete from public.workspace_members where workspace_id = wanted;
    update public.workspaces set name = 'Erased', settings = '{}', erased_at = now() where id = wanted;
    $$;

-- Operators ----------------------------------------------------------------------------------------------------------

alter table projects
    -- Was paused by operators, all at once, and goes on when they say so.
    add column halted boolean not null default false;

-- What the supervisor has found and told of: one row a trouble, until it is over.
create table troubles (
    project_id   uuid        not null,
    workspace_id uuid        not null,
    kind         text        not null check (kind in ('stuck', 'failing', 'over_budget')),
    stage        text,
    since        timestamptz not null,
    seen_at      timestamptz not null default now(),
    primary key (project_id, kind),
    foreign key (workspace_id, project_id) references projects (workspace_id, id)
);
alter table troubles enable row level security;
alter table troubles force row level security;
create policy tenant on troubles to groundwork_app
    using (workspace_id = current_workspace()) with check (workspace_id = current_workspace());
create policy definer_all on troubles to groundwork_definer using (true) with check (true);
grant select on troubles to groundwork_app;
grant select, insert, update, delete on troubles to groundwork_definer;

grant select (stage, failure, pipeline_id, status, waiting_for, title, halted) on projects to groundwork_definer;
grant update (halted) on projects to groundwork_definer;
grant select (started_at, finished_at, lease_until) on model_calls to groundwork_definer;

-- Stages that failed for good, of all workspaces: what operators replay. Words of ours only, no text of anybody.
create function failed_stages(wanted uuid, wanted_pipeline text, wanted_stage text, wanted_code text, before_at timestamptz,
                              before_id uuid, at_most integer)
    returns table (project uuid, place uuid, pipeline text, failed_stage text, failed_attempt integer, failed_code text,
                   is_permanent boolean, calls integer, failed_at timestamptz)
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select p.id, p.workspace_id, p.pipeline_id, p.failure ->> 'stage', (p.failure ->> 'attempt')::integer,
           p.failure ->> 'code', coalesce((p.failure ->> 'permanent')::boolean, false),
           coalesce((p.failure ->> 'calls')::integer, 0), p.last_activity_at
    from public.projects p
    where p.phase = 'failed' and p.lifecycle = 'active' and p.failure is not null
        and (wanted is null or p.id = wanted)
        and (wanted_pipeline is null or p.pipeline_id = wanted_pipeline)
        and (wanted_stage is null or p.failure ->> 'stage' = wanted_stage)
        and (wanted_code is null or p.failure ->> 'code' = wanted_code)
        and (before_at is null or (p.last_activity_at, p.id) < (before_at, before_id))
    order by p.last_activity_at desc, p.id desc
    limit at_most
    $$;

-- Projects to be paused (all that could be under way) or to go on (those that were paused so), some at a time. The mark is set before a
-- project is told to pause, and taken away after it was told to go on, so that nothing that was halted is forgotten.
create function claim_halting(halting boolean, after_id uuid, at_most integer)
    returns table (project uuid, place uuid)
    language sql volatile security definer set search_path = pg_catalog, public
    as $$
    with due as (
        select id from public.projects
        where lifecycle = 'active' and workflow_state = 'started' and (after_id is null or id > after_id)
            and case when halting then phase in ('drafting', 'working', 'awaiting_input', 'awaiting_approval') else halted end
        order by id limit at_most for update skip locked
    ), marked as (
        update public.projects p set halted = true from due where p.id = due.id and halting and not p.halted
    )
    select p.id, p.workspace_id from public.projects p join due on due.id = p.id order by p.id
    $$;

-- The project goes on, or would not: it is not halted any more.
create function end_halting(wanted uuid) returns void
    language sql volatile security definer set search_path = pg_catalog, public
    as $$
    update public.projects set halted = false where id = wanted and halted
    $$;

-- Projects that are parked on a budget which was changed, or taken away, after they parked: whoever changed it may not have been able to
-- tell them.
create function budgets_raised(at_most integer)
    returns table (project uuid, place uuid, changed_at timestamptz)
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select p.id, p.workspace_id, coalesce(b.updated_at, p.last_activity_at)
    from public.projects p
    left join lateral (
        select max(updated_at) as updated_at from public.budgets b
        where b.workspace_id = p.workspace_id and (b.project_id = p.id or b.project_id is null)
    ) as b on true
    where p.lifecycle = 'active' and p.waiting_for = 'budget'
        and (b.updated_at is null or b.updated_at > p.last_activity_at)
    order by p.id limit at_most
    $$;

-- Looks for what is in trouble: working without progress for so long, failed, or parked on a budget. Remembers what it found, forgets
-- what is over, and returns what is new.
create function supervise(stuck_after interval)
    returns table (project uuid, place uuid, trouble text, at_stage text, trouble_since timestamptz)
    language sql volatile security definer set search_path = pg_catalog, public
    as $$
    with found as (
        select p.id, p.workspace_id, 'stuck' as kind, p.stage, p.last_activity_at as since
        from public.projects p
        where p.lifecycle = 'active' and p.phase = 'working' and p.last_activity_at < clock_timestamp() - stuck_after
            and not exists (
                select from public.model_calls c
                where c.project_id = p.id and greatest(c.started_at, c.finished_at, c.lease_until) > clock_timestamp() - stuck_after)
        union all
        select p.id, p.workspace_id, 'failing', p.failure ->> 'stage', p.last_activity_at
        from public.projects p
        where p.lifecycle = 'active' and p.phase = 'failed'
        union all
        select p.id, p.workspace_id, 'over_budget', p.stage, p.last_activity_at
        from public.projects p
        where p.lifecycle = 'active' and p.waiting_for = 'budget'
    ), over as (
        delete from public.troubles t
        where not exists (select from found f where f.id = t.project_id and f.kind = t.kind)
    ), told as (
        insert into public.troubles as t (project_id, workspace_id, kind, stage, since)
        select id, workspace_id, kind, stage, since from found
        on conflict (project_id, kind) do nothing
        returning t.project_id, t.workspace_id, t.kind, t.stage, t.since
    )
    select project_id, workspace_id, kind, stage, since from told
    $$;

-- All troubles that are known, the oldest first.
create function known_troubles(at_most integer)
    returns table (project uuid, place uuid, trouble text, at_stage text, trouble_since timestamptz, told_at timestamptz)
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select project_id, workspace_id, kind, stage, since, seen_at from public.troubles order by since limit at_most
    $$;

do $$
declare
    name text;
begin
    foreach name in array array['failed_stages(uuid, text, text, text, timestamptz, uuid, integer)',
        'claim_halting(boolean, uuid, integer)', 'end_halting(uuid)',
        'budgets_raised(integer)', 'supervise(interval)', 'known_troubles(integer)']
    loop
        execute format('alter function %s owner to groundwork_definer', name);
        execute format('revoke all on function %s from public', name);
        execute format('grant execute on function %s to groundwork_app', name);
    end loop;
end $$;
revoke create on schema public from groundwork_definer;
