-- What people are told by mail (F-16): that a run ended, or that something waits for them. One row an event and person, written by the
-- transaction that stores the event, so that nothing is told twice and nothing is lost; whichever replica takes a person's rows leaves one
-- mail for all of them.

alter table users add column mail_notices boolean not null default true;
grant select (mail_notices), update (mail_notices) on users to groundwork_app;
grant select (mail_notices) on users to groundwork_definer;
grant select (name, author_id) on artifacts to groundwork_definer;

create table notices (
    event_id     uuid        not null,
    user_id      uuid        not null references users (id),
    workspace_id uuid        not null,
    project_id   uuid        not null,
    -- The event's.
    kind         text        not null,
    -- The gate or question that it is about.
    request_id   uuid,
    at           timestamptz not null,
    created_at   timestamptz not null default clock_timestamp(),
    -- When it went into a mail, or was found to be nobody's news any more.
    settled_at   timestamptz,
    is_mailed    boolean     not null default false,
    primary key (event_id, user_id),
    foreign key (workspace_id, project_id) references projects (workspace_id, id)
);
create index notices_waiting on notices (created_at) where settled_at is null;
create index notices_person on notices (user_id, settled_at);
create index notices_project on notices (project_id);
alter table notices enable row level security;
alter table notices force row level security;
create policy mine on notices for select to groundwork_app using (user_id = current_person());
create policy definer_all on notices to groundwork_definer using (true) with check (true);
grant select on notices to groundwork_app;
grant select, insert, update, delete on notices to groundwork_definer;

grant create on schema public to groundwork_definer;

-- Who may decide a request now, as its row says: role, four eyes, and whoever has approved it already. (The rules have the last word.)
create function deciders(wanted uuid) returns setof uuid
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select m.user_id
    from public.hitl_requests r
    join public.projects p on p.id = r.project_id
    join public.workspace_members m on m.workspace_id = r.workspace_id and m.joined_at is not null
    where r.id = wanted
        and public.role_rank(m.role) >= greatest(public.role_rank(r.role_least), public.role_rank('editor'))
        and not exists (select from jsonb_array_elements(r.approvals) as given where given ->> 'user_id' = m.user_id::text)
        and not (r.four_eyes and (m.user_id = p.created_by or exists (
            select from public.artifacts a
            where a.project_id = r.project_id and a.name in (r.artifact_name, 'brief') and a.author_id = m.user_id)))
    $$;

-- Notes whom an event is news to: who may decide what waits; of what waits for too long the owners and admins; of how a run ends, and of
-- what only they are asked, who began it.
create function event_told() returns trigger
    language plpgsql volatile security definer set search_path = pg_catalog, public
    as $$
begin
    insert into public.notices (event_id, user_id, workspace_id, project_id, kind, request_id, at)
    select new.event_id, u.id, new.workspace_id, new.project_id, new.kind, r.id, new.at
    from public.projects p
    left join public.hitl_requests r on r.project_id = p.id and r.id::text = new.payload ->> 'request_id'
    join public.workspace_members m on m.workspace_id = p.workspace_id and m.joined_at is not null
    join public.users u on u.id = m.user_id
    where p.id = new.project_id and p.lifecycle = 'active'
        and u.is_active and not u.is_deleted and u.mail_notices and u.email_verified_at is not null
        and case new.kind
            when 'gate_escalated' then public.role_rank(m.role) >= public.role_rank('admin')
            when 'gate_expired' then m.user_id = p.created_by or m.user_id in (select public.deciders(r.id))
            when 'gate_ready' then m.user_id in (select public.deciders(r.id))
            when 'gate_reminded' then m.user_id in (select public.deciders(r.id))
            when 'hitl_request' then m.user_id in (select public.deciders(r.id))
            else m.user_id = p.created_by
        end
    on conflict (event_id, user_id) do nothing;
    return null;
end
$$;
create trigger events_told after insert on events for each row
    when (new.kind in ('gate_ready', 'gate_reminded', 'gate_escalated', 'gate_expired', 'hitl_request', 'questions_ready',
                       'workflow_completed', 'workflow_failed', 'over_budget'))
    execute function event_told();

-- Takes all that waits for one person who is due a mail: something waits for at least wait_s, and their last mail is pause_s ago. Each row
-- says whether it still is news; the rows are settled with the caller's transaction, which leaves the mail. No row: nobody is due.
create function notices_taken(wait_s integer, pause_s integer, age_s integer)
    returns table (person uuid, address text, event_kind text, place uuid, project uuid, project_title text, is_news boolean)
    language plpgsql volatile security definer set search_path = pg_catalog, public
    as $$
declare
    one uuid;
