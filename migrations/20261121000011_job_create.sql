-- Background work, written in the transaction of the change that asks for it: both are committed, or
-- neither. The tenant columns say whose work it is.
create table jobs (
    id uuid primary key,
    kind text not null,
    user_id uuid,
    org_id uuid,
    workspace_id uuid,
    unique_key text,
    payload jsonb not null,
    priority smallint not null default 0,
    state text not null default 'pending' check (state in ('pending')),
    run_at timestamptz not null,
    created_at timestamptz not null
);

-- While a job waits, the same one is not queued again.
create unique index jobs_unique on jobs (kind, unique_key) where state = 'pending';
create index jobs_due on jobs (priority desc, run_at) where state = 'pending';
