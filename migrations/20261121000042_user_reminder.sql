-- When the owner of a trial account was told that it ends soon: once for each deadline.
alter table users add column approval_reminded_at timestamptz;

create index users_trials on users (approval_due_at) where status = 'pending';
