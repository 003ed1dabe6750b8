-- What must look over all workspaces: functions that run as groundwork_definer, a role nobody can log in as. It sees
-- just the columns that are granted here; its policies let it see the rows of every tenant. Nothing else may be added to a
-- function than what its caller must have.

grant create on schema public to groundwork_definer; -- an owner of functions must be able to create them

-- Deferred start (sweeper) -------------------------------------------------------------------------------------------

grant select (id, workspace_id, created_by, workflow_state, start_tried_at) on projects to groundwork_definer;
grant update (start_tried_at) on projects to groundwork_definer;
create policy definer_select on projects for select to groundwork_definer using (true);
create policy definer_update on projects for update to groundwork_definer using (workflow_state = 'starting');

-- Projects whose start has an unknown outcome for so long; each is handed to one caller and again after the same time.
create function claim_starting(older_than_ms bigint, at_most integer)
    returns table (project_id uuid, project_workspace_id uuid, owner_id uuid)
    language sql security definer set search_path = pg_catalog, public
as $$
    update public.projects
    set start_tried_at = clock_timestamp()
    where id in (
        select id from public.projects
        where workflow_state = 'starting'
          and start_tried_at < clock_timestamp() - older_than_ms * interval '1 millisecond'
        order by start_tried_at
        limit at_most
        for update skip locked
    )
    returning id, workspace_id, created_by
$$;
alter function claim_starting owner to groundwork_definer;

-- Leases -------------------------------------------------------------------------------------------------------------

grant select (project_id, stage, attempt, call_no, purchase, worker_id, state) on model_calls to groundwork_definer;
grant update (lease_until) on model_calls to groundwork_definer;
create policy definer_select on model_calls for select to groundwork_definer using (true);
create policy definer_update on model_calls for update to groundwork_definer using (state = 'leased');

-- Renews the leases that a worker holds and names; returns how many it still holds. A lease that ran out (Postgres was
-- away) is renewed too, as long as nobody took it over.
create function renew_leases(worker uuid, projects uuid[], stages text[], attempts integer[], calls integer[],
                             purchases integer[], lease_ms bigint)
    returns bigint
    language sql security definer set search_path = pg_catalog, public
as $$
    with renewed as (
        update public.model_calls as call
        set lease_until = clock_timestamp() + lease_ms * interval '1 millisecond'
        from unnest(projects, stages, attempts, calls, purchases) as held (project_id, stage, attempt, call_no, purchase)
        where call.project_id = held.project_id and call.stage = held.stage and call.attempt = held.attempt
          and call.call_no = held.call_no and call.purchase = held.purchase
          and call.worker_id = worker and call.state = 'leased'
        returning 1
    )
    select count(*) from renewed
$$;
alter function renew_leases owner to groundwork_definer;

-- Running texts ------------------------------------------------------------------------------------------------------

grant select, insert, update, delete on stream_tail to groundwork_definer;
create policy definer_all on stream_tail to groundwork_definer using (true) with check (true);

-- One flush of all streams of a worker: keeps the chunks, drops what lies further back than keep_bytes or belongs to an
-- earlier reading of the same stream (a chunk at offset 0 begins anew), and notifies, all in one transaction.
create function flush_streams(workspaces uuid[], projects uuid[], stages text[], attempts integer[], offsets bigint[],
                              texts text[], payloads text[], keep_bytes bigint)
    returns void
    language sql security definer set search_path = pg_catalog, public
as $$
    delete from public.stream_tail as tail
    using unnest(projects, stages, attempts, offsets) as chunk (project_id, stage, attempt, start_offset)
    where tail.project_id = chunk.project_id and tail.stage = chunk.stage and tail.attempt = chunk.attempt
      and (tail.start_offset >= chunk.start_offset or tail.start_offset < chunk.start_offset - keep_bytes);

    insert into public.stream_tail (workspace_id, project_id, stage, attempt, start_offset, text)
    select * from unnest(workspaces, projects, stages, attempts, offsets, texts)
    on conflict (project_id, stage, attempt, start_offset) do update set text = excluded.text;

    select pg_notify('groundwork_deltas', payload) from unnest(payloads) as payload;
$$;
alter function flush_streams owner to groundwork_definer;

revoke create on schema public from groundwork_definer;
revoke all on function claim_starting, renew_leases, flush_streams from public;
grant execute on function claim_starting, renew_leases, flush_streams to groundwork_app;
