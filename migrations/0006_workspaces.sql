-- Shared workspaces: members, invitations, archiving and deleting with undo; and the end of projects, workspaces and
-- people, whose texts are erased when the time for undo is over.

alter table workspaces
    add column lifecycle text not null default 'active' check (lifecycle in ('active', 'archived', 'deleted')),
    add column deleted_at timestamptz,
    add column erased_at  timestamptz,
    add constraint workspaces_deleted check ((lifecycle = 'deleted') = (deleted_at is not null));

alter table projects
    -- Goes with its workspace, and comes back with it. Until it is back: an archiving that is under way when the workspace
    -- comes back is undone too. What a person archived, or idleness, stays archived.
    add column parked            boolean not null default false,
    -- When a sweeper last tried to put it away or to take it back.
    add column shelving_tried_at timestamptz,
    add column erased_at         timestamptz;
create index projects_idle on projects (last_activity_at) where lifecycle = 'active';
create index projects_parked on projects (workspace_id) where parked;
create index projects_deleted on projects (deleted_at) where lifecycle = 'deleted' and erased_at is null;

alter table users
    add column deleted_at timestamptz,
    add column erased_at  timestamptz;

create table invitations (
    id           uuid        primary key,
    workspace_id uuid        not null references workspaces (id),
    -- Lower-case. Whoever shows that this address is theirs may decide, whether or not they had an account before.
    email        text        not null check (char_length(email) between 3 and 255 and email = lower(email)),
    role         text        not null check (role in ('owner', 'admin', 'editor', 'viewer')),
    invited_by   uuid        not null references users (id),
    state        text        not null default 'open' check (state in ('open', 'accepted', 'declined', 'revoked')),
    created_at   timestamptz not null default now(),
    expires_at   timestamptz not null,
    settled_at   timestamptz,
    check ((state = 'open') = (settled_at is null))
);
create unique index invitations_open on invitations (workspace_id, email) where state = 'open';
create index invitations_email on invitations (email) where state = 'open';

create function current_person() returns uuid
    language sql stable parallel safe
    return nullif(current_setting('app.user_id', true), '')::uuid;

-- The order of roles, as domain::access has it: the second lock of "nobody gives a role above their own".
create function role_rank(role text) returns integer
    language sql immutable parallel safe
    return case role when 'viewer' then 1 when 'editor' then 2 when 'admin' then 3 when 'owner' then 4 else 0 end;

grant create on schema public to groundwork_definer; -- an owner of functions must be able to create them

-- Memberships --------------------------------------------------------------------------------------------------------

grant select on workspaces, invitations to groundwork_definer;
grant update (name, settings, lifecycle, deleted_at, erased_at) on workspaces to groundwork_definer;
grant select, insert, delete on workspace_members to groundwork_definer;
grant update (state, settled_at), delete on invitations to groundwork_definer;
create policy definer_all on workspaces to groundwork_definer using (true) with check (true);
create policy definer_writes on workspace_members for insert to groundwork_definer with check (true);
create policy definer_erases on workspace_members for delete to groundwork_definer using (true);

-- The rank of the person who asks; 0 for who is no member. A policy cannot ask its own table.
create function my_rank(wanted uuid) returns integer
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select coalesce(max(public.role_rank(role)), 0) from public.workspace_members
    where workspace_id = wanted and user_id = public.current_person() and joined_at is not null
    $$;

-- Whoever changes memberships, or puts a workspace away, locks its row first: two people at once come one after the
-- other. A lock of groundwork_app's own would need the right to update, which those who only leave have not.
create function lock_workspace(wanted uuid) returns text
    language sql volatile security definer set search_path = pg_catalog, public
    as $$
    select lifecycle from public.workspaces where id = wanted for update
    $$;

-- The address of the person who asks, as far as they have shown that it is theirs.
create function proven_email() returns text
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select email from public.users where id = public.current_person() and is_active and not is_deleted
    $$;
grant select (name, deleted_at, erased_at) on users to groundwork_definer;

