-- Who somebody is and how they prove it: refresh tokens, personal API tokens, second factors, and counters that slow
-- guessing down. Whatever is secret is here as its SHA-256 (hex) or sealed; nothing of it can be read back.

-- Sessions: where they were last seen, for the list that a person sees.
alter table sessions
    add column ip inet,
    add column last_seen_at timestamptz not null default now();

-- Every refresh token of a session, the spent ones too: a spent one that comes again was stolen, or its thief is here.
create table refresh_tokens (
    digest     text        primary key check (char_length(digest) = 64),
    session_id uuid        not null references sessions (id) on delete cascade,
    user_id    uuid        not null references users (id),
    created_at timestamptz not null default now(),
    spent_at   timestamptz,
    -- What took its place, and the digest of the Idempotency-Key that it was spent under: a client that lost the answer
    -- gets the same successor again for a moment, as long as that one is unspent.
    successor  text,
    spent_key  text
);
create index refresh_tokens_session on refresh_tokens (session_id);

-- Tokens for programs. Ended by deleting them; what became of them stands in the audit log.
create table api_tokens (
    id           uuid        primary key,
    user_id      uuid        not null references users (id),
    name         text        not null check (char_length(name) between 1 and 100),
    digest       text        not null unique check (char_length(digest) = 64),
    scopes       text[]      not null check (cardinality(scopes) between 1 and 20),
    created_at   timestamptz not null default now(),
    expires_at   timestamptz not null,
    last_used_at timestamptz
);
create index api_tokens_user on api_tokens (user_id);

create table second_factors (
    user_id      uuid        primary key references users (id),
    -- Sealed with AES-256-GCM under a key derived from SECRET_KEY, bound to the person.
    sealed       bytea       not null,
    -- Null: offered, not yet confirmed by a code.
    confirmed_at timestamptz,
    -- The last time step whose code was taken: the same code is never taken twice.
    last_step    bigint      not null default 0,
    created_at   timestamptz not null default now()
);

create table recovery_codes (
    user_id uuid not null references users (id),
    digest  text not null check (char_length(digest) = 64),
    used_at timestamptz,
    primary key (user_id, digest)
);

-- A password that was right, waiting for the second factor.
create table login_challenges (
    digest      text        primary key check (char_length(digest) = 64),
    user_id     uuid        not null references users (id),
    created_at  timestamptz not null default now(),
    expires_at  timestamptz not null,
    tries       integer     not null default 0,
    consumed_at timestamptz
);
create index login_challenges_expiry on login_challenges (expires_at);
create index login_challenges_user on login_challenges (user_id);

-- Where a person signed in from: strangers who guess cannot keep them out there.
create table login_places (
    user_id uuid        not null references users (id),
    -- An IPv4 address or an IPv6 /64.
    place   text        not null check (char_length(place) <= 64),
    last_at timestamptz not null default now(),
    primary key (user_id, place)
);

-- Attempts by what they are counted under: a digest of words of ours, an address, an account. Nobody's row.
create table attempt_counters (
    key           text        primary key check (char_length(key) = 64),
    attempts      integer     not null,
    last_at       timestamptz not null,
    blocked_until timestamptz
);
create index attempt_counters_age on attempt_counters (last_at);

do $$
declare
    name text;
begin
    foreach name in array array['refresh_tokens', 'api_tokens', 'second_factors', 'recovery_codes', 'login_challenges',
                                'login_places', 'attempt_counters']
    loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        if name <> 'attempt_counters' then
            execute format('create policy own_row on %I to groundwork_app '
                           'using (user_id = nullif(current_setting(''app.user_id'', true), '''')::uuid) '
                           'with check (user_id = nullif(current_setting(''app.user_id'', true), '''')::uuid)', name);
        end if;
    end loop;
end $$;

grant select, insert, update on refresh_tokens, login_challenges, login_places to groundwork_app;
grant select, insert, update, delete on api_tokens, second_factors, recovery_codes to groundwork_app;
grant delete on login_challenges, login_places to groundwork_app;
-- Written, never read: what a password is compared with comes from login_lookup and own_password_hash.
grant update (password_hash) on users to groundwork_app;

grant create on schema public to groundwork_definer;

