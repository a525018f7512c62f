-- The decision log: what was asked and what was answered, for a while. A partition holds one day (UTC),
-- so that forgetting is dropping a table, not deleting rows; there is no default partition, which would
-- keep what should be forgotten. `at` is the time inside the id, so that an id leads to its day.
create table decisions (
    id uuid not null,
    at timestamptz not null,
    org_id uuid,
    caller_type text not null,
    caller_id text not null,
    principal_type text,
    principal_id text,
    action text,
    resource_type text,
    resource_id text,
    -- json, not jsonb: it is shown as it was and never looked into.
    context json not null,
    masked text[] not null,
    decision text not null check (decision in ('allow', 'deny')),
    reason text,
    message text,
    policies text[] not null,
    is_withheld boolean not null,
    revision text not null,
    policy_hash text not null,
    request_id text,
    duration_us bigint not null,
    batch_index integer,
    primary key (at, id)
) partition by range (at);

-- Each is in the order in which lists are read: newest last.
create index decisions_org on decisions (org_id, at, id);
create index decisions_principal on decisions (principal_id, principal_type, at, id);
create index decisions_resource on decisions (resource_id, resource_type, at, id);
create index decisions_action on decisions (action, at, id);
create index decisions_reason on decisions (reason, at, id);
create index decisions_policies on decisions using gin (policies);

-- Makes the partition of a day, if it is not there. Replicas wait for one another. The table is made on its own
-- and attached then, because that lets others go on reading and writing meanwhile.
create function create_decision_partition(day date) returns void language plpgsql as $$
declare
    partition text := 'decisions_' || to_char(day, 'YYYYMMDD');
begin
    if to_regclass(partition) is not null then
        return;
    end if;
    perform pg_advisory_xact_lock(hashtext('doorward.decisions'));
    -- Not to_regclass once more: it may remember that there was none before the wait.
    if exists (select from pg_inherits i join pg_class c on c.oid = i.inhrelid
               where i.inhparent = 'decisions'::regclass and c.relname = partition) then
        return;
    end if;
    execute format('create table %I (like decisions including constraints including indexes)', partition);
    execute format('alter table decisions attach partition %I for values from (%L) to (%L)', partition,
                   to_char(day, 'YYYY-MM-DD') || ' 00:00:00+00', to_char(day + 1, 'YYYY-MM-DD') || ' 00:00:00+00');
end $$;

-- Drops the partitions of the days before one; tells how many. If another replica is at it, there is nothing to do.
create function drop_decision_partitions(before date) returns integer language plpgsql as $$
declare
    partition regclass;
    dropped integer := 0;
begin
    if not pg_try_advisory_xact_lock(hashtext('doorward.decisions')) then
        return 0;
    end if;
    for partition in
        select c.oid::regclass from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'decisions'::regclass
          and to_date(right(c.relname, 8), 'YYYYMMDD') < before
    loop
        execute format('drop table %s', partition);
        dropped := dropped + 1;
    end loop;
    return dropped;
end $$;
