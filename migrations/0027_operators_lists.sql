-- Operators' lists name projects by their titles too, and the list of dead letters has a total order: a project has one for each failed
-- stage, and they may have failed at the same instant. The functions of 0021 stay, for servers of the build before.

grant create on schema public to groundwork_definer;

create function failed_stages(wanted uuid, wanted_pipeline text, wanted_stage text, wanted_code text, before_at timestamptz,
                              before_id uuid, after_stage text, at_most integer)
    returns table (project uuid, project_title text, place uuid, pipeline text, failed_stage text, failed_attempt integer,
                   failed_code text, is_permanent boolean, calls integer, failed_at timestamptz)
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select p.id, p.title, p.workspace_id, p.pipeline_id, f.stage, f.attempt, f.code, f.is_permanent, f.calls, f.failed_at
    from public.stage_failures f
    join public.projects p on p.id = f.project_id
    where p.lifecycle = 'active' and p.phase <> 'cancelled'
        and (wanted is null or p.id = wanted)
        and (wanted_pipeline is null or p.pipeline_id = wanted_pipeline)
        and (wanted_stage is null or f.stage = wanted_stage)
        and (wanted_code is null or f.code = wanted_code)
        and (before_at is null or (f.failed_at, p.id) < (before_at, before_id)
            or ((f.failed_at, p.id) = (before_at, before_id) and f.stage collate "C" > after_stage collate "C"))
    order by f.failed_at desc, p.id desc, f.stage collate "C"
    limit at_most
    $$;

create function troubles_named(at_most integer)
    returns table (project uuid, project_title text, place uuid, trouble text, at_stage text, trouble_since timestamptz,
                   told_at timestamptz)
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select t.project, p.title, t.place, t.trouble, t.at_stage, t.trouble_since, t.told_at
    from public.known_troubles(at_most) t join public.projects p on p.id = t.project
    order by t.trouble_since, t.project, t.trouble
    $$;

create function supervise_named(stuck_after interval)
    returns table (project uuid, project_title text, place uuid, trouble text, at_stage text, trouble_since timestamptz)
    language sql volatile security definer set search_path = pg_catalog, public
    as $$
    select t.project, p.title, t.place, t.trouble, t.at_stage, t.trouble_since
    from public.supervise(stuck_after) t join public.projects p on p.id = t.project
    $$;

do $$
declare
    name text;
begin
    foreach name in array array['failed_stages(uuid, text, text, text, timestamptz, uuid, text, integer)',
                                'troubles_named(integer)', 'supervise_named(interval)']
    loop
        execute format('alter function %s owner to groundwork_definer', name);
        execute format('revoke all on function %s from public', name);
        execute format('grant execute on function %s to groundwork_app', name);
    end loop;
end $$;

revoke create on schema public from groundwork_definer;