-- Before anything is known: whose is this? --------------------------------------------------------------------------

create policy definer_reads on refresh_tokens for select to groundwork_definer using (true);
create policy definer_all on api_tokens to groundwork_definer using (true) with check (true);
create policy definer_all on login_challenges to groundwork_definer using (true) with check (true);
create policy definer_all on login_places to groundwork_definer using (true);
create policy definer_all on attempt_counters to groundwork_definer using (true) with check (true);
grant select (digest, session_id, user_id) on refresh_tokens to groundwork_definer;
grant select (id, user_id, digest, scopes, expires_at, last_used_at), update (last_used_at) on api_tokens to groundwork_definer;
grant select (digest, user_id, expires_at, tries, consumed_at), update (tries), delete on login_challenges
    to groundwork_definer;
grant select (user_id, place, last_at), delete on login_places to groundwork_definer;
grant select, insert, update, delete on attempt_counters to groundwork_definer;
grant update (last_seen_at) on sessions to groundwork_definer;

-- Whether a token's session still stands; asked with every request, in one statement. Notes that it was seen at most once
-- a minute, and never waits for another request that notes the same.
create function session_seen(wanted_session uuid, wanted_user uuid) returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, public
    as $$
declare
    seen timestamptz;
begin
    select s.last_seen_at into seen
    from public.sessions s join public.users u on u.id = s.user_id
    where s.id = wanted_session and s.user_id = wanted_user
        and s.revoked_at is null and s.expires_at > now() and u.is_active and not u.is_deleted;
    if not found then
        return false;
    end if;
    if seen < now() - interval '1 minute' then
        update public.sessions set last_seen_at = now()
        where id = (select id from public.sessions where id = wanted_session for update skip locked);
    end if;
    return true;
end
$$;

-- The same for a personal API token: whose it is and what it reaches; its use is noted at most once a minute.
create function api_token_used(wanted_digest text)
    returns table (token_id uuid, token_user_id uuid, token_scopes text[])
    language plpgsql volatile security definer set search_path = pg_catalog, public
    as $$
declare
    used timestamptz;
begin
    select t.id, t.user_id, t.scopes, t.last_used_at into token_id, token_user_id, token_scopes, used
    from public.api_tokens t join public.users u on u.id = t.user_id
    where t.digest = wanted_digest and t.expires_at > now() and u.is_active and not u.is_deleted;
    if not found then
        return;
    end if;
    if used is null or used < now() - interval '1 minute' then
        update public.api_tokens set last_used_at = now()
        where id = (select t.id from public.api_tokens t where t.id = token_id for update skip locked);
    end if;
    return next;
end
$$;

-- Whether a token that was used when a stream began is still there.
create function api_token_stands(wanted_token uuid, wanted_user uuid) returns boolean
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select exists (
        select from public.api_tokens t join public.users u on u.id = t.user_id
        where t.id = wanted_token and t.user_id = wanted_user and t.expires_at > now()
            and u.is_active and not u.is_deleted)
    $$;

create function refresh_token_owner(wanted_digest text) returns table (token_session_id uuid, token_user_id uuid)
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select session_id, user_id from public.refresh_tokens where digest = wanted_digest
    $$;

-- Counts a try at a login's second factor; whose it is, while it has tries left.
create function login_challenge_tried(wanted_digest text, tries_max integer) returns uuid
    language sql volatile security definer set search_path = pg_catalog, public
    as $$
    update public.login_challenges set tries = tries + 1
    where digest = wanted_digest and consumed_at is null and expires_at > now() and tries < tries_max
        and exists (select from public.users u where u.id = user_id and u.is_active and not u.is_deleted)
    returning user_id
    $$;

-- The caller's own hash, to be compared when they change it.
create function own_password_hash() returns text
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select password_hash from public.users
    where id = nullif(current_setting('app.user_id', true), '')::uuid and is_active and not is_deleted
    $$;

-- Guessing ------------------------------------------------------------------------------------------------------------

-- Whether somebody with this address signed in from there within 90 days.
create function login_place_known(wanted_email text, wanted_place text) returns boolean
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select exists (
        select from public.login_places p join public.users u on u.id = p.user_id
        where u.email = wanted_email and p.place = wanted_place and p.last_at > now() - interval '90 days')
    $$;

