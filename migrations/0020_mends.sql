-- What a review of accounts found. Numbered so that it stands behind what was on its way at the same time.

-- Where and with what program somebody did something is part of the record (R-12): it goes with its person, but nobody changes it.
create trigger audit_origins_refuse_change before update or truncate on audit_origins
    for each statement execute function refuse_change();

grant create on schema public to groundwork_definer;

-- Accounts whose address was never shown to be anybody's, and that nobody ever signed in to: they would fill the installation.
create function unverified_swept(older interval, at_most integer) returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, public
    as $$
declare
    one uuid;
    swept bigint := 0;
begin
    for one in
        select id from public.users
        where email_verified_at is null and last_login_at is null and not is_deleted and created_at < now() - older
            and projects_created = 0
            and not exists (select from public.sessions s where s.user_id = users.id)
        order by created_at limit at_most for update skip locked
    loop
        update public.workspaces set lifecycle = 'deleted', deleted_at = now()
        where owner_id = one and lifecycle <> 'deleted';
        perform public.erase_person(one);
        update public.users set is_deleted = true, deleted_at = now() where id = one;
        swept := swept + 1;
    end loop;
    return swept;
end
$$;

-- An operator says what a workspace pays for; false: there is no such workspace.
create function plan_set(place uuid, tier text) returns boolean
    language sql volatile security definer set search_path = pg_catalog, public
    as $$
    with changed as (
        update public.workspaces set plan_tier = tier, updated_at = now()
        where id = place and lifecycle <> 'deleted' returning id
    )
    select exists (select from changed)
    $$;

do $$
declare
    name text;
begin
    foreach name in array array['unverified_swept(interval, integer)', 'plan_set(uuid, text)'] loop
        execute format('alter function %s owner to groundwork_definer', name);
        execute format('revoke all on function %s from public', name);
        execute format('grant execute on function %s to groundwork_app', name);
    end loop;
end $$;
grant select (created_at, last_login_at, projects_created) on users to groundwork_definer;
grant select (user_id) on sessions to groundwork_definer;
grant update (plan_tier, updated_at) on workspaces to groundwork_definer;

revoke create on schema public from groundwork_definer;
