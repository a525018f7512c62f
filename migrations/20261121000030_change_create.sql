-- The change feed: which entities have changed, for the caches of all replicas. Every transaction that changes facts
-- writes here, by triggers, so that no writer can forget it, nor whoever repairs something by hand.
--
-- A reader asks for rows of transactions that its last look could not see (pg_snapshot). A row's own number would not
-- do: a transaction that commits late has rows with early numbers, and a reader would skip them.
create table changes (
    xid xid8 not null default pg_current_xact_id(),
    -- Of an entity in the policy folder; null means everything.
    type text,
    id text
);

create index changes_xid on changes (xid);

-- Rows below `below` were removed: who has not read so far starts anew. Those below `next` go next.
create table change_trim (
    below xid8 not null,
    next xid8 not null,
    next_at timestamptz not null,
    is_only boolean primary key default true check (is_only)
);

insert into change_trim (below, next, next_at) values ('0', pg_current_xact_id(), now());

-- Arguments: pairs of SQL expressions over a row, the type and the id of an entity that changes with it.
create function facts_changed() returns trigger language plpgsql as $$
declare
    source text := case tg_op
        when 'INSERT' then 'select * from after'
        when 'DELETE' then 'select * from before'
        else 'select * from before union all select * from after'
    end;
    written bigint;
begin
    for argument in 0 .. tg_nargs - 2 by 2 loop
        -- So much at once is cheaper to forget than to tell. No row, no change.
        execute format(
            'with touched as materialized (
                 select distinct %1$s as type, %2$s as id from (%3$s) as fact where %2$s is not null limit 10001
             )
             insert into changes (type, id)
             select type, id from touched where (select count(*) from touched) <= 10000
             union all select null, null where (select count(*) from touched) > 10000',
            tg_argv[argument], tg_argv[argument + 1], source
        );
        get diagnostics written = row_count;
        if written > 0 then
            perform pg_notify('doorward_changes', '');
        end if;
    end loop;
    return null;
end $$;

create function all_facts_changed() returns trigger language plpgsql as $$
begin
    insert into changes (type, id) values (null, null);
    perform pg_notify('doorward_changes', '');
    return null;
end $$;

-- When a key was used last is no fact that a decision needs.
create function api_key_changed() returns trigger language plpgsql as $$
begin
    insert into changes (type, id) values ('ApiKey', coalesce(new.id, old.id));
    perform pg_notify('doorward_changes', '');
    return null;
end $$;

create trigger api_keys_changed after insert or delete or update of id, org_id, hash, scopes, expires_at, revoked_at
    on api_keys for each row execute function api_key_changed();

do $$
declare
    entry record;
    arguments text;
begin
    for entry in
        select * from (values
            ('users', array['''User''', 'id::text']),
            ('organizations', array['''Organization''', 'id::text']),
            ('memberships', array['''Membership''', 'org_id || ''/'' || user_id', '''User''', 'user_id::text',
                                  '''Organization''', 'org_id::text']),
            ('workspaces', array['''Workspace''', 'id::text', '''Organization''', 'org_id::text']),
            ('workspace_members', array['''User''', 'user_id::text']),
            ('agents', array['''Agent''', 'id::text', '''Organization''', 'org_id::text']),
            ('resources', array['type', 'id']),
            ('resource_parents', array['child_type', 'child_id']),
            ('shares', array['resource_type', 'resource_id', '''Workspace''', 'workspace_id::text',
                             '''Agent''', 'agent_id::text'])
        ) as facts (table_name, pairs)
    loop
        select string_agg(quote_literal(pair), ', ' order by position) into arguments
        from unnest(entry.pairs) with ordinality as pairs (pair, position);
        execute format(
            'create trigger %1$s_inserted after insert on %1$s referencing new table as after
                 for each statement execute function facts_changed(%2$s);
             create trigger %1$s_updated after update on %1$s referencing old table as before new table as after
                 for each statement execute function facts_changed(%2$s);
             create trigger %1$s_deleted after delete on %1$s referencing old table as before
                 for each statement execute function facts_changed(%2$s)',
            entry.table_name, arguments
        );
    end loop;
    foreach arguments in array array['users', 'organizations', 'memberships', 'workspaces', 'workspace_members',
                                     'agents', 'resources', 'resource_parents', 'shares', 'api_keys']
    loop
        execute format('create trigger %1$s_emptied after truncate on %1$s
                            for each statement execute function all_facts_changed()', arguments);
    end loop;
end $$;
