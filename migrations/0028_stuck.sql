-- Progress is a call that was finished, or one that is under way for the first time or writes. A call that is bought again and again
-- because it fails is none, however busy it looks.
grant select (project_id, stage, attempt) on stream_tail to groundwork_definer;

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
                where c.project_id = p.id and case c.state
                    when 'finished' then c.finished_at > clock_timestamp() - stuck_after
                    when 'leased' then c.lease_until > clock_timestamp() - stuck_after and (c.purchase = 1 or exists (
                        select from public.stream_tail s
                        where s.project_id = c.project_id and s.stage = c.stage and s.attempt = c.attempt))
                    else false end)
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
