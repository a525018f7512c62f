-- What is being purged is out of reach from the request on, by policy.
alter table organizations add column deleting_at timestamptz;
alter table workspaces add column deleting_at timestamptz;