-- Invitations that the person who asks may decide, with what they must know to decide.
create function my_invitations()
    returns table (invitation_id uuid, place uuid, place_name text, offered_role text, inviter text,
                   invited_at timestamptz, ends_at timestamptz)
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select i.id, i.workspace_id, w.name, i.role, u.name, i.created_at, i.expires_at
    from public.invitations i
    join public.workspaces w on w.id = i.workspace_id and w.lifecycle <> 'deleted'
    join public.users u on u.id = i.invited_by
    where i.email = public.proven_email() and i.state = 'open' and i.expires_at > now()
    order by i.created_at desc
    limit 100
    $$;

-- Accepts or declines, once: no row where there is nothing to decide any more, or it is somebody else's.
create function decide_invitation(wanted uuid, accepting boolean)
    returns table (place uuid, given_role text)
    language plpgsql volatile security definer set search_path = pg_catalog, public
    as $$
declare
    taken public.invitations;
begin
    perform from public.workspaces w
        where w.id = (select i.workspace_id from public.invitations i where i.id = wanted) for update;
    update public.invitations i
        set state = case when accepting then 'accepted' else 'declined' end, settled_at = now()
        where i.id = wanted and i.state = 'open' and i.expires_at > now() and i.email = public.proven_email()
            and exists (select from public.workspaces w where w.id = i.workspace_id and w.lifecycle <> 'deleted')
        returning i.* into taken;
    if taken.id is null then
        return;
    end if;
    if accepting then
        insert into public.workspace_members (workspace_id, user_id, role, invited_by, invited_at, joined_at)
            values (taken.workspace_id, public.current_person(), taken.role, taken.invited_by, taken.created_at, now())
            on conflict do nothing;
    end if;
    place := taken.workspace_id;
    given_role := taken.role;
    return next;
end $$;

-- Held by the database too, whatever a server may try: there is somebody who can do everything.
create function keep_an_owner() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public
    as $$
begin
    if exists (select from public.workspaces where id = old.workspace_id and lifecycle <> 'deleted')
        and not exists (select from public.workspace_members
                        where workspace_id = old.workspace_id and role = 'owner' and joined_at is not null)
    then
        raise exception 'a workspace keeps an owner' using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end $$;
create constraint trigger workspace_members_keep_an_owner after update or delete on workspace_members
    deferrable initially deferred for each row when (old.role = 'owner') execute function keep_an_owner();

drop policy mine on workspaces;
create policy seen on workspaces for select to groundwork_app
    using (id = current_workspace() or owner_id = current_person() or id in (select my_workspaces()));
create policy begun on workspaces for insert to groundwork_app with check (owner_id = current_person());
create policy managed on workspaces for update to groundwork_app
    using (my_rank(id) >= role_rank('admin')) with check (my_rank(id) >= role_rank('admin'));

create function guard_workspace() returns trigger
    language plpgsql as $$
begin
    if current_user = 'groundwork_app' and my_rank(old.id) < role_rank('owner')
        and (new.id, new.owner_id, new.plan_tier, new.lifecycle, new.deleted_at)
            is distinct from (old.id, old.owner_id, old.plan_tier, old.lifecycle, old.deleted_at)
    then
        raise exception 'only an owner may do this to a workspace' using errcode = 'insufficient_privilege';
    end if;
    return new;
end $$;
create trigger workspaces_guard before update on workspaces for each row execute function guard_workspace();

drop policy mine on workspace_members;
create policy seen on workspace_members for select to groundwork_app
    using (user_id = current_person() or workspace_id = current_workspace());
-- The first member of a workspace is who makes it; everybody else comes by an invitation (decide_invitation).
create policy begun on workspace_members for insert to groundwork_app
    with check (
        workspace_id = current_workspace() and user_id = current_person()
        and exists (select from workspaces w where w.id = workspace_id and w.owner_id = current_person()));
create policy managed on workspace_members for update to groundwork_app
    using (workspace_id = current_workspace() and my_rank(workspace_id) >= role_rank('admin')
        and role_rank(role) <= my_rank(workspace_id))
    with check (workspace_id = current_workspace() and role_rank(role) <= my_rank(workspace_id));
