-- Everything of projects. workspace_id stands on every tenant table, row-level security is enabled and forced on each of
-- them, and groundwork_app is granted no more than its statements need.

create function current_workspace() returns uuid
    language sql stable parallel safe
    -- After its first use on a pooled connection the setting is '' and not null.
    return nullif(current_setting('app.workspace_id', true), '')::uuid;

create function refuse_change() returns trigger
    language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'integrity_constraint_violation';
end $$;

create function is_digest(candidate text) returns boolean
    language sql immutable parallel safe
    return candidate ~ '^[0-9a-f]{64}$';

create table projects (
    id               uuid        primary key,
    workspace_id     uuid        not null references workspaces (id),
    created_by       uuid        not null references users (id),
    title            text        not null check (char_length(title) between 1 and 200),
    project_type     text        not null default 'greenfield' check (project_type in ('greenfield', 'brownfield')),
    time_investment  text,
    template         text,
    settings         jsonb       not null default '{}',
    -- The pinned definition and limits: what the workflow is started with, also when the sweeper does it.
    pipeline_id      text        not null,
    pipeline_version integer     not null check (pipeline_version > 0),
    pipeline         jsonb       not null,
    limits           jsonb       not null default '{}',
    idea             text        not null check (octet_length(idea) between 1 and 65536),
    idea_digest      text      not null check (is_digest(idea_digest)),
    lifecycle        text        not null default 'active' check (lifecycle in ('active', 'archived', 'deleted')),
    -- 'starting' until Temporal is known to have the workflow; the sweeper starts what stays there.
    workflow_state   text        not null default 'starting' check (workflow_state in ('starting', 'started', 'closed')),
    start_tried_at   timestamptz not null default now(),
    phase            text        not null default 'working' check (phase in ('drafting', 'working', 'awaiting_input',
                                     'awaiting_approval', 'paused', 'completed', 'failed', 'cancelled')),
    status           text        not null check (status ~ '^[a-z][a-z0-9_]{0,63}$'),
    stage            text,
    waiting_for      text,
    refinements_used integer     not null default 0 check (refinements_used >= 0),
    refinements_max  integer     not null default 3 check (refinements_max >= 0),
    -- The domain's Summary, whole; the columns above are what queries filter by.
    summary          jsonb,
    failure          jsonb,
    -- Sums over usage_entries, raised in the transaction that inserts there.
    cost_usd         numeric(20, 10) not null default 0,
    input_tokens     bigint      not null default 0,
    output_tokens    bigint      not null default 0,
    active_ms        bigint      not null default 0,
    model_calls      integer     not null default 0,
    simulated        boolean     not null default false,
    -- The state from which the project can be opened again, and which publication wrote it.
    snapshot         jsonb,
    run              integer     not null default 0,
    history_length   integer     not null default 0,
    -- Under this row's lock they are handed out without gaps, in commit order.
    next_seq         bigint      not null default 1,
    next_turn        bigint      not null default 1,
    created_at       timestamptz not null default now(),
    updated_at       timestamptz not null default now(),
    last_activity_at timestamptz not null default now(),
    completed_at     timestamptz,
    deleted_at       timestamptz,
    unique (workspace_id, id)
);
create index projects_list on projects (workspace_id, last_activity_at desc, id desc) where lifecycle <> 'deleted';
create index projects_by_creator on projects (created_by, created_at desc);
create index projects_starting on projects (start_tried_at) where workflow_state = 'starting';

-- One row an attempt of a stage, as the state machine sees it.
create table tasks (
    workspace_id uuid        not null,
    project_id   uuid        not null,
    stage        text        not null,
    attempt      integer     not null check (attempt > 0),
    agent        text        not null,
    status       text        not null check (status in ('pending', 'working', 'waiting_for_input', 'completed', 'failed',
                                 'superseded', 'cancelled')),
    position     integer     not null,
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now(),
    primary key (project_id, stage, attempt),
    foreign key (workspace_id, project_id) references projects (workspace_id, id)
);

create table events (
    workspace_id uuid        not null,
    project_id   uuid        not null,
    seq          bigint      not null check (seq > 0),
    event_id     uuid        not null unique,
    kind         text        not null check (kind ~ '^[a-z][a-z_]{0,63}$'),
    cause        text        not null,
    item         text,
    command_id   uuid,
    actor        text        not null check (actor in ('user', 'operator', 'system')),
    actor_id     uuid,
    at           timestamptz not null,
    recorded_at  timestamptz not null default now(),
    payload      jsonb       not null,
    primary key (project_id, seq),
    foreign key (workspace_id, project_id) references projects (workspace_id, id),
    check ((actor = 'user') = (actor_id is not null))
);
-- A mutation that was taken waits until the log shows its command.
create index events_by_command on events (project_id, command_id) where command_id is not null;

