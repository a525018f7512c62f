-- Who has which role in which workspace. In an organization's workspace the person is a member of the
-- organization, and who leaves it leaves its workspaces: the foreign keys see to both.
-- The owner of a personal workspace is its admin, and its one member.
create table workspace_members (
    workspace_id uuid not null references workspaces (id) on delete cascade,
    user_id uuid not null references users (id) on delete cascade,
    org_id uuid,
    role text not null check (role in ('admin', 'editor', 'viewer')),
    created_at timestamptz not null,
    primary key (workspace_id, user_id),
    foreign key (workspace_id, org_id) references workspaces (id, org_id) on delete cascade,
    constraint workspace_members_are_members
        foreign key (org_id, user_id) references memberships (org_id, user_id) on delete cascade
);

create index workspace_members_user on workspace_members (user_id);

-- A row says by itself whose workspace it is in, so that no writer can leave the organization out.
create function workspace_members_org() returns trigger language plpgsql as $$
begin
    new.org_id := (select org_id from workspaces where id = new.workspace_id);
    if exists (select from workspaces where id = new.workspace_id
                                        and (owner_id <> new.user_id or owner_id is not null and new.role <> 'admin')) then
        raise exception 'a personal workspace has no members but its owner, as admin'
            using errcode = 'check_violation', constraint = 'workspace_members_personal';
    end if;
    return new;
end $$;

create trigger workspace_members_org before insert or update on workspace_members
    for each row execute function workspace_members_org();
