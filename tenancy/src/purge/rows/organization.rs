use super::class::{Class, cascade, change, decisions, delete, details, trace};

/// What belongs to an organization whose workspaces are gone, and itself.
pub(super) const CLASSES: &[Class] = &[
    // Nobody is left who could read its chain.
    details(
        "details is not null and chain = $1 and not exists (
             select from audit a where a.chain = audit_details.chain and a.seq = audit_details.seq
                 and a.action in ('org.purge', 'workspace.purge', 'user.purge'))",
    ),
    details(
        "details is not null and (chain, seq) in (
             select chain, seq from audit where chain = '00000000-0000-0000-0000-000000000000'
                 and target_type = 'Organization' and target_id = $1::text and action <> 'purge.run')",
    ),
    decisions("org_id = $1"),
    delete(
        "idempotency_keys",
        "actor in (select format('ApiKey::\"%s\"', id) from api_keys where org_id = $1)",
    ),
    delete("jobs", "org_id = $1"),
    delete("invitations", "org_id = $1"),
    delete("shares", "grantee_org_id = $1"),
    delete("shares", "agent_id in (select id from agents where org_id = $1)"),
    delete("instances", "org_id = $1"),
    delete("agents", "org_id = $1"),
    delete("api_keys", "org_id = $1"),
    delete("usage_records", "org_id = $1"),
    delete("usage_counters", "org_id = $1"),
    delete("uses", "org_id = $1"),
    delete("workspace_members", "org_id = $1"),
    delete("former_members", "org_id = $1"),
    delete("memberships", "org_id = $1"),
    trace("former_members", "org_id = $1"),
    change("sessions", "org_id = null, workspace_id = null", "org_id = $1"),
    delete("storage_usage", "org_id = $1"),
    change(
        "documents",
        "connection_id = null",
        "connection_id in (select id from connections where org_id = $1)",
    ),
    delete("connections", "org_id = $1"),
    delete("workspaces", "org_id = $1"),
    // Entries of a wallet are never deleted but with their organization.
    cascade("wallet_entries", "org_id = $1"),
    cascade("wallets", "org_id = $1"),
    delete("organizations", "id = $1"),
];