create table conversation_turns (
    id              uuid        primary key,
    workspace_id    uuid        not null,
    project_id      uuid        not null,
    sequence_number bigint      not null check (sequence_number > 0),
    kind            text        not null check (kind in ('user_input', 'agent_question', 'agent_response', 'system_update')),
    agent_role      text,
    user_id         uuid,
    content         text        not null,
    metadata        jsonb       not null default '{}',
    at              timestamptz not null,
    unique (project_id, sequence_number),
    foreign key (workspace_id, project_id) references projects (workspace_id, id)
);

create table questions (
    workspace_id   uuid        not null,
    project_id     uuid        not null,
    stage          text        not null,
    attempt        integer     not null check (attempt > 0),
    id             text        not null check (id ~ '^Q[1-9][0-9]{0,3}$'),
    position       integer     not null,
    text           text        not null,
    category       text        not null,
    why            text        not null,
    format         text        not null check (format in ('radio', 'checkbox', 'text')),
    options        jsonb       not null,
    state          text        not null default 'open' check (state in ('open', 'answered', 'superseded')),
    answer_options text[]      not null default '{}',
    answer_text    text,
    assumption     text,
    command_id     uuid,
    answered_by    uuid,
    answered_at    timestamptz,
    created_at     timestamptz not null default now(),
    primary key (project_id, stage, attempt, id),
    foreign key (workspace_id, project_id) references projects (workspace_id, id),
    check ((state = 'answered') = (answered_at is not null))
);
create unique index questions_current on questions (project_id, id) where state <> 'superseded';

create table refinements (
    workspace_id uuid        not null,
    project_id   uuid        not null,
    command_id   uuid        not null,
    target       text        not null,
    request      text        not null,
    state        text        not null default 'requested' check (state in ('requested', 'done', 'failed')),
    requested_by uuid,
    requested_at timestamptz not null,
    ended_at     timestamptz,
    primary key (project_id, command_id),
    foreign key (workspace_id, project_id) references projects (workspace_id, id)
);

-- Every version that an agent wrote. The attempt that wrote it says 'written'; which one is current says the state
-- machine, through publish: an attempt that came too late never becomes current.
create table artifacts (
    workspace_id  uuid        not null,
    project_id    uuid        not null,
    name          text        not null check (name ~ '^[a-z][a-z0-9_-]{0,63}$'),
    version       integer     not null check (version > 0),
    digest        text      not null check (is_digest(digest)),
    kind          text        not null check (kind in ('document', 'prompts', 'review')),
    -- A set of prompts is the JSON manifest [{number, version, digest}] over rows of prompts.
    format        text        not null check (format in ('markdown', 'json')),
    content       text        not null,
    stage         text        not null,
    attempt       integer     not null check (attempt > 0),
    agent         text        not null,
    model         text,
    prompt_digest text check (is_digest(prompt_digest)),
    -- What it was written from: the task's sources, as references.
    sources       jsonb       not null default '[]',
    -- Numbers of the prompts that it makes stale once it is current.
    makes_stale   integer[]   not null default '{}',
    state         text        not null default 'written' check (state in ('written', 'current', 'superseded')),
    generated_at  timestamptz not null default now(),
    -- Names the artifact over all its versions: what routes name.
    id            uuid        not null generated always as (md5(project_id::text || '/' || name)::uuid) stored,
    primary key (project_id, name, version),
    foreign key (workspace_id, project_id) references projects (workspace_id, id)
);
create unique index artifacts_current on artifacts (project_id, name) where state = 'current';
create index artifacts_by_id on artifacts (id);

create table prompts (
    -- UUIDv5(project, number, version): what routes name.
    id             uuid        not null unique,
    workspace_id   uuid        not null,
    project_id     uuid        not null,
    number         integer     not null check (number > 0),
    version        integer     not null check (version > 0),
    stage          text        not null check (stage in ('setup', 'backend', 'frontend', 'integration', 'deployment')),
    title          text        not null,
    content        text        not null,
    covers         text[]      not null,
    needs          integer[]   not null,
    checklist      text[]      not null,
    digest         text      not null check (is_digest(digest)),
    is_current     boolean     not null default false,
    is_stale       boolean     not null default false,
    created_at     timestamptz not null default now(),
    primary key (project_id, number, version),
    foreign key (workspace_id, project_id) references projects (workspace_id, id)
);
create unique index prompts_current on prompts (project_id, number) where is_current;

