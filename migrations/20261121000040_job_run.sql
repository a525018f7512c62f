-- What running a job needs. The row is the job: Redis, where it is used, holds nothing but hints that a row is due.
-- All times of the queue are the store's, which every machine shares.
alter table jobs
    drop constraint jobs_state_check,
    add constraint jobs_state_check check (state in ('pending', 'running', 'done', 'dead', 'cancelled')),
    -- Claims of this job so far; a claim that is handed back does not count.
    add column attempt integer not null default 0,
    -- Since when it could have run: its enqueueing, or the last time somebody retried it. The deadline counts from here.
    add column due_since timestamptz not null default now(),
    -- When a relay last handed it to the transport, and how often one did: a hint that is lost is given again.
    add column relayed_at timestamptz,
    add column epoch integer not null default 0,
    -- The fence: what a worker does counts only while it holds this token.
    add column lease_token uuid,
    add column lease_until timestamptz,
    -- The worker that runs it, or ran it last.
    add column worker text,
    add column last_error text,
    add column started_at timestamptz,
    add column finished_at timestamptz,
    -- W3C traceparent of the request that asked for it.
    add column traceparent text,
    add constraint jobs_lease check ((state = 'running') = (lease_token is not null)
                                     and (lease_token is null) = (lease_until is null)),
    add constraint jobs_finished check ((state in ('done', 'dead', 'cancelled')) = (finished_at is not null));

alter table jobs alter column run_at set default now(), alter column created_at set default now();

drop index jobs_due;
create index jobs_due on jobs (kind, priority desc, run_at) where state = 'pending';
create index jobs_waiting on jobs (kind, due_since) where state = 'pending';
create index jobs_leased on jobs (lease_until) where state = 'running';
create index jobs_finished_by_kind on jobs (kind, state, finished_at) where finished_at is not null;
create index jobs_of_user on jobs (user_id, id) where user_id is not null;
create index jobs_of_org on jobs (org_id, id) where org_id is not null;
create index jobs_of_workspace on jobs (workspace_id, id) where workspace_id is not null;

-- Every attempt that did not succeed.
create table job_failures (
    job_id uuid not null references jobs on delete cascade,
    attempt integer not null,
    at timestamptz not null default now(),
    worker text,
    error text not null
);
create index job_failures_of on job_failures (job_id, at);

-- The kinds that workers know, as the workers last told when they started, and which of them an operator has paused.
create table job_kinds (
    kind text primary key,
    queue text not null,
    attempts integer not null check (attempts > 0),
    timeout_seconds integer not null check (timeout_seconds > 0),
    -- How long after due_since it is given up.
    lifetime_seconds bigint not null check (lifetime_seconds > 0),
    -- The length of a slot, for kinds that run by themselves.
    every_seconds integer check (every_seconds > 0),
    paused_at timestamptz
);

-- One row for each slot of a schedule that was taken: whoever inserts it enqueues the run.
create table job_slots (
    kind text not null,
    slot timestamptz not null,
    job_id uuid,
    primary key (kind, slot)
);

-- Wakes the relays of all processes.
create function jobs_due() returns trigger language plpgsql as $$
begin
    perform pg_notify('doorward_jobs', '');
    return null;
end $$;
create trigger jobs_due after insert on jobs for each statement execute function jobs_due();
