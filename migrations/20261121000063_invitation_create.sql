-- Invitations into an organization. The token is made from the id, the number of times it was sent and the installation's
-- secret when the mail is sent; here is its hash.
create table invitations (
    id uuid primary key,
    org_id uuid not null references organizations (id) on delete cascade,
    -- As it was written; compared without case.
    email text not null,
    role text not null check (role in ('owner', 'admin', 'manager', 'member')),
    workspace_id uuid,
    workspace_role text check (workspace_role in ('admin', 'editor', 'viewer')),
    -- The language of its mail, for who has no account that says one.
    locale text check (locale in ('en', 'fr')),
    -- None once the account is gone: the invitation stays good.
    invited_by uuid references users (id) on delete set null,
    hash bytea not null constraint invitations_hash unique,
    -- How often it was sent; the tokens of earlier times are dead.
    sent integer not null default 1,
    sent_at timestamptz not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    accepted_at timestamptz,
    accepted_by uuid references users (id) on delete set null,
    revoked_at timestamptz,
    -- Accepted, revoked, or expired and another one took its place.
    ended_at timestamptz,
    constraint invitations_workspace_role check (workspace_id is null or workspace_role is not null),
    constraint invitations_one_end check (num_nonnulls(accepted_at, revoked_at) <= 1),
    constraint invitations_ended check (ended_at is not null or num_nonnulls(accepted_at, revoked_at) = 0),
    constraint invitations_workspace foreign key (workspace_id, org_id) references workspaces (id, org_id)
        on delete set null (workspace_id)
);

-- One that can still be accepted for each organization and address.
create unique index invitations_live on invitations (org_id, lower(email)) where ended_at is null;
create index invitations_of_org on invitations (org_id, created_at desc, id desc);
create index invitations_address on invitations (lower(email)) where ended_at is null;