-- Ticks live apart from the prompts, so that ticking is a plain write that no new version of a text undoes by accident.
create table prompt_checks (
    workspace_id uuid        not null,
    project_id   uuid        not null,
    number       integer     not null,
    version      integer     not null,
    position     integer     not null check (position >= 0),
    checked      boolean     not null,
    checked_by   uuid        not null,
    checked_at   timestamptz not null default now(),
    primary key (project_id, number, version, position),
    foreign key (project_id, number, version) references prompts (project_id, number, version),
    foreign key (workspace_id, project_id) references projects (workspace_id, id)
);

create table findings (
    workspace_id   uuid        not null,
    project_id     uuid        not null,
    review         text        not null,
    review_version integer     not null,
    id             text        not null,
    position       integer     not null,
    severity       text        not null check (severity in ('minor', 'major', 'blocker')),
    layer          text        not null check (layer in ('prompt', 'spec', 'intent')),
    prompts        integer[]   not null,
    requirements   text[]      not null,
    problem        text        not null,
    fix            text        not null,
    -- 'reported' until the review is current; 'mended' when a later review replaced it.
    state          text        not null default 'reported' check (state in ('reported', 'open', 'mended', 'superseded')),
    primary key (project_id, review, review_version, id),
    foreign key (project_id, review, review_version) references artifacts (project_id, name, version),
    foreign key (workspace_id, project_id) references projects (workspace_id, id)
);

-- Checkpoints: what was paid for. A finished row is never written again.
create table model_calls (
    workspace_id   uuid        not null,
    project_id     uuid        not null,
    user_id        uuid        not null,
    stage          text        not null,
    attempt        integer     not null check (attempt > 0),
    call_no        integer     not null check (call_no > 0),
    inputs_digest  text      not null check (is_digest(inputs_digest)),
    prompt_digest  text      not null check (is_digest(prompt_digest)),
    agent          text        not null,
    provider       text        not null,
    model          text        not null,
    parameters     jsonb       not null default '{}',
    state          text        not null check (state in ('leased', 'finished', 'failed')),
    -- The worker process that makes the call now, and until when it is believed to live.
    worker_id      uuid,
    lease_until    timestamptz,
    -- Counts purchases under this key, from 1: tells a late owner of a lease from the present one.
    purchase       integer     not null default 1,
    -- What a purchase that was lost with its worker is booked as.
    assumed_input_tokens bigint          not null default 0,
    assumed_cost_usd     numeric(20, 10) not null default 0,
    reply          text,
    stop_reason    text,
    input_tokens   bigint      not null default 0,
    cache_write_5m_tokens bigint not null default 0,
    cache_write_1h_tokens bigint not null default 0,
    cache_read_tokens     bigint not null default 0,
    output_tokens  bigint      not null default 0,
    raw_usage      jsonb,
    cost_usd       numeric(20, 10) not null default 0,
    unpriced       boolean     not null default false,
    estimated      boolean     not null default false,
    simulated      boolean     not null default false,
    request_id     text,
    started_at     timestamptz not null default now(),
    finished_at    timestamptz,
    duration_ms    bigint      not null default 0,
    error          jsonb,
    -- The failed attempt whose finished call this is.
    carried_from   integer,
    primary key (project_id, stage, attempt, call_no),
    foreign key (workspace_id, project_id) references projects (workspace_id, id),
    check ((state = 'leased') = (lease_until is not null)),
    check (state <> 'finished' or reply is not null)
);
create index model_calls_recent on model_calls (workspace_id, started_at desc);

-- The ledger: one row a purchase, also of what was broken off, failed or lost with its worker.
create table usage_entries (
    id             uuid        primary key,
    workspace_id   uuid        not null,
    project_id     uuid        not null,
    user_id        uuid        not null,
    stage          text        not null,
    attempt        integer     not null,
    call_no        integer     not null,
    purchase       integer     not null,
    agent          text        not null,
    provider       text        not null,
    model          text        not null,
    outcome        text        not null check (outcome in ('finished', 'failed', 'abandoned', 'lost', 'late')),
    input_tokens   bigint      not null default 0,
    cache_write_5m_tokens bigint not null default 0,
    cache_write_1h_tokens bigint not null default 0,
    cache_read_tokens     bigint not null default 0,
    output_tokens  bigint      not null default 0,
    cost_usd       numeric(20, 10) not null default 0,
    estimated      boolean     not null default false,
    simulated      boolean     not null default false,
    duration_ms    bigint      not null default 0,
    started_at     timestamptz not null,
    ended_at       timestamptz not null default now(),
    foreign key (workspace_id, project_id) references projects (workspace_id, id)
);
create index usage_by_attempt on usage_entries (project_id, stage, attempt);
create index usage_by_user on usage_entries (workspace_id, user_id, ended_at);

