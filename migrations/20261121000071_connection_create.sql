-- Keys that seal credentials of connections, themselves sealed with the secret of the installation. The newest one
-- seals; the others are there until everything that they sealed is sealed anew.
create table encryption_keys (
    id uuid primary key,
    -- In which order they were made, whatever clocks say.
    seq bigint generated always as identity unique,
    sealed bytea not null,
    created_at timestamptz not null
);

-- Credentials of providers outside, of a person or of an organization. `settings` are shown, `sealed` never.
create table connections (
    id uuid primary key,
    org_id uuid references organizations (id) on delete cascade,
    owner_id uuid references users (id) on delete cascade,
    provider text not null check (provider in ('s3', 'openai', 'anthropic', 'kubernetes')),
    name text not null,
    settings jsonb not null check (jsonb_typeof(settings) = 'object'),
    encryption_key_id uuid not null references encryption_keys (id),
    sealed bytea not null,
    rotated_at timestamptz not null,
    -- The last test: when, and what went wrong; none if it went well.
    tested_at timestamptz,
    test_error text,
    created_at timestamptz not null,
    version bigint not null default 1,
    constraint connections_one_owner check (num_nonnulls(org_id, owner_id) = 1)
);

create unique index connections_name on connections (org_id, owner_id, lower(name)) nulls not distinct;
create index connections_owner on connections (owner_id) where owner_id is not null;
create index connections_key on connections (encryption_key_id);
create trigger connections_version before update of name, settings, rotated_at on connections
    for each row execute function count_version();

create function connections_changed() returns trigger language plpgsql as $$
begin
    insert into changes (type, id)
    select distinct 'Connection', connection.id::text from (values (new.id), (old.id)) as connection (id)
    where connection.id is not null;
    perform pg_notify('doorward_changes', '');
    return null;
end $$;

create trigger connections_changed after insert or delete or update of org_id, owner_id
    on connections for each row execute function connections_changed();
create trigger connections_emptied after truncate on connections for each statement execute function all_facts_changed();
alter function connections_changed() set search_path from current;
