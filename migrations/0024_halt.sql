-- Whether operators have paused everything: a state, so that nothing new begins until they let it go on.
create table halts (
    is_one   boolean     primary key default true check (is_one),
    since    timestamptz not null default now()
);

-- Nobody's row: reached through the functions only.
alter table halts enable row level security;
alter table halts force row level security;
create policy definer_all on halts to groundwork_definer using (true) with check (true);
grant select, insert, delete on halts to groundwork_definer;

grant create on schema public to groundwork_definer;

create function set_halted(is_halted boolean) returns void
    language plpgsql volatile security definer set search_path = pg_catalog, public
    as $$
begin
    if is_halted then
        insert into public.halts default values on conflict do nothing;
    else
        delete from public.halts;
    end if;
end
$$;

create function halted_since() returns timestamptz
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select since from public.halts
    $$;

do $$
declare
    name text;
begin
    foreach name in array array['set_halted(boolean)', 'halted_since()']
    loop
        execute format('alter function %s owner to groundwork_definer', name);
        execute format('revoke all on function %s from public', name);
        execute format('grant execute on function %s to groundwork_app', name);
    end loop;
end $$;

revoke create on schema public from groundwork_definer;
