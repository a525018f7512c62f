-- What is being purged is out of reach from the request on, by policy.
alter table organizations add column deleting_at timestamptz;
alter table workspaces add column deleting_at timestamptz;

-- The name of what is being purged is free again.
alter table workspaces drop constraint workspaces_name;
create unique index workspaces_name on workspaces (org_id, name) where deleting_at is null;
