-- As in 0011, but a project that is just being written is waited for: the busiest ones were left out of a pause, and of its end.
create or replace function claim_halting(halting boolean, after_id uuid, at_most integer)
    returns table (project uuid, place uuid)
    language sql volatile security definer set search_path = pg_catalog, public
    as $$
    with due as (
        select id from public.projects
        where lifecycle = 'active' and workflow_state = 'started' and (after_id is null or id > after_id)
            and case when halting then phase in ('drafting', 'working', 'awaiting_input', 'awaiting_approval') else halted end
        order by id limit at_most for update
    ), marked as (
        update public.projects p set halted = true from due where p.id = due.id and halting and not p.halted
    )
    select p.id, p.workspace_id from public.projects p join due on due.id = p.id order by p.id
    $$;