-- One session of work for a person: an attempt of a stage, with what it took (O-22).
create view usage_sessions with (security_invoker = true) as
select workspace_id, project_id, user_id, stage, attempt,
       min(started_at) as session_start,
       max(ended_at) as session_end,
       extract(epoch from max(ended_at) - min(started_at)) as duration_seconds,
       sum(input_tokens + cache_write_5m_tokens + cache_write_1h_tokens + cache_read_tokens + output_tokens)::bigint
           as total_tokens_used,
       sum(cost_usd) as estimated_cost_usd
from usage_entries
group by workspace_id, project_id, user_id, stage, attempt;

create table stage_results (
    workspace_id uuid        not null,
    project_id   uuid        not null,
    stage        text        not null,
    attempt      integer     not null check (attempt > 0),
    outcome      jsonb       not null,
    stored_at    timestamptz not null default now(),
    primary key (project_id, stage, attempt),
    foreign key (workspace_id, project_id) references projects (workspace_id, id)
);

-- The running texts' last 64 KiB as the chunks that were flushed: a crash may lose them, so they cost no WAL.
-- Offsets count bytes of UTF-8 since the stream's begin.
create unlogged table stream_tail (
    workspace_id uuid    not null,
    project_id   uuid    not null,
    stage        text    not null,
    attempt      integer not null,
    start_offset bigint  not null,
    text         text    not null,
    primary key (project_id, stage, attempt, start_offset)
);

-- What each worker sees of each provider; belongs to no tenant and holds nothing of one.
create table provider_health (
    provider             text        not null,
    worker_id            uuid        not null,
    breaker              text        not null check (breaker in ('closed', 'open', 'half_open')),
    consecutive_failures integer     not null default 0,
    last_error           text,
    last_failure_at      timestamptz,
    last_success_at      timestamptz,
    updated_at           timestamptz not null default now(),
    primary key (provider, worker_id)
);

-- Append-only: for everybody by trigger, for groundwork_app also by missing grants.
create trigger events_refuse_change before update or delete or truncate on events
    for each statement execute function refuse_change();
create trigger conversation_turns_refuse_change before update or delete or truncate on conversation_turns
    for each statement execute function refuse_change();
create trigger usage_entries_refuse_change before update or delete or truncate on usage_entries
    for each statement execute function refuse_change();
create trigger stage_results_refuse_change before update or delete or truncate on stage_results
    for each statement execute function refuse_change();

create function refuse_finished() returns trigger
    language plpgsql as $$
begin
    raise exception 'a finished call is never written again' using errcode = 'integrity_constraint_violation';
end $$;
create trigger model_calls_refuse_finished before update or delete on model_calls
    for each row when (old.state = 'finished') execute function refuse_finished();

do $$
declare
    tenant_table text;
begin
    foreach tenant_table in array array['projects', 'tasks', 'events', 'conversation_turns', 'questions', 'refinements',
        'artifacts', 'prompts', 'prompt_checks', 'findings', 'model_calls', 'usage_entries', 'stage_results', 'stream_tail']
    loop
        execute format('alter table %I enable row level security', tenant_table);
        execute format('alter table %I force row level security', tenant_table);
        execute format('create policy tenant on %I to groundwork_app using (workspace_id = current_workspace()) '
                       'with check (workspace_id = current_workspace())', tenant_table);
    end loop;
end $$;

-- A person's list and the question whose project this is go over all workspaces of that person.
create policy member_reads on projects for select to groundwork_app using (workspace_id in (select my_workspaces()));
create policy member_reads on artifacts for select to groundwork_app using (workspace_id in (select my_workspaces()));

-- Only a project whose workflow never started leaves no trace.
create policy only_unstarted on projects as restrictive for delete to groundwork_app using (workflow_state = 'starting');

grant select, insert, update, delete on projects to groundwork_app;
grant select, insert on events, conversation_turns, usage_entries, stage_results to groundwork_app;
grant select, insert, update on tasks, questions, refinements, prompts, prompt_checks, findings, model_calls,
    provider_health to groundwork_app;
grant select, insert on artifacts to groundwork_app;
grant update (state) on artifacts to groundwork_app;
grant select, delete on stream_tail to groundwork_app;
grant select on usage_sessions to groundwork_app;
