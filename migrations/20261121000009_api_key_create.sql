-- API keys of organizations, and of the platform (no org). Only a hash of the secret is kept; `prefix`
-- finds the row and lets people recognise a key. A key does not depend on who made it.
create table api_keys (
    id uuid primary key,
    org_id uuid references organizations (id) on delete cascade,
    name text not null,
    prefix text not null,
    hash bytea not null constraint api_keys_hash unique check (length(hash) = 32),
    scopes text[] not null,
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz,
    created_at timestamptz not null
);

create index api_keys_prefix on api_keys (prefix);
create index api_keys_org on api_keys (org_id, created_at);
