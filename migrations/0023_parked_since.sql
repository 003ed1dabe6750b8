-- A project that was paused while it was parked on a budget, and goes on later, shows activity that is later than the raise: what counts
-- is when it was parked. So it is asked again whoever let it go on.
grant select (project_id, kind, recorded_at) on events to groundwork_definer;

create or replace function budgets_raised(at_most integer)
    returns table (project uuid, place uuid, changed_at timestamptz)
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select p.id, p.workspace_id, coalesce(b.changed_at, parked.at)
    from public.projects p
    left join lateral (
        select greatest(max(updated_at), p.budget_freed_at) as changed_at from public.budgets b
        where b.workspace_id = p.workspace_id and (b.project_id = p.id or b.project_id is null)
    ) as b on true
    cross join lateral (
        select coalesce(max(e.recorded_at), p.last_activity_at) as at from public.events e
        where e.project_id = p.id and e.kind = 'over_budget'
    ) as parked
    where p.lifecycle = 'active' and p.waiting_for = 'budget' and (b.changed_at is null or b.changed_at > parked.at)
    order by p.id limit at_most
    $$;
