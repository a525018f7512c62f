-- AI agents: free ones are everybody's, proprietary ones an organization's.
create table agents (
    id uuid primary key,
    org_id uuid references organizations (id) on delete cascade,
    agent_type text not null,
    name text not null,
    license text not null check (license in ('free', 'proprietary')),
    is_active boolean not null default true,
    created_at timestamptz not null,
    constraint agents_free_or_org check ((license = 'free') = (org_id is null)),
    constraint agents_type unique nulls not distinct (org_id, agent_type)
);
