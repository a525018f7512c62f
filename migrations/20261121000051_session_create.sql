-- Where a person is signed in: a device, with the context that they work in there.
create table sessions (
    id uuid primary key,
    user_id uuid not null references users (id) on delete cascade,
    created_at timestamptz not null,
    -- When the person last proved who they are: by password, and by the second factor.
    authenticated_at timestamptz not null,
    second_factor_at timestamptz,
    last_seen_at timestamptz not null,
    ip inet,
    user_agent text,
    org_id uuid references organizations (id) on delete set null,
    workspace_id uuid references workspaces (id) on delete set null,
    -- It ends then whatever happens, and earlier if it is not refreshed.
    expires_at timestamptz not null,
    idle_until timestamptz not null,
    revoked_at timestamptz,
    revoked_because text constraint sessions_revoked
        check ((revoked_at is null) = (revoked_because is null))
);

create index sessions_of_user on sessions (user_id) where revoked_at is null;
create index sessions_ended on sessions (expires_at);

-- The refresh tokens of a session, one after the other. The successor of a token is made from it and the installation's
-- secret, so that two who refresh at once get the same one although only hashes are here.
create table refresh_tokens (
    -- Also the `jti` of the access tokens that were given out with it.
    id uuid primary key,
    session_id uuid not null references sessions (id) on delete cascade,
    hash bytea not null unique,
    created_at timestamptz not null,
    used_at timestamptz,
    -- None of a used one: it was replaced by one that is not its successor.
    successor_id uuid check (successor_id is null or used_at is not null),
    -- From when on its access tokens are dead although the session lives: after a step-up or a change of context.
    access_revoked_at timestamptz
);

create index refresh_tokens_of on refresh_tokens (session_id);

-- Keys that access tokens are signed with (Ed25519). The private half is sealed with the installation's secret.
create table signing_keys (
    id uuid primary key,
    public_key bytea not null,
    sealed_private_key bytea not null,
    created_at timestamptz not null,
    -- It is published before it is used, so that whoever keeps the key set for a while knows it by then.
    signs_from timestamptz not null
);
