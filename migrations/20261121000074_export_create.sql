-- What people asked to have packed of their data. The file is an object of the installation's store.
create table exports (
    id uuid primary key,
    user_id uuid not null references users (id) on delete cascade,
    state text not null check (state in ('pending', 'ready', 'failed', 'expired')),
    requested_at timestamptz not null,
    -- How far it is: files packed, of how many.
    files_done bigint not null default 0,
    files_total bigint,
    -- What could not be packed; the file says which.
    files_failed bigint not null default 0,
    finished_at timestamptz,
    expires_at timestamptz,
    size bigint,
    constraint exports_ready check (state <> 'ready' or num_nonnulls(finished_at, expires_at, size) = 3)
);

-- One at a time.
create unique index exports_pending on exports (user_id) where state = 'pending';
create index exports_of_user on exports (user_id, id desc);
-- Those whose archive is there, or may be: of one that failed until it was looked for.
create index exports_expiring on exports (expires_at) where state in ('ready', 'failed');