create policy ended on workspace_members for delete to groundwork_app
    using (workspace_id = current_workspace()
        and (user_id = current_person()
            or (my_rank(workspace_id) >= role_rank('admin') and role_rank(role) <= my_rank(workspace_id))));
grant delete on workspace_members to groundwork_app;

alter table invitations enable row level security;
alter table invitations force row level security;
create policy tenant on invitations to groundwork_app
    using (workspace_id = current_workspace()) with check (workspace_id = current_workspace());
create policy only_managers_invite on invitations as restrictive for insert to groundwork_app
    with check (my_rank(workspace_id) >= role_rank('admin') and role_rank(role) <= my_rank(workspace_id));
create policy only_members_revoke on invitations as restrictive for update to groundwork_app
    using (my_rank(workspace_id) > 0);
create policy definer_all on invitations to groundwork_definer using (true) with check (true);
grant select, insert, update on invitations to groundwork_app;

-- A person's memberships, with what a list shows of their workspaces, are read through `seen`. Who the others are is told
-- to members only.
create function members_of(wanted uuid)
    returns table (member uuid, member_name text, member_email text, member_role text, inviter uuid,
                   invited_since timestamptz, joined_since timestamptz)
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select m.user_id, u.name, u.email, m.role, m.invited_by, m.invited_at, m.joined_at
    from public.workspace_members m join public.users u on u.id = m.user_id
    where m.workspace_id = wanted and m.joined_at is not null and public.my_rank(wanted) > 0
    order by public.role_rank(m.role) desc, m.joined_at, m.user_id
    $$;

-- Putting projects away and taking them back -------------------------------------------------------------------------

grant select (lifecycle, phase, last_activity_at, deleted_at, erased_at, parked, shelving_tried_at, cost_usd)
    on projects to groundwork_definer;
grant update (shelving_tried_at, parked) on projects to groundwork_definer;
create policy definer_ends on projects for update to groundwork_definer using (true) with check (true);

-- Projects that should be put away (their workspace was, or nothing happened in them for so long) or taken back with their
-- workspace. Each goes to one replica, and again after a while if it is still so: nothing of this is lost with a process.
create function claim_shelving(idle interval, again_after interval, at_most integer)
    returns table (project uuid, place uuid, wanted text, since timestamptz)
    language sql volatile security definer set search_path = pg_catalog, public
    as $$
    with due as (
        select p.id, w.lifecycle <> 'active' as with_workspace,
            case when w.lifecycle = 'active' and p.lifecycle = 'archived' then 'restore' else 'archive' end as wanted
        from public.projects p join public.workspaces w on w.id = p.workspace_id
        where p.workflow_state <> 'starting'
            and (p.shelving_tried_at is null or p.shelving_tried_at < clock_timestamp() - again_after)
            and (p.lifecycle = 'active' and w.lifecycle <> 'active'
                or p.lifecycle = 'archived' and p.parked and w.lifecycle = 'active'
                or p.lifecycle = 'active' and p.phase <> 'working' and p.last_activity_at < clock_timestamp()
                    - coalesce((w.settings ->> 'archive_idle_days')::integer * interval '1 day', idle))
        order by p.shelving_tried_at nulls first
        limit at_most
        for update of p skip locked
    )
    update public.projects p
    set shelving_tried_at = clock_timestamp(), parked = p.parked and (due.with_workspace or due.wanted = 'restore')
    from due where p.id = due.id
    returning p.id, p.workspace_id, due.wanted, p.last_activity_at
    $$;

-- Erasing ------------------------------------------------------------------------------------------------------------

-- What is append-only is so for everybody but the functions below: nobody can log in as their owner.
create or replace function refuse_change() returns trigger
    language plpgsql as $$
begin
    if current_user = 'groundwork_definer' and tg_op <> 'TRUNCATE' then
        return null;
    end if;
    raise exception '% is append-only', tg_table_name using errcode = 'integrity_constraint_violation';
