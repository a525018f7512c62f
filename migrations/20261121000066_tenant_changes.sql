-- The change feed for what came later: an invitation keeps a seat of its organization, an instance is an entity.
create function invitations_changed() returns trigger language plpgsql as $$
begin
    insert into changes (type, id)
    select distinct 'Organization', org.id::text from (values (new.org_id), (old.org_id)) as org (id) where org.id is not null;
    perform pg_notify('doorward_changes', '');
    return null;
end $$;

create trigger invitations_changed after insert or delete or update of org_id, expires_at, ended_at
    on invitations for each row execute function invitations_changed();
create trigger invitations_emptied after truncate on invitations for each statement execute function all_facts_changed();

create function instances_changed() returns trigger language plpgsql as $$
begin
    insert into changes (type, id)
    select distinct 'Instance', instance.id::text from (values (new.id), (old.id)) as instance (id)
    where instance.id is not null;
    perform pg_notify('doorward_changes', '');
    return null;
end $$;

create trigger instances_changed after insert or delete or update of org_id, technical_at, economic_at
    on instances for each row execute function instances_changed();
create trigger instances_emptied after truncate on instances for each statement execute function all_facts_changed();

-- As for the triggers before them: a dump is restored with nothing to look in.
do $$
declare
    name text;
begin
    foreach name in array array['invitations_changed', 'instances_changed', 'membership_ended', 'membership_began',
                                'organization_wallet', 'wallet_entry']
    loop
        execute format('alter function %I() set search_path from current', name);
    end loop;
end $$;
