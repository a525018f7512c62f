-- The audit log: one hash chain for each organization and one (the nil uuid) for the platform, so that
-- tenants never wait for one another. What may be personal stands beside the chain, in audit_details;
-- the chain holds a salted hash of it. Erasing a person's details leaves the chain valid.
create table audit_chains (
    chain uuid primary key,
    length bigint not null,
    head bytea not null
);

create table audit (
    chain uuid not null,
    seq bigint not null,
    at timestamptz not null,
    actor_type text not null,
    actor_id text not null,
    action text not null,
    target_type text not null,
    target_id text not null,
    request_id text not null,
    decision_id uuid not null,
    details_hash bytea not null,
    previous bytea not null,
    hash bytea not null,
    primary key (chain, seq)
);

create table audit_details (
    chain uuid not null,
    seq bigint not null,
    salt bytea,
    details text,
    primary key (chain, seq),
    foreign key (chain, seq) references audit (chain, seq)
);

create function audit_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'the audit log is append-only' using errcode = 'insufficient_privilege';
end $$;

create trigger audit_append_only before update or delete or truncate on audit
    for each statement execute function audit_is_append_only();
create trigger audit_details_append_only before delete or truncate on audit_details
    for each statement execute function audit_is_append_only();

-- The one change that is allowed: forgetting.
create trigger audit_details_forget before update on audit_details
    for each row when (new.details is not null or new.salt is not null
                       or new.chain <> old.chain or new.seq <> old.seq)
    execute function audit_is_append_only();
