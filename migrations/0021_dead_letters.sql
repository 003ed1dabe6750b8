-- What a review of gates found: a dead letter for each failed stage, budgets that are taken away, what erasing forgot.

-- Stages that are failed now, one row each: a branch may be failed while others go on or wait for people.
create table stage_failures (
    workspace_id uuid        not null,
    project_id   uuid        not null,
    stage        text        not null,
    attempt      integer     not null check (attempt > 0),
    code         text        not null,
    is_permanent boolean     not null,
    calls        integer     not null check (calls >= 0),
    failed_at    timestamptz not null,
    primary key (project_id, stage),
    foreign key (workspace_id, project_id) references projects (workspace_id, id)
);
create index stage_failures_latest on stage_failures (failed_at desc, project_id desc);
alter table stage_failures enable row level security;
alter table stage_failures force row level security;
create policy tenant on stage_failures to groundwork_app
    using (workspace_id = current_workspace()) with check (workspace_id = current_workspace());
create policy definer_all on stage_failures to groundwork_definer using (true) with check (true);
grant select, insert, update, delete on stage_failures to groundwork_app;
grant select, delete on stage_failures to groundwork_definer;

insert into stage_failures (workspace_id, project_id, stage, attempt, code, is_permanent, calls, failed_at)
select workspace_id, id, failure ->> 'stage', coalesce((failure ->> 'attempt')::integer, 1), coalesce(failure ->> 'code', 'internal'),
       coalesce((failure ->> 'permanent')::boolean, false), coalesce((failure ->> 'calls')::integer, 0), last_activity_at
from projects where failure ->> 'stage' is not null and phase = 'failed';

-- A budget that is taken away leaves no row to say when.
alter table projects add column budget_freed_at timestamptz;
grant select (budget_freed_at) on projects to groundwork_definer;
grant update (budget_freed_at) on projects to groundwork_definer;

grant create on schema public to groundwork_definer;

create function budget_freed() returns trigger
    language plpgsql volatile security definer set search_path = pg_catalog, public
    as $$
begin
    update public.projects set budget_freed_at = clock_timestamp()
    where workspace_id = old.workspace_id and (id = old.project_id or old.project_id is null) and lifecycle = 'active';
    return null;
end
$$;
alter function budget_freed() owner to groundwork_definer;
revoke all on function budget_freed() from public;
grant execute on function budget_freed() to groundwork_definer;
create trigger budgets_freed after delete on budgets for each row execute function budget_freed();

create or replace function budgets_raised(at_most integer)
    returns table (project uuid, place uuid, changed_at timestamptz)
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select p.id, p.workspace_id, coalesce(b.changed_at, p.last_activity_at)
    from public.projects p
    left join lateral (
        select greatest(max(updated_at), p.budget_freed_at) as changed_at from public.budgets b
        where b.workspace_id = p.workspace_id and (b.project_id = p.id or b.project_id is null)
    ) as b on true
    where p.lifecycle = 'active' and p.waiting_for = 'budget'
        and (b.changed_at is null or b.changed_at > p.last_activity_at)
    order by p.id limit at_most
    $$;

create or replace function failed_stages(wanted uuid, wanted_pipeline text, wanted_stage text, wanted_code text,
                                         before_at timestamptz, before_id uuid, at_most integer)
    returns table (project uuid, place uuid, pipeline text, failed_stage text, failed_attempt integer, failed_code text,
                   is_permanent boolean, calls integer, failed_at timestamptz)
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select p.id, p.workspace_id, p.pipeline_id, f.stage, f.attempt, f.code, f.is_permanent, f.calls, f.failed_at
    from public.stage_failures f
    join public.projects p on p.id = f.project_id
    where p.lifecycle = 'active' and p.phase <> 'cancelled'
        and (wanted is null or p.id = wanted)
        and (wanted_pipeline is null or p.pipeline_id = wanted_pipeline)
        and (wanted_stage is null or f.stage = wanted_stage)
        and (wanted_code is null or f.code = wanted_code)
        and (before_at is null or (f.failed_at, p.id) < (before_at, before_id))
    order by f.failed_at desc, p.id desc, f.stage
    limit at_most
    $$;

create or replace function supervise(stuck_after interval)
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
        select * from (
            select distinct on (p.id) p.id, p.workspace_id, 'failing', f.stage, f.failed_at
            from public.projects p join public.stage_failures f on f.project_id = p.id
            where p.lifecycle = 'active' and p.phase <> 'cancelled'
            order by p.id, f.failed_at, f.stage) as failing
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

revoke create on schema public from groundwork_definer;
