-- What is counted by time and shared by all replicas: requests of a person or an address, sign-ups from one place. A crash may
-- forget it, so it costs no WAL.

create unlogged table rate_counters (
    -- SHA-256 over the counter's name and whose it is: no address and no person can be read here.
    key      text        primary key check (char_length(key) = 64),
    begun_at timestamptz not null,
    ends_at  timestamptz not null,
    used     integer     not null check (used >= 0)
);
create index rate_counters_end on rate_counters (ends_at);

-- Nobody's rows: reached through the function only.
alter table rate_counters enable row level security;
alter table rate_counters force row level security;
create policy definer_all on rate_counters to groundwork_definer using (true) with check (true);
grant select, insert, update, delete on rate_counters to groundwork_definer;

grant create on schema public to groundwork_definer;

-- Takes up to `wanted` of what is left under a key in this window; says how much it got, what is used then, and in how many
-- milliseconds the window ends. Windows are aligned, and the database's clock is the only one. The row's lock makes callers
-- come one after the other, so that all together never get more than `most`. Each call takes away a few counters that are over.
create function rate_taken(wanted_key text, wanted integer, most integer, window_s integer)
    returns table (granted integer, used_now integer, resets_in_ms bigint)
    language plpgsql volatile security definer set search_path = pg_catalog, public
    as $$
declare
    length interval := window_s * interval '1 second';
    begun timestamptz := date_bin(length, clock_timestamp(), 'epoch');
    before integer;
begin
    insert into public.rate_counters as c (key, begun_at, ends_at, used)
    values (wanted_key, begun, begun + length, 0)
    on conflict (key) do update
    set used = case when c.begun_at = begun then c.used else 0 end, begun_at = begun, ends_at = begun + length
    returning c.used into before;
    granted := greatest(least(wanted, most - before), 0);
    used_now := before + granted;
    update public.rate_counters set used = used_now where key = wanted_key and granted > 0;
    resets_in_ms := ceil(extract(epoch from begun + length - clock_timestamp()) * 1000)::bigint;
    delete from public.rate_counters where key in (
        select c.key from public.rate_counters c
        where c.ends_at < clock_timestamp() and c.key <> wanted_key limit 5 for update skip locked);
    return next;
end
$$;

alter function rate_taken(text, integer, integer, integer) owner to groundwork_definer;
revoke all on function rate_taken(text, integer, integer, integer) from public;
grant execute on function rate_taken(text, integer, integer, integer) to groundwork_app;

revoke create on schema public from groundwork_definer;
