-- People with a workspace of their own and documents in it: the first :leaving + 1 are disabled, so that they can be erased.
create temporary table people as
select n, ('019aa000-0000-7000-9000-' || lpad(n::text, 12, '0'))::uuid as id,
       ('019aa000-0000-7000-a000-' || lpad(n::text, 12, '0'))::uuid as workspace_id
from generate_series(0, :last) n;
insert into users (id, email, name, status, approval_due_at, created_at, email_verified_at)
select id, 'leaver-' || n || '@example.com', 'Lea', case when n <= :leaving then 'disabled' else 'active' end, now(), now(), now()
from people;
insert into user_quotas (user_id, limit_bytes) select id, 1000000 from people;
insert into workspaces (id, owner_id, name, visibility, created_at) select workspace_id, id, 'Lea', 'private', now() from people;
insert into workspace_members (workspace_id, user_id, role, created_at) select workspace_id, id, 'admin', now() from people;
insert into documents (id, workspace_id, owner_id, name, content_type, size, sha256, state, upload_expires_at, created_at, ready_at)
select gen_random_uuid(), workspace_id, id, d::text, 'text/plain', 5, sha256('hello'), 'ready', now(), now(), now()
from people, generate_series(1, :objects) d;
-- One is on its way while its owner leaves.
insert into documents (id, workspace_id, owner_id, name, content_type, size, sha256, state, upload_expires_at, created_at)
select gen_random_uuid(), workspace_id, id, 'late', 'text/plain', 4, sha256('late'), 'uploading',
       now() + case when n = 0 then 1000 else :length + 2000 end * interval '1 ms', now()
from people where n <= :leaving;
