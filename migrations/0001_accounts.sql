-- People, workspaces, sessions and first answers; and the two roles that everything else relies on.
--
-- groundwork_app      what servers are: owns nothing, never bypasses row-level security.
-- groundwork_definer  what SECURITY DEFINER functions run as: may read only the columns that it is granted, in only the
--                     tables that have a policy for it. So those functions work under FORCE whoever ran the migrations.
do $$
begin
    if not exists (select from pg_roles where rolname = 'groundwork_app') then
        create role groundwork_app login nosuperuser nobypassrls nocreatedb nocreaterole;
    end if;
exception when duplicate_object or unique_violation then
    null; -- roles belong to the cluster: another database was being migrated at the same time
end $$;

do $$
begin
    if not exists (select from pg_roles where rolname = 'groundwork_definer') then
        create role groundwork_definer nologin nosuperuser nobypassrls;
    end if;
exception when duplicate_object or unique_violation then
    null;
end $$;

do $$
begin
    -- A superuser may become anybody; another owner needs to be a member to `set role` and to give functions away.
    if not (select rolsuper from pg_roles where rolname = current_user) then
        execute format('grant groundwork_app, groundwork_definer to %I', current_user);
    end if;
end $$;

grant usage on schema public to groundwork_app, groundwork_definer;
revoke create on schema public from public;

