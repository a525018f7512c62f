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

create function all_facts_changed() returns trigger language plpgsql as $$
begin
    insert into changes (type, id) values (null, null);
    perform pg_notify('doorward_changes', '');
    return null;
end $$;

-- When a key was used last is no fact that a decision needs.
create function api_key_changed() returns trigger language plpgsql as $$
begin
    insert into changes (type, id)
    select 'ApiKey', key.id from (values (new.id), (old.id)) as key (id) where key.id is not null;
    perform pg_notify('doorward_changes', '');
    return null;
end $$;

create trigger api_keys_changed after insert or delete or update of id, org_id, hash, scopes, expires_at, revoked_at
    on api_keys for each row execute function api_key_changed();

-- For each table of facts, the entities that change with a row: type and id, as expressions over `fact`.
do $$
declare
    entry record;
    told text := $told$
        with touched as materialized (
            select distinct entity.type, entity.id
            from (%2$s) as fact cross join lateral (values %1$s) as entity (type, id)
            where entity.id is not null
            limit 10001
        ),
        -- So much at once is cheaper to forget than to tell.
        many as materialized (select count(*) > 10000 as are from touched)
        insert into changes (type, id)
        select type, id from touched where not (select are from many)
        union all select null, null where (select are from many)
    $told$;
begin
    for entry in
        select * from (values
            ('users', $e$('User', fact.id::text)$e$),
            ('organizations', $e$('Organization', fact.id::text)$e$),
            ('memberships', $e$('Membership', fact.org_id || '/' || fact.user_id), ('User', fact.user_id::text),
                               ('Organization', fact.org_id::text)$e$),
            ('workspaces', $e$('Workspace', fact.id::text), ('Organization', fact.org_id::text)$e$),
            ('workspace_members', $e$('User', fact.user_id::text)$e$),
            ('agents', $e$('Agent', fact.id::text), ('Organization', fact.org_id::text)$e$),
            ('resources', $e$(fact.type, fact.id)$e$),
            ('resource_parents', $e$(fact.child_type, fact.child_id)$e$),
            ('shares', $e$(fact.resource_type, fact.resource_id), ('Workspace', fact.workspace_id::text),
                          ('Agent', fact.agent_id::text)$e$)
        ) as facts (name, entities)
    loop
        execute format(
            'create function %1$s_changed() returns trigger language plpgsql as $body$
             begin
                 if tg_op = ''INSERT'' then %2$s;
                 elsif tg_op = ''DELETE'' then %3$s;
                 else %4$s;
                 end if;
                 if found then
                     perform pg_notify(''doorward_changes'', '''');
                 end if;
                 return null;
             end $body$;
             create trigger %1$s_inserted after insert on %1$s referencing new table as after
                 for each statement execute function %1$s_changed();
             create trigger %1$s_updated after update on %1$s referencing old table as before new table as after
                 for each statement execute function %1$s_changed();
             create trigger %1$s_deleted after delete on %1$s referencing old table as before
                 for each statement execute function %1$s_changed();
             create trigger %1$s_emptied after truncate on %1$s
                 for each statement execute function all_facts_changed()',
            entry.name,
            format(told, entry.entities, 'select * from after'),
            format(told, entry.entities, 'select * from before'),
            format(told, entry.entities, 'select * from before union all select * from after')
        );
    end loop;
end $$;

-- Whatever the session that writes looks for first (a dump is restored with nothing to look in), it is these tables.
do $$
declare
    name text;
begin
    for name in select p.proname from pg_proc p
                where p.pronamespace = current_schema()::regnamespace and p.proname ~ '_changed$'
    loop
        execute format('alter function %I() set search_path from current', name);
    end loop;
end $$;

create trigger api_keys_emptied after truncate on api_keys for each statement execute function all_facts_changed();
