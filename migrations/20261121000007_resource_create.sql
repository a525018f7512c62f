-- Objects of applications, under the ids that the applications give them. `attributes` fit the type's
-- declaration in the policy folder when they are written, and are checked again when they are used.
create table resources (
    type text not null,
    id text not null,
    workspace_id uuid not null references workspaces (id) on delete cascade,
    owner_id uuid references users (id),
    attributes jsonb not null default '{}' check (jsonb_typeof(attributes) = 'object'),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (type, id)
);

create index resources_workspace on resources (workspace_id, type, id);
create index resources_owner on resources (owner_id);

-- A parent that still has children stays.
create table resource_parents (
    child_type text not null,
    child_id text not null,
    parent_type text not null,
    parent_id text not null,
    foreign key (child_type, child_id) references resources (type, id) on delete cascade,
    constraint resource_parents_parent foreign key (parent_type, parent_id) references resources (type, id)
);

-- Two of the longest ids do not fit into one entry of an index: one of them is hashed.
create unique index resource_parents_once
    on resource_parents (child_type, child_id, md5(parent_type || '/' || parent_id));
create index resource_parents_parent on resource_parents (parent_type, parent_id);
