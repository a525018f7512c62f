-- Explicit grants on one resource, workspace or agent, to a person, an organization's members, a
-- workspace's members, or (workspaces only, reading only) the platform's admins.
create table shares (
    id uuid primary key,
    resource_type text,
    resource_id text,
    workspace_id uuid references workspaces (id) on delete cascade,
    agent_id uuid references agents (id) on delete cascade,
    grantee text not null check (grantee in ('user', 'organization', 'workspace', 'platform')),
    grantee_user_id uuid references users (id) on delete cascade,
    grantee_org_id uuid references organizations (id) on delete cascade,
    grantee_workspace_id uuid references workspaces (id) on delete cascade,
    level text not null check (level in ('viewer', 'editor')),
    expires_at timestamptz,
    created_at timestamptz not null,
    foreign key (resource_type, resource_id) references resources (type, id) on delete cascade,
    constraint shares_one_target
        check ((resource_type is null) = (resource_id is null)
               and num_nonnulls(resource_id, workspace_id, agent_id) = 1),
    constraint shares_one_grantee
        check ((grantee = 'user') = (grantee_user_id is not null)
               and (grantee = 'organization') = (grantee_org_id is not null)
               and (grantee = 'workspace') = (grantee_workspace_id is not null)),
    constraint shares_platform_reads
        check (grantee <> 'platform' or (workspace_id is not null and level = 'viewer')),
    constraint shares_agent_runs check (agent_id is null or level = 'viewer'),
    constraint shares_once unique nulls not distinct
        (resource_type, resource_id, workspace_id, agent_id, grantee,
         grantee_user_id, grantee_org_id, grantee_workspace_id)
);

create index shares_workspace on shares (workspace_id) where workspace_id is not null;
create index shares_agent on shares (agent_id) where agent_id is not null;
create index shares_user on shares (grantee_user_id) where grantee_user_id is not null;
