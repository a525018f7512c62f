-- Another organization, and people who stay.
select create_decision_partition(current_date);
insert into users (id, email, name, status, approval_due_at, created_at, email_verified_at)
values (:'v', 'vic@example.com', 'Vic', 'active', now(), now(), now()), (:'e', 'eve@example.com', 'Eve', 'active', now(), now(), now());
insert into organizations (id, slug, name, plan, subscription_status, trial_ends_at, created_at)
values (:'x', 'xeno', 'Xeno', 'pro', 'active', now(), now());
insert into memberships (org_id, user_id, role, created_at) values (:'x', :'v', 'owner', now()), (:'x', :'e', 'member', now());
insert into workspaces (id, org_id, name, visibility, is_default, created_at)
values (:'xw', :'x', 'Default', 'org', true, now()), (:'xp', :'x', 'Private', 'private', false, now());
insert into workspace_members (workspace_id, user_id, role, created_at) values (:'xp', :'e', 'editor', now());
insert into agents (id, org_id, agent_type, name, license, created_at) values (:'xa', :'x', 'chat', 'Chat', 'proprietary', now());
insert into resources (type, id, workspace_id, owner_id, created_at, updated_at) values ('Resource', 'xr', :'xw', :'v', now(), now());
insert into documents (id, workspace_id, owner_id, name, content_type, size, sha256, state, upload_expires_at, created_at, ready_at)
values (gen_random_uuid(), :'xw', :'v', 'a file', 'text/plain', 7, decode(repeat('00', 32), 'hex'), 'ready', now(), now(), now());
insert into shares (id, workspace_id, grantee, grantee_user_id, level, created_at) values (gen_random_uuid(), :'xw', 'user', :'e', 'viewer', now());
insert into sessions (id, user_id, created_at, authenticated_at, last_seen_at, expires_at, idle_until, org_id, workspace_id)
values (gen_random_uuid(), :'e', now(), now(), now(), now(), now(), :'x', :'xw');
insert into decisions (id, at, org_id, caller_type, caller_id, principal_type, principal_id, action, resource_type, resource_id, context,
                       masked, decision, policies, is_withheld, revision, policy_hash, duration_us)
values (gen_random_uuid(), now(), :'x', 'ApiKey', 'k', 'User', :'e', 'view', 'Resource', 'xr', '{}', '{}', 'allow', '{}', false, '1', 'x', 1);
