-- Files in workspaces: what is known of them. The bytes are an object of a store, under the workspace's prefix.
create table documents (
    id uuid primary key,
    workspace_id uuid not null references workspaces (id) on delete cascade,
    -- Who stored it, against whose quota it counts; nobody once they are gone.
    owner_id uuid references users (id) on delete set null,
    -- By which connection; none for the store of the installation. One that is in use is not deleted.
    connection_id uuid references connections (id),
    name text not null,
    content_type text not null,
    size bigint not null check (size >= 0),
    sha256 bytea not null check (length(sha256) = 32),
    -- uploading: it was announced, and its bytes are reserved. deleting: its object is being erased.
    state text not null check (state in ('uploading', 'ready', 'deleting')),
    -- The multipart upload that it comes by.
    upload_id text,
    -- Until when bytes can still arrive, whatever happens here: the end of the last address that was signed for them.
    upload_expires_at timestamptz not null,
    created_at timestamptz not null,
    ready_at timestamptz,
    -- Since when its bytes are being erased.
    deleting_at timestamptz,
    constraint documents_ready check (state = 'uploading' or ready_at is not null or state = 'deleting')
);

create index documents_workspace on documents (workspace_id, created_at, id);
create index documents_owner on documents (owner_id) where owner_id is not null;
create index documents_connection on documents (connection_id) where connection_id is not null;
create index documents_uploading on documents (upload_expires_at) where state = 'uploading';
create index documents_deleting on documents (id) where state = 'deleting';

-- Bytes that the documents of an organization take, and those of a workspace: counted by the rows themselves, however
-- they come and go. Those of a person stand in user_quotas.
create table storage_usage (
    org_id uuid primary key references organizations (id) on delete cascade,
    used_bytes bigint not null check (used_bytes >= 0)
);

create function documents_counted() returns trigger language plpgsql as $$
declare
    size bigint := case when tg_op = 'INSERT' then new.size else -old.size end;
    owner uuid := case when tg_op = 'INSERT' then new.owner_id else old.owner_id end;
    org uuid := (select org_id from workspaces
                 where id = case when tg_op = 'INSERT' then new.workspace_id else old.workspace_id end);
begin
    if owner is not null then
        update user_quotas set used_bytes = used_bytes + size where user_id = owner;
    end if;
    if org is not null then
        insert into storage_usage (org_id, used_bytes) values (org, greatest(size, 0))
        on conflict (org_id) do update set used_bytes = storage_usage.used_bytes + size;
    end if;
    return null;
end $$;

create trigger documents_counted after insert or delete on documents for each row execute function documents_counted();

create function documents_changed() returns trigger language plpgsql as $$
begin
    insert into changes (type, id)
    select distinct 'StoredDocument', document.id::text from (values (new.id), (old.id)) as document (id)
    where document.id is not null;
    perform pg_notify('doorward_changes', '');
    return null;
end $$;

create trigger documents_changed after insert or delete or update of workspace_id, owner_id
    on documents for each row execute function documents_changed();
create trigger documents_emptied after truncate on documents for each statement execute function all_facts_changed();
alter function documents_counted() set search_path from current;
alter function documents_changed() set search_path from current;