end $$;
create or replace function refuse_finished() returns trigger
    language plpgsql as $$
begin
    if current_user = 'groundwork_definer' and tg_op = 'DELETE' then
        return old;
    end if;
    raise exception 'a finished call is never written again' using errcode = 'integrity_constraint_violation';
end $$;

do $$
declare
    erased text;
begin
    foreach erased in array array['tasks', 'conversation_turns', 'questions', 'refinements', 'artifacts', 'prompts',
        'prompt_checks', 'findings', 'model_calls', 'stage_results']
    loop
        execute format('grant select (project_id), delete on %I to groundwork_definer', erased);
        execute format('create policy definer_erases on %I for delete to groundwork_definer using (true)', erased);
        if erased <> 'model_calls' then -- has one from 0003
            execute format('create policy definer_finds on %I for select to groundwork_definer using (true)', erased);
        end if;
    end loop;
end $$;
grant select (project_id), update (payload) on events to groundwork_definer;
create policy definer_erases on events for update to groundwork_definer using (true) with check (true);
create policy definer_finds on events for select to groundwork_definer using (true);
grant update (title, idea, idea_digest, settings, template, summary, failure, snapshot, lifecycle, deleted_at, erased_at,
              workflow_state) on projects to groundwork_definer;
grant select (user_id), delete on audit_origins to groundwork_definer;
create policy definer_erases on audit_origins for delete to groundwork_definer using (true);
create policy definer_finds on audit_origins for select to groundwork_definer using (true);
grant update (email, name, password_hash, is_deleted, deleted_at, erased_at) on users to groundwork_definer;
create policy definer_erases on users for update to groundwork_definer using (true) with check (true);

-- Everything that somebody wrote goes. What happened, when, by whom and for how much stays: events without their payload,
-- the ledger, the audit log.
create function erase_project(wanted uuid) returns void
    language sql volatile security definer set search_path = pg_catalog, public
    as $$
    delete from public.stream_tail where project_id = wanted;
    delete from public.prompt_checks where project_id = wanted;
    delete from public.prompts where project_id = wanted;
    delete from public.findings where project_id = wanted;
    delete from public.artifacts where project_id = wanted;
    delete from public.refinements where project_id = wanted;
    delete from public.questions where project_id = wanted;
    delete from public.conversation_turns where project_id = wanted;
    delete from public.model_calls where project_id = wanted;
    delete from public.stage_results where project_id = wanted;
    delete from public.tasks where project_id = wanted;
    update public.events set payload = '{}' where project_id = wanted;
    update public.projects
    set title = 'Erased', idea = '-', idea_digest = encode(sha256('-'), 'hex'), settings = '{}', template = null,
        summary = null, failure = null, snapshot = null, lifecycle = 'deleted', workflow_state = 'closed',
        deleted_at = coalesce(deleted_at, now()), erased_at = now()
    where id = wanted;
    $$;

create function erase_workspace(wanted uuid) returns void
    language sql volatile security definer set search_path = pg_catalog, public
    as $$
    select public.erase_project(id) from public.projects where workspace_id = wanted and erased_at is null;
    delete from public.invitations where workspace_id = wanted;
    delete from public.workspace_members where workspace_id = wanted;
    update public.workspaces set name = 'Erased', settings = '{}', erased_at = now() where id = wanted;
    $$;

-- Their own workspace ends by itself, being deleted as long as they are. In workspaces of others their id stays, which says
-- nobody's name any more.
create function erase_person(wanted uuid) returns void
    language sql volatile security definer set search_path = pg_catalog, public
    as $$
    delete from public.sessions where user_id = wanted;
    delete from public.idempotency_keys where user_id = wanted;
    delete from public.audit_origins where user_id = wanted;
    delete from public.invitations where email = (select email from public.users where id = wanted);
    delete from public.workspace_members where user_id = wanted;
    update public.users
    set email = 'erased-' || id || '@invalid', name = 'Erased', password_hash = '!', erased_at = now()
    where id = wanted;
    $$;

