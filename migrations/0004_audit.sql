-- Who did what (R-12): append-only, readable by those who administer the workspace. What happened to an account itself
-- stands in the person's own workspace. Where it came from lies in a table of its own, so that it can be erased (R-19)
-- while the record of what happened stays.

create table audit_logs (
    id            uuid        primary key,
    workspace_id  uuid        not null,
    -- Null: the installation itself (a schedule), or nobody that is known.
    user_id       uuid,
    action        text        not null check (char_length(action) between 1 and 100),
    resource_type text        not null check (char_length(resource_type) between 1 and 100),
    resource_id   text        not null check (char_length(resource_id) <= 255),
    -- Ids, counts and words of ours; never a text that somebody wrote, never a secret.
    details       jsonb       not null default '{}',
    at            timestamptz not null default now()
);
create index audit_logs_recent on audit_logs (workspace_id, at desc, id desc);

create table audit_origins (
    audit_id     uuid primary key references audit_logs (id),
    workspace_id uuid not null,
    user_id      uuid,
    ip           inet,
    user_agent   text check (char_length(user_agent) <= 255)
);
create index audit_origins_user on audit_origins (user_id);

create trigger audit_logs_refuse_change before update or delete or truncate on audit_logs
    for each statement execute function refuse_change();

do $$
declare
    tenant_table text;
begin
    foreach tenant_table in array array['audit_logs', 'audit_origins']
    loop
        execute format('alter table %I enable row level security', tenant_table);
        execute format('alter table %I force row level security', tenant_table);
        execute format('create policy tenant on %I to groundwork_app using (workspace_id = current_workspace()) '
                       'with check (workspace_id = current_workspace())', tenant_table);
    end loop;
end $$;

grant select, insert on audit_logs, audit_origins to groundwork_app;
