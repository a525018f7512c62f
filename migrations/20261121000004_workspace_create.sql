-- Folders of content: an organization's, or a person's own (personal, always private, one each).
create table workspaces (
    id uuid primary key,
    org_id uuid references organizations (id) on delete cascade,
    owner_id uuid constraint workspaces_personal unique references users (id) on delete cascade,
    name text not null,
    visibility text not null check (visibility in ('private', 'org')),
    is_default boolean not null default false,
    created_at timestamptz not null,
    constraint workspaces_org_or_owner check ((org_id is null) <> (owner_id is null)),
    constraint workspaces_personal_private check (org_id is not null or (visibility = 'private' and not is_default)),
    constraint workspaces_name unique (org_id, name),
    -- Lets workspace_members refer to a workspace together with its organization.
    unique (id, org_id)
);

create unique index workspaces_default on workspaces (org_id) where is_default;
