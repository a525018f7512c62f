-- What an organization says of itself, and what the platform settles with it. `version` counts the changes of a row, so
-- that who updates it can say which state they have seen.
alter table organizations
    add column full_name text,
    add column address jsonb check (jsonb_typeof(address) = 'object'),
    add column phone text,
    add column organization_email text,
    add column billing_email text,
    add column settings jsonb not null default '{}' check (jsonb_typeof(settings) = 'object'),
    add column sidebar_color text,
    add column plan_updated_at timestamptz,
    -- What a suspended organization is again when it is resumed.
    add column resumes_as text check (resumes_as in ('trial', 'active', 'cancelled')),
    add column version bigint not null default 1,
    add constraint organizations_suspended check (resumes_as is null or subscription_status = 'suspended');

create function count_version() returns trigger language plpgsql as $$
begin
    -- An import that is sent again changes nothing.
    if new is distinct from old then
        new.version := old.version + 1;
    end if;
    return new;
end $$;

create trigger organizations_version before update on organizations for each row execute function count_version();

alter table workspaces add column version bigint not null default 1;
create trigger workspaces_version before update on workspaces for each row execute function count_version();

-- Who was a member once is told so; whoever never was does not learn that there is such an organization.
create table former_members (
    org_id uuid not null references organizations (id) on delete cascade,
    user_id uuid not null references users (id) on delete cascade,
    ended_at timestamptz not null,
    primary key (org_id, user_id)
);

create function membership_ended() returns trigger language plpgsql as $$
begin
    -- Not when the organization or the account itself goes.
    insert into former_members (org_id, user_id, ended_at)
    select old.org_id, old.user_id, now()
    where exists (select from organizations where id = old.org_id) and exists (select from users where id = old.user_id)
    on conflict (org_id, user_id) do update set ended_at = excluded.ended_at;
    -- What was shared with them there goes with it; whoever comes back begins anew.
    delete from shares s
    where s.grantee_user_id = old.user_id
      and (s.workspace_id in (select id from workspaces where org_id = old.org_id)
           or s.agent_id in (select id from agents where org_id = old.org_id)
           or exists (select from resources r join workspaces w on w.id = r.workspace_id
                      where r.type = s.resource_type and r.id = s.resource_id and w.org_id = old.org_id));
    -- Nobody goes on working where they are no member.
    update sessions set org_id = null, workspace_id = null
    where user_id = old.user_id and org_id = old.org_id;
    return null;
end $$;

create trigger memberships_ended after delete on memberships for each row execute function membership_ended();

create function membership_began() returns trigger language plpgsql as $$
begin
    delete from former_members where org_id = new.org_id and user_id = new.user_id;
    return null;
end $$;

create trigger memberships_began after insert on memberships for each row execute function membership_began();
