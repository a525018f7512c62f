-- Somebody with all that a person can own and touch, beside the others of others.sql.
insert into users (id, email, name, status, approval_due_at, created_at, email_verified_at)
values (:'u', 'una@example.com', 'Una', 'deleting', now(), now(), now());
insert into passwords values (:'u', '$argon2id$', now());
insert into user_quotas (user_id, limit_bytes) values (:'u', 1000000);
insert into second_factors (user_id, sealed_secret, created_at) values (:'u', 'x', now());
insert into recovery_codes (id, user_id, hash, created_at) select gen_random_uuid(), :'u', n::text::bytea, now() from generate_series(1, 3) n;
insert into one_time_links (id, purpose, user_id, email, hash, created_at, expires_at)
values (gen_random_uuid(), 'reset_password', :'u', 'una@example.com', 'link', now(), now());
insert into exports (id, user_id, state, requested_at, finished_at, expires_at, size)
select gen_random_uuid(), :'u', state, now(), now(), now(), 7 from unnest(array['ready', 'expired', 'failed']) as state;
insert into workspaces (id, owner_id, name, visibility, created_at, deleting_at) values (:'w', :'u', 'Una', 'private', now(), now());
insert into workspace_members (workspace_id, user_id, role, created_at) values (:'w', :'u', 'admin', now());
-- An organization with nobody else in it.
insert into organizations (id, slug, name, plan, subscription_status, trial_ends_at, created_at, deleting_at)
values (:'o', 'una', 'Una Ltd', 'pro', 'active', now(), now(), now());
insert into memberships (org_id, user_id, role, created_at) values (:'o', :'u', 'owner', now());
insert into former_members values (:'o', :'e', now());
insert into workspaces (id, org_id, name, visibility, is_default, created_at, deleting_at) values (:'ow', :'o', 'Default', 'org', true, now(), now());
insert into workspace_members (workspace_id, user_id, role, created_at) values (:'ow', :'u', 'admin', now());
insert into agents (id, org_id, agent_type, name, license, created_at) values (:'oa', :'o', 'chat', 'Chat', 'proprietary', now());
insert into instances (id, org_id, name, technical_at, technical_by, created_at) values (gen_random_uuid(), :'o', 'One', now(), :'u', now());
insert into api_keys (id, org_id, name, prefix, hash, scopes, created_at)
values (:'k', :'o', 'Key', 'dwk_1', decode(repeat('ab', 32), 'hex'), '{}', now());
insert into invitations (id, org_id, email, role, workspace_id, workspace_role, invited_by, hash, sent_at, created_at, expires_at)
values (gen_random_uuid(), :'o', 'ina@example.com', 'member', :'ow', 'editor', :'u', 'invitation', now(), now(), now());
insert into wallet_entries (id, org_id, amount, kind, reason, key, created_at)
select gen_random_uuid(), :'o', 5, 'payment', 'paid', n::text, now() from generate_series(1, 4) n;
insert into uses (id, org_id, key, used_type, used_id, created_at) values (gen_random_uuid(), :'o', 'a', 'Agent', :'oa', now());
insert into usage_counters values (:'o', 'messages', current_date, 3);
insert into usage_records (org_id, key, metric, amount, count, created_at) values (:'o', 'a', 'messages', 3, 3, now());
-- Content.
insert into resources (type, id, workspace_id, owner_id, created_at, updated_at)
select 'Resource', 'w-' || n, :'w'::uuid, :'u'::uuid, now(), now() from generate_series(1, 30) n
union all select 'Resource', 'ow-' || n, :'ow', :'u', now(), now() from generate_series(1, 5) n
union all select 'Resource', 'theirs', :'xw', :'u', now(), now();
insert into resource_parents values ('Resource', 'w-2', 'Resource', 'w-1'), ('Resource', 'theirs', 'Resource', 'w-1');
insert into documents (id, workspace_id, owner_id, name, content_type, size, sha256, state, upload_expires_at, created_at, ready_at)
select gen_random_uuid(), place, :'u'::uuid, 'a file', 'text/plain', 7, decode(repeat('00', 32), 'hex'), 'ready', now(), now(), now()
from unnest(array[:'w', :'w', :'w', :'ow', :'ow']::uuid[]) as place
union all select :'xd', :'xw', :'u', 'theirs', 'text/plain', 7, decode(repeat('00', 32), 'hex'), 'ready', now(), now(), now();
-- Elsewhere.
insert into memberships (org_id, user_id, role, created_at) values (:'x', :'u', 'member', now());
insert into workspace_members (workspace_id, user_id, role, created_at) values (:'xp', :'u', 'admin', now());
update users set approved_by = :'u' where id = :'e';
insert into invitations (id, org_id, email, role, invited_by, hash, sent_at, created_at, expires_at, accepted_at, accepted_by, ended_at)
values (:'xi', :'x', 'Una@Example.com', 'member', :'v', 'accepted', now(), now(), now(), now(), :'u', now());
insert into shares (id, resource_type, resource_id, workspace_id, agent_id, grantee, grantee_user_id, grantee_org_id, grantee_workspace_id, level, created_at)
values (gen_random_uuid(), 'Resource', 'w-1', null, null, 'user', :'e', null, null, 'viewer', now()),
       (gen_random_uuid(), null, null, :'w', null, 'user', :'e', null, null, 'viewer', now()),
       (gen_random_uuid(), null, null, null, :'oa', 'organization', null, :'x', null, 'viewer', now()),
       (gen_random_uuid(), null, null, :'xw', null, 'user', :'u', null, null, 'viewer', now()),
       (gen_random_uuid(), 'Resource', 'xr', null, null, 'user', :'u', null, null, 'viewer', now()),
       (gen_random_uuid(), 'Resource', 'xr', null, null, 'workspace', null, null, :'ow', 'viewer', now()),
       (gen_random_uuid(), null, null, null, :'xa', 'organization', null, :'o', null, 'viewer', now());
