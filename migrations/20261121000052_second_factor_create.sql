-- The second factor of an account: a shared secret for codes that change (RFC 6238), sealed with the installation's
-- secret. It counts from the moment that the person has shown that they can make a code.
create table second_factors (
    user_id uuid primary key references users (id) on delete cascade,
    sealed_secret bytea not null,
    created_at timestamptz not null,
    confirmed_at timestamptz,
    -- The last step whose code was used: none is good twice.
    last_step bigint not null default 0
);

-- For who has lost the device; each is good once.
create table recovery_codes (
    id uuid primary key,
    user_id uuid not null references users (id) on delete cascade,
    hash bytea not null,
    created_at timestamptz not null,
    used_at timestamptz,
    unique (user_id, hash)
);

-- Whether there is one is a fact that decisions ask about.
create function second_factors_changed() returns trigger language plpgsql as $$
begin
    insert into changes (type, id)
    select 'User', person.id::text
    from (select distinct id from (values (new.user_id), (old.user_id)) as both_rows (id)) as person
    where person.id is not null;
    perform pg_notify('doorward_changes', '');
    return null;
end $$;
create trigger second_factors_changed after insert or delete or update of user_id, confirmed_at on second_factors
    for each row execute function second_factors_changed();
create trigger second_factors_emptied after truncate on second_factors
    for each statement execute function all_facts_changed();
do $$
begin
    alter function second_factors_changed() set search_path from current;
end $$;
