-- People's provider keys that an older SECRET_KEY sealed are sealed anew, so that it can be retired. Only a worker can do that: opening
-- them is for agents alone, and servers may not read what is sealed but through these functions.

grant create on schema public to groundwork_definer;

-- Keys that another key of the ring sealed, in an order, after that of the call before.
create function keys_sealed_before(ring_now text, after_owner uuid, after_provider text, at_most integer)
    returns table (of_user uuid, of_workspace uuid, of_provider text, sealed_key bytea)
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select * from (
        select k.user_id, null::uuid as workspace_id, k.provider, k.sealed from public.user_api_keys k where k.key_id <> ring_now
        union all
        select null::uuid, k.workspace_id, k.provider, k.sealed from public.workspace_api_keys k where k.key_id <> ring_now
    ) as old
    where after_owner is null or (coalesce(old.user_id, old.workspace_id), old.provider) > (after_owner, after_provider)
    order by coalesce(old.user_id, old.workspace_id), old.provider
    limit at_most
    $$;

-- The same key under another key of the ring; false: it was replaced or taken away meanwhile, and stays as it is.
create function key_sealed_anew(of_user uuid, of_workspace uuid, of_provider text, was bytea, becomes bytea, ring_now text)
    returns boolean
    language sql volatile security definer set search_path = pg_catalog, public
    as $$
    with of_person as (
        update public.user_api_keys set sealed = becomes, key_id = ring_now
        where user_id = of_user and provider = of_provider and sealed = was returning 1
    ), of_place as (
        update public.workspace_api_keys set sealed = becomes, key_id = ring_now
        where workspace_id = of_workspace and provider = of_provider and sealed = was returning 1
    )
    select exists (select from of_person) or exists (select from of_place)
    $$;
grant update (sealed, key_id) on user_api_keys, workspace_api_keys to groundwork_definer;

do $$
declare
    name text;
begin
    foreach name in array array['keys_sealed_before(text, uuid, text, integer)',
                                'key_sealed_anew(uuid, uuid, text, bytea, bytea, text)']
    loop
        execute format('alter function %s owner to groundwork_definer', name);
        execute format('revoke all on function %s from public', name);
        execute format('grant execute on function %s to groundwork_app', name);
    end loop;
end $$;

revoke create on schema public from groundwork_definer;