create table users (
    id uuid primary key,
    -- Lower-cased by the server; 255 is requirement A-01's limit.
    email text not null unique check (char_length(email) between 3 and 255 and email = lower(email)),
    password_hash text not null,
    name text not null check (char_length(name) between 1 and 255),
    projects_created integer not null default 0 check (projects_created >= 0),
    -- Null: the installation's setting. A number here is an exception made for one person.
    max_projects integer check (max_projects >= 0),
    is_active boolean not null default true,
    is_deleted boolean not null default false,
    last_login_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create table workspaces (
    id uuid primary key,
    owner_id uuid not null references users (id),
    name text not null check (char_length(name) between 1 and 255),
    settings jsonb not null default '{}',
    plan_tier text not null default 'free' check (plan_tier in ('free', 'paid', 'enterprise')),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index workspaces_owner on workspaces (owner_id);

create table workspace_members (
    workspace_id uuid not null references workspaces (id) on delete cascade,
    user_id uuid not null references users (id),
    role text not null check (role in ('owner', 'admin', 'editor', 'viewer')),
    invited_by uuid references users (id),
    invited_at timestamptz not null default now(),
    joined_at timestamptz,
    primary key (workspace_id, user_id)
);
create index workspace_members_user on workspace_members (user_id);

-- A token names its session; logout ends the session and with it every token that names it.
create table sessions (
    id uuid primary key,
    user_id uuid not null references users (id),
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz,
    user_agent text check (char_length(user_agent) <= 255)
);
create index sessions_user on sessions (user_id);
create index sessions_expiry on sessions (expires_at);

-- First answers to mutations, kept 24 h. A row without a status is a request under way; it may be taken over once
-- `locked_until` has passed, since the replica that had it is gone then.
create table idempotency_keys (
    user_id uuid not null references users (id),
    key text not null check (char_length(key) between 1 and 255),
    -- SHA-256 over method, path and body.
    request_digest text not null,
    status smallint,
    content_type text,
    location text,
    body bytea,
    locked_until timestamptz not null,
    created_at timestamptz not null default now(),
    primary key (user_id, key)
);
create index idempotency_keys_age on idempotency_keys (created_at);

-- Workspaces of the person who asks. A policy on workspace_members cannot ask that table itself (endless recursion),
-- so policies of other tables ask this function.
create function my_workspaces() returns setof uuid
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select workspace_id from public.workspace_members
    where user_id = nullif(current_setting('app.user_id', true), '')::uuid and joined_at is not null
    $$;

-- Login: what is compared with the password. No row for unknown, inactive and deleted accounts alike.
create function login_lookup(wanted_email text) returns table (user_id uuid, password_hash text)
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select id, password_hash from public.users
    where email = wanted_email and is_active and not is_deleted
    $$;

-- Whether a token's session still stands; asked with every request.
create function session_stands(wanted_session uuid, wanted_user uuid) returns boolean
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select exists (
        select from public.sessions s
        join public.users u on u.id = s.user_id
        where s.id = wanted_session and s.user_id = wanted_user
            and s.revoked_at is null and s.expires_at > now() and u.is_active and not u.is_deleted)
    $$;

-- How many accounts there are, for the installation's cap. The lock makes two sign-ups at once count each other.
create function accounts_counted() returns bigint
    language sql volatile security definer set search_path = pg_catalog, public
    as $$
    select pg_advisory_xact_lock(206114001);
    select count(*) from public.users where not is_deleted;
    $$;

-- Takes away what nothing can ask for any more; returns how many rows went.
create function accounts_swept(answers_kept interval) returns bigint
    language sql volatile security definer set search_path = pg_catalog, public
    as $$
    with old_answers as (
        delete from public.idempotency_keys where created_at < now() - answers_kept and locked_until < now() returning 1
    ), old_sessions as (
        delete from public.sessions where expires_at < now() - interval '7 days' returning 1
    )
    select (select count(*) from old_answers) + (select count(*) from old_sessions)
    $$;

grant select (id, email, password_hash, is_active, is_deleted) on users to groundwork_definer;
grant select (workspace_id, user_id, role, joined_at) on workspace_members to groundwork_definer;
grant select, delete on sessions to groundwork_definer;
grant select (user_id, key, created_at, locked_until), delete on idempotency_keys to groundwork_definer;

do $$
declare
    name text;
begin
    grant create on schema public to groundwork_definer; -- an owner of functions must be able to create them
    foreach name in array array[
        'my_workspaces()', 'login_lookup(text)', 'session_stands(uuid, uuid)', 'accounts_counted()',
        'accounts_swept(interval)'
    ] loop
        execute format('alter function %s owner to groundwork_definer', name);
        execute format('revoke all on function %s from public', name);
        execute format('grant execute on function %s to groundwork_app', name);
    end loop;
    revoke create on schema public from groundwork_definer;
end $$;

do $$
declare
    name text;
begin
    foreach name in array array['users', 'workspaces', 'workspace_members', 'sessions', 'idempotency_keys'] loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
    end loop;
end $$;

-- Tables of persons: everybody sees their own rows.
create policy own_row on users to groundwork_app
    using (id = nullif(current_setting('app.user_id', true), '')::uuid)
    with check (id = nullif(current_setting('app.user_id', true), '')::uuid);
create policy own_row on sessions to groundwork_app
    using (user_id = nullif(current_setting('app.user_id', true), '')::uuid)
    with check (user_id = nullif(current_setting('app.user_id', true), '')::uuid);
create policy own_row on idempotency_keys to groundwork_app
    using (user_id = nullif(current_setting('app.user_id', true), '')::uuid)
    with check (user_id = nullif(current_setting('app.user_id', true), '')::uuid);

-- Workspaces: the one that is being worked in, one's own and those one is a member of.
create policy mine on workspaces to groundwork_app
    using (
        id = nullif(current_setting('app.workspace_id', true), '')::uuid
        or owner_id = nullif(current_setting('app.user_id', true), '')::uuid
        or id in (select my_workspaces()))
    with check (owner_id = nullif(current_setting('app.user_id', true), '')::uuid);
create policy mine on workspace_members to groundwork_app
    using (
        user_id = nullif(current_setting('app.user_id', true), '')::uuid
        or workspace_id = nullif(current_setting('app.workspace_id', true), '')::uuid)
    with check (
        workspace_id = nullif(current_setting('app.workspace_id', true), '')::uuid
        and exists (
            select from workspaces w
            where w.id = workspace_members.workspace_id
                and w.owner_id = nullif(current_setting('app.user_id', true), '')::uuid));

create policy definer_reads on users for select to groundwork_definer using (true);
create policy definer_reads on workspace_members for select to groundwork_definer using (true);
create policy definer_sweeps on sessions to groundwork_definer using (true);
create policy definer_sweeps on idempotency_keys to groundwork_definer using (true);

-- The hash of a password can be written and, through login_lookup, compared; the server's role cannot read the column.
grant insert on users to groundwork_app;
grant select (id, email, name, projects_created, max_projects, is_active, is_deleted, last_login_at, created_at, updated_at)
    on users to groundwork_app;
grant update (name, projects_created, last_login_at, updated_at) on users to groundwork_app;
grant select, insert, update on workspaces, workspace_members, sessions to groundwork_app;
grant select, insert, update, delete on idempotency_keys to groundwork_app;
