-- What people's accounts need besides what decisions ask about: who approved or closed them, and what they may use.
alter table users
    add column approved_at timestamptz,
    add column approved_by uuid references users (id) on delete set null,
    add column disabled_at timestamptz,
    add column disabled_by uuid references users (id) on delete set null,
    add column disabled_reason text constraint users_disabled_reason check (char_length(disabled_reason) <= 256),
    add column deactivated_at timestamptz,
    add column ai_provider text constraint users_ai_provider check (char_length(ai_provider) between 1 and 100),
    add column ai_model text constraint users_ai_model check (char_length(ai_model) between 1 and 100);

-- Whoever was let in before was approved by whoever let them in.
update users set approved_at = created_at where status = 'active';

create index users_by_status on users (status, created_at);

-- Hashes (argon2id, PHC strings) stand apart, so that nothing that reads accounts can show them. An account without a
-- row has no password yet.
create table passwords (
    user_id uuid primary key references users (id) on delete cascade,
    hash text not null,
    changed_at timestamptz not null
);

-- How much a person may store, and how much they do, in bytes.
create table user_quotas (
    user_id uuid primary key references users (id) on delete cascade,
    limit_bytes bigint not null check (limit_bytes >= 0),
    used_bytes bigint not null default 0 check (used_bytes >= 0)
);

-- Recognises the secret of this installation, so that a process with another one does not start.
create table master_key (
    is_only boolean primary key default true check (is_only),
    check_value bytea not null
);

-- Links that are good once: in mails, and the one for the first administrator, which is nobody's yet. The token is made
-- from the id and the installation's secret when the mail is sent; here is its hash.
create table one_time_links (
    id uuid primary key,
    purpose text not null check (purpose in ('verify_email', 'reset_password', 'set_password', 'set_up')),
    user_id uuid references users (id) on delete cascade,
    -- The address that it was made for: another one of the same person is not proven by it.
    email text,
    hash bytea not null unique,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    constraint one_time_links_of_somebody check ((purpose = 'set_up') = (user_id is null)
                                                 and (user_id is null) = (email is null))
);

-- A new one takes the place of an older one.
create unique index one_time_links_live on one_time_links (user_id, purpose) nulls not distinct where used_at is null;