-- Erases what was deleted longer ago than can be undone, some at a time; returns how much. A workspace waits until none of
-- its projects runs.
create function erase_ended(undo interval, at_most integer) returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, public
    as $$
declare
    one uuid;
    erased bigint := 0;
begin
    for one in
        select id from public.projects
        where lifecycle = 'deleted' and erased_at is null and deleted_at < now() - undo
        order by deleted_at limit at_most for update skip locked
    loop
        perform public.erase_project(one);
        erased := erased + 1;
    end loop;
    for one in
        select w.id from public.workspaces w
        where w.lifecycle = 'deleted' and w.erased_at is null and w.deleted_at < now() - undo
            and not exists (select from public.projects p where p.workspace_id = w.id and p.lifecycle = 'active')
        order by w.deleted_at limit at_most for update skip locked
    loop
        perform public.erase_workspace(one);
        erased := erased + 1;
    end loop;
    for one in
        select id from public.users
        where is_deleted and erased_at is null and deleted_at < now() - undo
        order by deleted_at limit at_most for update skip locked
    loop
        perform public.erase_person(one);
        erased := erased + 1;
    end loop;
    return erased;
end $$;

-- Undoes the deletion of an account that is not erased yet, with its own workspace; asked by operators only.
create function restore_person(wanted uuid, own_workspace uuid) returns boolean
    language sql volatile security definer set search_path = pg_catalog, public
    as $$
    with back as (
        update public.users set is_deleted = false, deleted_at = null
        where id = wanted and is_deleted and erased_at is null returning id
    ), place as (
        update public.workspaces set lifecycle = 'active', deleted_at = null
        where id = own_workspace and erased_at is null and exists (select from back) returning id
    )
    select exists (select from back) and (select count(*) from place) <= 1
    $$;

-- What operators see of workspaces (B-19): no text of theirs but their names.
create function workspaces_overview(before_at timestamptz, before_id uuid, at_most integer)
    returns table (place uuid, place_name text, tier text, state text, owner_email text, members bigint, projects bigint,
                   active_projects bigint, cost numeric, since timestamptz)
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select w.id, w.name, w.plan_tier, w.lifecycle, u.email,
           (select count(*) from public.workspace_members m where m.workspace_id = w.id and m.joined_at is not null),
           coalesce(sum(1) filter (where p.lifecycle <> 'deleted'), 0),
           coalesce(sum(1) filter (where p.lifecycle = 'active'), 0),
           coalesce(sum(p.cost_usd), 0), w.created_at
    from public.workspaces w
    join public.users u on u.id = w.owner_id
    left join public.projects p on p.workspace_id = w.id
    where before_at is null or (w.created_at, w.id) < (before_at, before_id)
    group by w.id, u.email
    order by w.created_at desc, w.id desc
    limit at_most
    $$;

do $$
declare
    name text;
begin
    foreach name in array array[
        'my_rank(uuid)', 'lock_workspace(uuid)', 'proven_email()', 'my_invitations()', 'decide_invitation(uuid, boolean)',
        'members_of(uuid)', 'claim_shelving(interval, interval, integer)', 'erase_ended(interval, integer)',
        'restore_person(uuid, uuid)', 'workspaces_overview(timestamptz, uuid, integer)'
    ] loop
        execute format('alter function %s owner to groundwork_definer', name);
        execute format('revoke all on function %s from public', name);
        execute format('grant execute on function %s to groundwork_app', name);
    end loop;
    -- Only erase_ended calls these.
    foreach name in array array['erase_project(uuid)', 'erase_workspace(uuid)', 'erase_person(uuid)', 'keep_an_owner()'] loop
        execute format('alter function %s owner to groundwork_definer', name);
        execute format('revoke all on function %s from public', name);
        execute format('grant execute on function %s to groundwork_definer', name);
    end loop;
end $$;
revoke create on schema public from groundwork_definer;

-- Audit and usage are read by time.
create index usage_by_workspace on usage_entries (workspace_id, ended_at);
grant update (is_deleted, deleted_at) on users to groundwork_app;
