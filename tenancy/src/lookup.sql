-- $1 users, $2 organizations, $3/$4 memberships (org, user), $5 workspaces, $6 agents, $7 API keys,
-- $8/$9 resources (type, id), $10 how far to climb: these, and everything that policies can reach from them. $11 a
-- position of the change feed: what was changed since, at most $12. $13 instances, $14 now, $15 connections,
-- $16 documents.
with recursive
wanted_resource (type, id, height) as (
    select type, id, 0 from unnest($8::text[], $9::text[]) as wanted (type, id)
    union
    select p.parent_type, p.parent_id, w.height + 1
    from resource_parents p
    join wanted_resource w on p.child_type = w.type and p.child_id = w.id
    where w.height < $10
),
resource as (
    select r.* from resources r
    join (select distinct type, id from wanted_resource) w on r.type = w.type and r.id = w.id
),
document as (
    select * from documents where id = any ($16::uuid[])
),
connection as (
    select * from connections where id = any ($15::uuid[])
),
workspace as (
    select * from workspaces
    where id in (
        select unnest($5::uuid[]) union select workspace_id from resource union select workspace_id from document
    )
),
membership as (
    select m.* from memberships m
    join (select distinct * from unnest($3::uuid[], $4::uuid[]) as wanted (org_id, user_id)) w
        on m.org_id = w.org_id and m.user_id = w.user_id
),
agent as (
    select * from agents where id = any ($6::uuid[])
),
api_key as (
    select * from api_keys where id = any ($7::uuid[])
),
instance as (
    select * from instances where id = any ($13::uuid[])
),
organization as (
    select * from organizations
    where id in (
        select unnest($2::uuid[])
        union select org_id from workspace
        union select org_id from membership
        union select org_id from agent
        union select org_id from api_key
        union select org_id from instance
        union select org_id from connection
    )
),
person as (
    select * from users
    where id in (
        select unnest($1::uuid[])
        union select owner_id from resource
        union select owner_id from workspace
        union select owner_id from document
        union select owner_id from connection
        union select user_id from membership
    )
),
share as (
    select s.* from shares s join resource r on s.resource_type = r.type and s.resource_id = r.id
    union all
    select s.* from shares s join workspace w on s.workspace_id = w.id
    union all
    select s.* from shares s join agent a on s.agent_id = a.id
)
select 'user' as "kind!", jsonb_build_object(
    'id', u.id,
    'status', u.status,
    'email_verified', u.email_verified_at is not null,
    'password_must_change', u.password_must_change,
    'approval_due_at', u.approval_due_at,
    'platform_role', u.platform_role,
    'second_factor', exists (select from second_factors f where f.user_id = u.id and f.confirmed_at is not null),
    'memberships', coalesce((
        select jsonb_object_agg(m.org_id, m.role) from memberships m
        where m.user_id = u.id and m.suspended_at is null
    ), '{}'),
    'workspace_roles', coalesce((
        select jsonb_object_agg(wm.workspace_id, wm.role) from workspace_members wm
        left join memberships m on m.org_id = wm.org_id and m.user_id = wm.user_id
        where wm.user_id = u.id and (wm.org_id is null or m.suspended_at is null)
    ), '{}')
) as "fact!"
from person u
union all
select 'organization', jsonb_build_object(
    'id', o.id,
    'plan', o.plan,
    'subscription_status', o.subscription_status,
    'trial_ends_at', o.trial_ends_at,
    'is_deleting', o.deleting_at is not null,
    'usage', jsonb_build_object(
        'workspaces', (select count(*) from workspaces w where w.org_id = o.id and w.deleting_at is null),
        'agents', (select count(*) from agents a where a.org_id = o.id),
        'members', (select count(*) from memberships m where m.org_id = o.id)
            + (select count(*) from invitations i where i.org_id = o.id and i.ended_at is null and i.expires_at > $14)
    )
)
from organization o
union all
select 'membership', jsonb_build_object('org', m.org_id, 'user', m.user_id, 'role', m.role)
from membership m
union all
select 'workspace', jsonb_build_object(
    'id', w.id, 'org', w.org_id, 'owner', w.owner_id, 'visibility', w.visibility, 'is_default', w.is_default,
    'is_deleting', w.deleting_at is not null
)
from workspace w
union all
select 'agent', jsonb_build_object('id', a.id, 'org', a.org_id, 'license', a.license, 'is_active', a.is_active)
from agent a
union all
select 'instance', jsonb_build_object(
    'id', i.id, 'org', i.org_id, 'technical', i.technical_at is not null, 'economic', i.economic_at is not null
)
from instance i
union all
select 'connection', jsonb_build_object('id', c.id, 'org', c.org_id, 'owner', c.owner_id)
from connection c
union all
select 'stored_document', jsonb_build_object('id', d.id, 'workspace', d.workspace_id, 'owner', d.owner_id)
from document d
union all
select 'api_key', jsonb_build_object(
    'id', k.id, 'org', k.org_id, 'scopes', k.scopes, 'is_revoked', k.revoked_at is not null, 'expires_at', k.expires_at
)
from api_key k
union all
select 'resource', jsonb_build_object(
    'type', r.type,
    'id', r.id,
    'workspace', r.workspace_id,
    'owner', r.owner_id,
    'attributes', r.attributes,
    'parents', coalesce((
        select jsonb_agg(jsonb_build_object('type', p.parent_type, 'id', p.parent_id))
        from resource_parents p where p.child_type = r.type and p.child_id = r.id
    ), '[]')
)
from resource r
union all
select 'share', jsonb_build_object(
    'on', case
        when s.resource_id is not null then jsonb_build_object('type', s.resource_type, 'id', s.resource_id)
        when s.workspace_id is not null then jsonb_build_object('type', 'Workspace', 'id', s.workspace_id)
        else jsonb_build_object('type', 'Agent', 'id', s.agent_id)
    end,
    'to', case s.grantee
        when 'user' then jsonb_build_object('type', 'User', 'id', s.grantee_user_id)
        when 'organization' then jsonb_build_object('type', 'Organization', 'id', s.grantee_org_id)
        when 'workspace' then jsonb_build_object('type', 'Workspace', 'id', s.grantee_workspace_id)
        else jsonb_build_object('type', 'Platform', 'id', 'doorward')
    end,
    'level', s.level,
    'expires_at', s.expires_at
)
from share s
union all
-- All that was committed up to this statement and not seen at the position of $11. One more than $12 says "too much".
select 'change', jsonb_build_object('type', c.type, 'id', c.id)
from (
    select c.type, c.id from changes c
    where c.xid >= pg_snapshot_xmin($11::text::pg_snapshot) and not pg_visible_in_snapshot(c.xid, $11::text::pg_snapshot)
        -- What comes from a dump of another server can have numbers that are still to come here.
        and c.xid < pg_snapshot_xmax(pg_current_snapshot())
    limit $12 + 1
) c
union all
select 'trimmed', to_jsonb(t.below::text) from change_trim t where t.below <= pg_snapshot_xmax(pg_current_snapshot())
union all
select 'position', to_jsonb(pg_current_snapshot()::text)
union all
select 'server', to_jsonb(pg_postmaster_start_time()::text || ' ' || 'changes'::regclass::oid)
