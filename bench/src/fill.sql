-- The world of world.rs, for :orgs organizations.
create function pg_temp.of(kind int, n bigint) returns uuid language sql immutable as
    $$ select ('019aa000-000' || kind || '-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$;

insert into users (id, email, name, status, email_verified_at, approval_due_at, created_at)
select pg_temp.of(1, n), 'user' || n || '@example.com', 'User ' || n,
       case n % 10 when 9 then 'disabled' else 'active' end, now(), now(), now()
from generate_series(0, :orgs * 10 - 1) n;

insert into organizations (id, slug, name, plan, subscription_status, trial_ends_at, created_at)
select pg_temp.of(2, n), 'org-' || n, 'Organization ' || n, 'pro', 'active', now(), now()
from generate_series(0, :orgs - 1) n;

insert into memberships (org_id, user_id, role, created_at)
select pg_temp.of(2, n / 10), pg_temp.of(1, n),
       coalesce((array['owner', 'admin', 'manager'])[n % 10 + 1], 'member'), now()
from generate_series(0, :orgs * 10 - 1) n;

insert into workspaces (id, org_id, name, visibility, is_default, created_at)
select pg_temp.of(3, n), pg_temp.of(2, n / 4), 'Workspace ' || n,
       case n % 2 when 0 then 'org' else 'private' end, n % 4 = 0, now()
from generate_series(0, :orgs * 4 - 1) n;

insert into workspace_members (workspace_id, user_id, role, created_at)
select pg_temp.of(3, o * 4 + w), pg_temp.of(1, o * 10 + u),
       (array['admin', 'editor', 'viewer'])[(u + w) % 4 + 1], now()
from generate_series(0, :orgs - 1) o, generate_series(0, 3) w, generate_series(3, 8) u
where (u + w) % 4 < 3;

insert into resources (type, id, workspace_id, owner_id, attributes, created_at, updated_at)
select 'Docs::Document', pg_temp.of(4, o * 85 + d)::text, pg_temp.of(3, o * 4 + d % 4),
       case d % 3 when 0 then pg_temp.of(1, o * 10 + 3 + d % 6) end,
       jsonb_build_object('classification', case d % 9 when 0 then 'secret' else 'internal' end,
                          'legal_hold', d % 10 = 3),
       now(), now()
from generate_series(0, :orgs - 1) o, generate_series(0, 84) d;

insert into shares (id, resource_type, resource_id, grantee, grantee_user_id, level, created_at)
select pg_temp.of(5, o * 85 + d), 'Docs::Document', pg_temp.of(4, o * 85 + d)::text, 'user',
       pg_temp.of(1, (o + case d % 2 when 0 then 1 else 0 end) % :orgs * 10 + 3 + d % 7),
       case d % 10 when 0 then 'editor' else 'viewer' end, now()
from generate_series(0, :orgs - 1) o, generate_series(0, 84, 5) d;

-- Nobody vacuums on this server: the planner would know nothing of what has just come in.
analyze;
