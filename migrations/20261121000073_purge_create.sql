-- Erasures of accounts, organizations and workspaces, with their receipts. A row outlives its subject and names no person.
create table purges (
    id uuid primary key,
    subject text not null check (subject in ('user', 'organization', 'workspace')),
    subject_id uuid not null,
    -- The organization whose owners are told, and whose chain of the audit log it is in while there is one.
    org_id uuid,
    -- Who asked; nobody once they are gone.
    requested_by uuid references users (id) on delete set null,
    -- waiting: it can still be called off.
    state text not null check (state in ('waiting', 'running', 'done', 'cancelled')),
    step text not null default 'remote'
        check (step in ('remote', 'connections', 'objects', 'rows', 'verify', 'receipt')),
    -- What a cancellation gives back.
    previous_status text,
    requested_at timestamptz not null,
    -- From when on it runs.
    due_at timestamptz not null,
    -- From when on it goes on without what cannot be reached.
    deadline_at timestamptz not null,
    -- Until when an upload can still arrive by an address that was signed before.
    uploads_until timestamptz not null,
    started_at timestamptz,
    finished_at timestamptz,
    -- Shows it, and calls it off, without an account.
    token_hash bytea not null unique,
    -- What the last search for leftovers found.
    verified_at timestamptz,
    rows_left bigint,
    receipt jsonb,
    constraint purges_finished check ((state in ('done', 'cancelled')) = (finished_at is not null)),
    constraint purges_receipt check ((state = 'done') = (receipt is not null))
);

-- One at a time: who asks twice is told of the first.
create unique index purges_live on purges (subject, subject_id) where state in ('waiting', 'running');
create index purges_due on purges (due_at) where state in ('waiting', 'running');
create index purges_requested_by on purges (requested_by) where requested_by is not null;

-- All that goes with it: a person's own workspace, and organizations with nobody else in them.
create table purge_targets (
    purge_id uuid not null references purges (id) on delete cascade,
    kind text not null check (kind in ('user', 'organization', 'workspace')),
    id uuid not null,
    primary key (purge_id, kind, id)
);
create index purge_targets_of on purge_targets (kind, id);

-- To whom the mails about it go: name, address and language, sealed. A row goes when its receipt is sent.
create table purge_recipients (
    purge_id uuid not null references purges (id) on delete cascade,
    number integer not null,
    sealed bytea not null,
    primary key (purge_id, number)
);

create table purge_steps (
    purge_id uuid not null references purges (id) on delete cascade,
    step text not null,
    started_at timestamptz not null,
    finished_at timestamptz,
    -- What it has erased so far, by class.
    counts jsonb not null default '{}' check (jsonb_typeof(counts) = 'object'),
    primary key (purge_id, step)
);

-- What is about to be erased from a store, written before: the transaction that removes the row counts it.
create table purge_intents (
    id bigint generated always as identity primary key,
    purge_id uuid not null references purges (id) on delete cascade,
    step text not null,
    connection_id uuid,
    remains jsonb not null
);
-- By a hash: names of objects, versions and uploads together can be longer than an entry of an index.
create unique index purge_intents_once on purge_intents (purge_id, step, connection_id, md5(remains::text))
    nulls not distinct;

-- What could not be erased or reached, as the receipt tells.
create table purge_exceptions (
    id bigint generated always as identity primary key,
    purge_id uuid not null references purges (id) on delete cascade,
    step text not null,
    connection_id uuid,
    -- One object; none where a whole store is out of reach.
    remains jsonb,
    error text not null,
    at timestamptz not null
);
create unique index purge_exceptions_once on purge_exceptions (purge_id, step, connection_id, md5(remains::text))
    nulls not distinct;

-- What a person did is found to be erased with their account; nearly all decisions are asked for by applications.
create index decisions_caller on decisions (caller_id, at, id) where caller_type = 'User';
