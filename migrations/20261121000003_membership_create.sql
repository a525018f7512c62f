-- Who belongs to which organization. A suspended membership keeps its role and gives nothing.
create table memberships (
    org_id uuid not null references organizations (id) on delete cascade,
    user_id uuid not null references users (id) on delete cascade,
    role text not null check (role in ('owner', 'admin', 'manager', 'member')),
    suspended_at timestamptz,
    created_at timestamptz not null,
    primary key (org_id, user_id)
);

create index memberships_user on memberships (user_id);