insert into sessions (id, user_id, created_at, authenticated_at, last_seen_at, expires_at, idle_until, org_id, workspace_id)
values (:'s', :'u', now(), now(), now(), now(), now(), :'o', :'ow');
insert into refresh_tokens (id, session_id, hash, created_at) select gen_random_uuid(), :'s', n::text::bytea, now() from generate_series(1, 3) n;
insert into idempotency_keys (actor, key, fingerprint, created_at)
values ('User::"' || :'u' || '"', 'a', decode(repeat('00', 32), 'hex'), now()), ('ApiKey::"' || :'k' || '"', 'a', decode(repeat('00', 32), 'hex'), now());
insert into decisions (id, at, org_id, caller_type, caller_id, principal_type, principal_id, action, resource_type, resource_id, context,
                       masked, decision, policies, is_withheld, revision, policy_hash, duration_us)
select gen_random_uuid(), now(), org, caller_type, caller, 'User', principal, 'view', type, resource, '{}', '{}', 'allow', '{}', false, '1', 'x', 1
from (values (:'x'::uuid, 'ApiKey', 'k', :'u', 'Resource', 'xr'), (:'x', 'User', :'u', :'v', 'Resource', 'xr'),
             (:'x', 'ApiKey', 'k', :'v', 'User', :'u'), (:'x', 'ApiKey', 'k', :'v', 'Membership', :'x' || '/' || :'u'),
             (:'o', 'ApiKey', 'k', :'v', 'Resource', 'ow-1'), (null, 'ApiKey', 'k', :'v', 'Workspace', :'w'))
    as asked (org, caller_type, caller, principal, type, resource);
insert into jobs (id, kind, user_id, org_id, workspace_id, payload)
values (gen_random_uuid(), 'some.mail', :'u', null, null, '{}'), (gen_random_uuid(), 'some.work', null, :'o', null, '{}'),
       (gen_random_uuid(), 'some.work', null, null, :'w', '{}'),
       (gen_random_uuid(), 'some.sample', null, null, null, jsonb_build_object('user_id', :'u'));
