-- People. An e-mail address is free again as soon as its account is being deleted.
create table users (
    id uuid primary key,
    email text not null,
    name text not null,
    status text not null
        check (status in ('pending', 'active', 'expired', 'deactivated', 'disabled', 'deleting')),
    email_verified_at timestamptz,
    password_must_change boolean not null default false,
    approval_due_at timestamptz not null,
    platform_role text check (platform_role in ('admin', 'super_admin')),
    created_at timestamptz not null
);

create unique index users_email on users (lower(email)) where status <> 'deleting';