begin
    select u.id into one
    from public.users u
    where u.id in (
            select n.user_id from public.notices n
            where n.settled_at is null and n.created_at <= now() - wait_s * interval '1 second')
        and not exists (
            select from public.notices m
            where m.user_id = u.id and m.is_mailed and m.settled_at > now() - pause_s * interval '1 second')
    limit 1 for no key update of u skip locked;
    if not found then
        return;
    end if;
    -- Seen anew, now that no other replica takes this person's: another may have done so in the meantime.
    return query
    with waiting as (
        select n.event_id, n.kind, n.workspace_id, n.project_id, n.at, p.title, u.email,
               u.is_active and not u.is_deleted and u.mail_notices and u.email_verified_at is not null
               and n.created_at > now() - age_s * interval '1 second'
               and p.lifecycle = 'active' and w.lifecycle = 'active' and m.joined_at is not null
               and case n.kind
                   when 'gate_ready' then r.status = 'pending' and one in (select public.deciders(r.id))
                   when 'gate_reminded' then r.status = 'pending' and one in (select public.deciders(r.id))
                   when 'hitl_request' then r.status = 'pending' and one in (select public.deciders(r.id))
                   when 'gate_escalated' then
                       r.status = 'pending' and public.role_rank(m.role) >= public.role_rank('admin')
                   when 'gate_expired' then r.status in ('pending', 'expired')
                   when 'questions_ready' then p.phase = 'awaiting_input'
                   when 'over_budget' then p.waiting_for = 'budget'
                   when 'workflow_completed' then p.phase = 'completed'
                   when 'workflow_failed' then exists (select from public.stage_failures f where f.project_id = p.id)
                   else false
               end
               -- A later word on the same request says it all.
               and not exists (
                   select from public.notices later
                   where later.user_id = one and later.settled_at is null and later.request_id = n.request_id
                       and later.at > n.at) as still
        from public.notices n
        join public.users u on u.id = n.user_id
        join public.projects p on p.id = n.project_id
        join public.workspaces w on w.id = n.workspace_id
        left join public.workspace_members m on m.workspace_id = n.workspace_id and m.user_id = n.user_id
        left join public.hitl_requests r on r.id = n.request_id
        where n.user_id = one and n.settled_at is null and not exists (
            select from public.notices last
            where last.user_id = one and last.is_mailed
                and last.settled_at > now() - pause_s * interval '1 second')
        order by n.at
        limit 500
        for update of n skip locked
    ), settled as (
        update public.notices n set settled_at = clock_timestamp(), is_mailed = coalesce(waiting.still, false)
        from waiting where n.event_id = waiting.event_id and n.user_id = one
    )
    select one, waiting.email, waiting.kind, waiting.workspace_id, waiting.project_id, waiting.title,
           coalesce(waiting.still, false)
    from waiting order by waiting.at, waiting.event_id;
end
$$;

-- Takes away what was settled long ago; and all that waits, where no mail is sent: whoever switches mail on later is told no old news.
create function notices_swept(kept interval, no_mail boolean) returns bigint
    language sql volatile security definer set search_path = pg_catalog, public
    as $$
    with gone as (
        delete from public.notices where settled_at < now() - kept or (no_mail and settled_at is null) returning 1
    )
    select count(*) from gone
    $$;

create or replace function erase_person(wanted uuid) returns void
    language sql volatile security definer set search_path = pg_catalog, public
    as $$
    delete from public.notices where user_id = wanted;
    delete from public.user_api_keys where user_id = wanted;
    delete from public.refresh_tokens where user_id = wanted;
    delete from public.sessions where user_id = wanted;
    delete from public.idempotency_keys where user_id = wanted;
    delete from public.audit_origins where user_id = wanted;
    delete from public.api_tokens where user_id = wanted;
    delete from public.second_factors where user_id = wanted;
    delete from public.recovery_codes where user_id = wanted;
    delete from public.login_challenges where user_id = wanted;
    delete from public.login_places where user_id = wanted;
    delete from public.magic_links where user_id = wanted;
    delete from public.oauth_flows where user_id = wanted;
    delete from public.oauth_identities where user_id = wanted;
    delete from public.mail_outbox
        where user_id = wanted or recipient = (select email from public.users where id = wanted);
    delete from public.invitations where email = (select email from public.users where id = wanted);
    delete from public.workspace_members where user_id = wanted;
    update public.users
    set email = 'erased-' || id || '@invalid', email_verified_at = null, name = 'Erased', password_hash = '!', erased_at = now()
    where id = wanted;
    $$;

create or replace function erase_project(wanted uuid) returns void
    language sql volatile security definer set search_path = pg_catalog, public
    as $$
    delete from public.notices where project_id = wanted;
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

do $$
declare
    name text;
begin
    foreach name in array array['deciders(uuid)', 'event_told()', 'notices_taken(integer, integer, integer)',
                                'notices_swept(interval, boolean)']
    loop
        execute format('alter function %s owner to groundwork_definer', name);
        execute format('revoke all on function %s from public', name);
        execute format('grant execute on function %s to groundwork_definer', name);
    end loop;
end $$;
grant execute on function notices_taken(integer, integer, integer), notices_swept(interval, boolean) to groundwork_app;

revoke create on schema public from groundwork_definer;