-- Counts one attempt under all keys, unless one of them is blocked: then nothing is counted, and the first of those that
-- block is named (1, 2, …). An attempt that reaches a key's limit blocks it: at first for pause_s, then twice as long with
-- each further one. Whoever was quiet for window_s begins anew. Callers give keys in one order (pairs before addresses before
-- accounts), so that two of them never wait for each other.
create function attempt_counted(keys text[], limits integer[], window_s integer, pause_s integer, pause_s_max integer)
    returns table (blocking integer, attempts_used integer, wait_s integer)
    language plpgsql volatile security definer set search_path = pg_catalog, public
    as $$
declare
    counted integer;
begin
    for place in 1 .. cardinality(keys) loop
        select place, c.attempts, ceil(extract(epoch from c.blocked_until - clock_timestamp()))::integer
        into blocking, attempts_used, wait_s
        from public.attempt_counters c where c.key = keys[place] and c.blocked_until > clock_timestamp();
        if found then
            return next;
            return;
        end if;
    end loop;
    for place in 1 .. cardinality(keys) loop
        -- Decided again under the row's lock: of many attempts at once no more pass than the limit says.
        insert into public.attempt_counters as c (key, attempts, last_at)
        values (keys[place], 1, clock_timestamp())
        on conflict (key) do update
        set attempts = case when c.last_at < clock_timestamp() - window_s * interval '1 second' then 1 else c.attempts + 1 end,
            last_at = clock_timestamp()
        where c.blocked_until is null or c.blocked_until <= clock_timestamp()
        returning c.attempts into counted;
        if not found then
            select place, c.attempts, ceil(extract(epoch from c.blocked_until - clock_timestamp()))::integer
            into blocking, attempts_used, wait_s
            from public.attempt_counters c where c.key = keys[place];
            return next;
            return;
        end if;
        update public.attempt_counters
        set blocked_until = clock_timestamp()
            + least(pause_s * power(2, least(counted - limits[place], 20)), pause_s_max) * interval '1 second'
        where key = keys[place] and counted >= limits[place];
    end loop;
end
$$;

-- Takes back what an attempt that succeeded had counted. The first key (the person at that place) begins anew; under the
-- others only this one attempt is taken back, so that nobody clears an address with an account of their own.
create function attempt_forgiven(keys text[], limits integer[]) returns void
    language sql volatile security definer set search_path = pg_catalog, public
    as $$
    delete from public.attempt_counters where key = keys[1];
    update public.attempt_counters c
    set attempts = greatest(c.attempts - 1, 0),
        blocked_until = case when c.attempts - 1 < given.most then null else c.blocked_until end
    from unnest(keys[2:], limits[2:]) as given (key, most)
    where c.key = given.key
    $$;

-- Takes away what nothing can ask for any more, here too.
create function identity_swept() returns bigint
    language sql volatile security definer set search_path = pg_catalog, public
    as $$
    with old_counters as (
        delete from public.attempt_counters
        where last_at < now() - interval '1 day' and (blocked_until is null or blocked_until < now()) returning 1
    ), old_challenges as (
        delete from public.login_challenges where expires_at < now() - interval '1 hour' returning 1
    ), old_places as (
        delete from public.login_places where last_at < now() - interval '90 days' returning 1
    )
    select (select count(*) from old_counters) + (select count(*) from old_challenges) + (select count(*) from old_places)
    $$;

do $$
declare
    name text;
begin
    foreach name in array array[
        'session_seen(uuid, uuid)', 'api_token_used(text)', 'api_token_stands(uuid, uuid)', 'refresh_token_owner(text)',
        'login_challenge_tried(text, integer)', 'own_password_hash()', 'login_place_known(text, text)',
        'attempt_counted(text[], integer[], integer, integer, integer)', 'attempt_forgiven(text[], integer[])',
        'identity_swept()'
    ] loop
        execute format('alter function %s owner to groundwork_definer', name);
        execute format('revoke all on function %s from public', name);
        execute format('grant execute on function %s to groundwork_app', name);
    end loop;
end $$;

revoke create on schema public from groundwork_definer;
