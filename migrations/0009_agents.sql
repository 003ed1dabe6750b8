-- What agents of the pipelines build and handoff leave: turns of tool calls, files, advice, questions to people.

-- What a model wrote piece by piece, where that is more than text: calls of tools, thinking that goes back to it.
alter table model_calls add column parts jsonb;

alter table artifacts drop constraint artifacts_kind_check;
alter table artifacts add constraint artifacts_kind_check
    check (kind in ('document', 'prompts', 'review', 'code', 'handoff'));
alter table findings drop constraint findings_layer_check;
alter table findings add constraint findings_layer_check check (layer in ('prompt', 'spec', 'intent', 'code'));

-- The files of one version of an artifact of kind code, whose content is their manifest (O-17). Never executed. They go with their
-- artifact when a project is erased.
create table artifact_files (
    workspace_id uuid    not null,
    project_id   uuid    not null,
    name         text    not null,
    version      integer not null,
    path         text    not null check (octet_length(path) between 1 and 240 and path !~ '(^|/)\.\.?(/|$)' and path !~ '^/'),
    digest       text    not null check (is_digest(digest)),
    bytes        bigint  not null check (bytes >= 0),
    content      text    not null,
    -- Names the file: what routes name.
    id           uuid    not null generated always as
                         (md5(project_id::text || '/' || name || '/' || version || '/' || path)::uuid) stored,
    primary key (project_id, name, version, path),
    foreign key (project_id, name, version) references artifacts (project_id, name, version) on delete cascade,
    foreign key (workspace_id, project_id) references projects (workspace_id, id)
);
create index artifact_files_by_id on artifact_files (id);

-- What an advisor said beside a gate: never binding.
create table advice (
    workspace_id     uuid        not null,
    project_id       uuid        not null,
    stage            text        not null,
    attempt          integer     not null,
    gate             text        not null,
    request_id       uuid        not null,
    artifact_name    text        not null,
    artifact_version integer     not null,
    artifact_digest  text        not null check (is_digest(artifact_digest)),
    recommendation   text        not null check (recommendation in ('approve', 'revise')),
    reasons          text[]      not null,
    model            text,
    prompt_digest    text        check (is_digest(prompt_digest)),
    created_at       timestamptz not null default now(),
    primary key (project_id, stage, attempt),
    foreign key (project_id, stage, attempt) references stage_results (project_id, stage, attempt) on delete cascade,
    foreign key (workspace_id, project_id) references projects (workspace_id, id)
);
create index advice_by_request on advice (request_id);

-- What an attempt asked a person, and what it needs to go on with their answer.
create table agent_questions (
    workspace_id uuid        not null,
    project_id   uuid        not null,
    stage        text        not null,
    attempt      integer     not null,
    request_id   uuid        not null unique,
    question     text        not null,
    reason       text        not null,
    digest       text        not null check (is_digest(digest)),
    -- The call of the tool whose result the answer is.
    call_id      text        not null,
    -- What the attempt was for, and what people had answered it before: [{call_id, text}].
    work         jsonb       not null,
    answers      jsonb       not null default '[]',
    asked_at     timestamptz not null default now(),
    primary key (project_id, stage, attempt),
    foreign key (project_id, stage, attempt) references stage_results (project_id, stage, attempt) on delete cascade,
    foreign key (workspace_id, project_id) references projects (workspace_id, id)
);

do $$
declare
    tenant_table text;
begin
    foreach tenant_table in array array['artifact_files', 'advice', 'agent_questions']
    loop
        execute format('alter table %I enable row level security', tenant_table);
        execute format('alter table %I force row level security', tenant_table);
        execute format('create policy tenant on %I to groundwork_app using (workspace_id = current_workspace()) '
                       'with check (workspace_id = current_workspace())', tenant_table);
    end loop;
end $$;

grant select, insert on artifact_files, advice, agent_questions to groundwork_app;
