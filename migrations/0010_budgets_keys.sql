-- Money and keys: budgets of projects and workspaces, what calls under way have reserved of them, and people's own provider keys.

create table budgets (
    -- The project, or the workspace as a whole.
    scope_id       uuid          primary key,
    workspace_id   uuid          not null references workspaces (id),
    project_id     uuid,
    -- Null: no limit. A budget says at least one of them.
    tokens_max     bigint        check (tokens_max >= 0),
    usd_max        numeric(20, 10) check (usd_max >= 0),
    -- Whether models without a price may be called under a limit in US dollars.
    allow_unpriced boolean       not null default false,
    set_by         uuid,
    created_at     timestamptz   not null default now(),
    updated_at     timestamptz   not null default now(),
    check (scope_id = coalesce(project_id, workspace_id)),
    check (tokens_max is not null or usd_max is not null),
    foreign key (workspace_id, project_id) references projects (workspace_id, id)
);
create index budgets_workspace on budgets (workspace_id);

-- The most expensive outcome of a call, held back while the call is leased: what it really took goes to the ledger at its end,
-- and a call that is no longer leased reserves nothing.
alter table model_calls
    add column reserved_tokens bigint          not null default 0 check (reserved_tokens >= 0),
    add column reserved_usd    numeric(20, 10) not null default 0 check (reserved_usd >= 0);
create index model_calls_leased on model_calls (workspace_id) where state = 'leased';

-- Keys of people and of workspaces: sealed, bound to the row they stand in; nobody reads one back.
create table user_api_keys (
    user_id    uuid        not null references users (id),
    provider   text        not null check (provider in ('anthropic', 'openai')),
    -- Nonce and ciphertext (AES-256-GCM), as domain's seal makes it.
    sealed     bytea       not null,
    -- Which key of the key ring sealed it.
    key_id     text        not null check (char_length(key_id) between 1 and 40),
    last_four  text        not null check (char_length(last_four) <= 4),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (user_id, provider)
);

create table workspace_api_keys (
    workspace_id uuid        not null references workspaces (id),
    provider     text        not null check (provider in ('anthropic', 'openai')),
    sealed       bytea       not null,
    key_id       text        not null check (char_length(key_id) between 1 and 40),
    last_four    text        not null check (char_length(last_four) <= 4),
    set_by       uuid        not null,
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now(),
    primary key (workspace_id, provider)
);

do $$
declare
    tenant_table text;
begin
    foreach tenant_table in array array['budgets', 'workspace_api_keys']
    loop
        execute format('alter table %I enable row level security', tenant_table);
        execute format('alter table %I force row level security', tenant_table);
        execute format('create policy tenant on %I to groundwork_app using (workspace_id = current_workspace()) '
                       'with check (workspace_id = current_workspace())', tenant_table);
    end loop;
end $$;
alter table user_api_keys enable row level security;
alter table user_api_keys force row level security;
create policy mine on user_api_keys to groundwork_app
    using (user_id = current_person()) with check (user_id = current_person());

grant select, insert, update, delete on budgets to groundwork_app;
-- All but what is sealed: that only sealed_keys() gives out.
grant select (user_id, provider, key_id, last_four, created_at, updated_at), insert, update, delete on user_api_keys
    to groundwork_app;
grant select (workspace_id, provider, key_id, last_four, set_by, created_at, updated_at), insert, update, delete
    on workspace_api_keys to groundwork_app;

grant create on schema public to groundwork_definer;

-- The keys that a call of a project may be made with, in the order in which they are tried: of who began the project, as long as they
-- belong to its workspace, then of the workspace. Answers only inside a transaction of that workspace: a worker's.
create function sealed_keys(wanted uuid, wanted_provider text)
    returns table (of_user uuid, of_workspace uuid, sealed_key bytea, ring_key text, tail text)
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select k.user_id, null::uuid, k.sealed, k.key_id, k.last_four
    from public.projects p
    join public.workspace_members m on m.workspace_id = p.workspace_id and m.user_id = p.created_by and m.joined_at is not null
    join public.user_api_keys k on k.user_id = p.created_by and k.provider = wanted_provider
    where p.id = wanted and p.workspace_id = public.current_workspace()
    union all
    select null::uuid, k.workspace_id, k.sealed, k.key_id, k.last_four
    from public.projects p
    join public.workspace_api_keys k on k.workspace_id = p.workspace_id and k.provider = wanted_provider
    where p.id = wanted and p.workspace_id = public.current_workspace()
    $$;
grant select on user_api_keys, workspace_api_keys to groundwork_definer;
grant delete on user_api_keys, workspace_api_keys to groundwork_definer;
create policy definer_all on user_api_keys to groundwork_definer using (true) with check (true);
create policy definer_all on workspace_api_keys to groundwork_definer using (true) with check (true);
grant select on budgets to groundwork_definer;
grant delete on budgets to groundwork_definer;
create policy definer_all on budgets to groundwork_definer using (true) with check (true);
alter function sealed_keys owner to groundwork_definer;
revoke all on function sealed_keys from public;
grant execute on function sealed_keys to groundwork_app;

create or replace function erase_workspace(wanted uuid) returns void
    language sql volatile security definer set search_path = pg_catalog, public
    as $$
    select public.erase_project(id) from public.projects where workspace_id = wanted and erased_at is null;
    delete from public.workspace_api_keys where workspace_id = wanted;
    delete from public.budgets where workspace_id = wanted;
    delete from public.invitations where workspace_id = wanted;
    delete from public.workspace_members where workspace_id = wanted;
    update public.workspaces set name = 'Erased', settings = '{}', erased_at = now() where id = wanted;
    $$;

create or replace function erase_person(wanted uuid) returns void
    language sql volatile security definer set search_path = pg_catalog, public
    as $$
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

revoke create on schema public from groundwork_definer;
