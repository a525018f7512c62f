use super::class::{Class, change, decisions, delete, details};

/// The address of somebody whose account ended. What is only over ends with it: an address has one open invitation.
const NOBODY: &str = "email = 'erased@doorward.invalid', ended_at = coalesce(ended_at, expires_at)";

/// The invitations that were theirs: those that they accepted, and those that nobody did and that went to the address that
/// they had proved to be theirs, before it was free for others.
macro_rules! invitations {
    () => {
        "select i.id, i.org_id, i.ended_at is not null or i.expires_at <= p.started_at as has_ended
         from purges p join users u on u.id = p.subject_id
         join invitations i on i.accepted_by = u.id
             or i.accepted_by is null and i.created_at <= p.requested_at
                and u.email_verified_at is not null and lower(i.email) = lower(u.email)
         where p.subject = 'user' and p.subject_id = $1 and p.state = 'running'"
    };
}

/// What belongs to a person who is in no organization any more, and their account.
pub(super) const CLASSES: &[Class] = &[
    // What they did, and what was done to them: entries stay, and do not tell any more who that was.
    details(
        "details is not null and (chain, seq) in (
             select a.chain, a.seq from audit_chains c
             join audit a on a.chain = c.chain and a.actor_id = $1::text and a.actor_type = 'User')",
    ),
    details(
        "details is not null and (chain, seq) in (
             select a.chain, a.seq from audit_chains c
             join audit a on a.chain = c.chain and a.target_id = $1::text and a.target_type = 'User'
             where a.action not in ('user.purge', 'purge.run'))",
    ),
    details(
        "details is not null and (chain, seq) in (
             select a.chain, a.seq from audit_chains c
             join audit a on a.chain = c.chain and a.target_id = c.chain::text || '/' || $1::text
                 and a.target_type = 'Membership'
             where a.action <> 'user.purge')",
    ),
    // Invitations to their address are the organizations', which keep them without it. What is done to one is done to its
    // organization; the details tell which it was.
    details(concat!(
        "details is not null and (chain, seq) in (
             select d.chain, d.seq from (",
        invitations!(),
        ") as i
             join audit a on a.chain = i.org_id
                 and a.action collate \"C\" in ('invitation.create', 'invitation.resend', 'invitation.revoke')
             join audit_details d on d.chain = a.chain and d.seq = a.seq and position(i.id::text in d.details) > 0)",
    )),
    change(
        "invitations",
        NOBODY,
        concat!(
            "email <> 'erased@doorward.invalid' and id in (select i.id from (",
            invitations!(),
            ") as i where i.has_ended)",
        ),
    ),
    decisions("caller_type = 'User' and caller_id = $1::text"),
    decisions("principal_type = 'User' and principal_id = $1::text"),
    decisions("resource_type = 'User' and resource_id = $1::text"),
    delete("idempotency_keys", "actor = format('User::\"%s\"', $1::text)"),
    delete("jobs", "user_id = $1"),
    delete("jobs", "payload::text like '%' || $1::text || '%'"),
    delete("refresh_tokens", "session_id in (select id from sessions where user_id = $1)"),
    delete("sessions", "user_id = $1"),
    delete("one_time_links", "user_id = $1"),
    delete("recovery_codes", "user_id = $1"),
    delete("second_factors", "user_id = $1"),
    delete("passwords", "user_id = $1"),
    delete("shares", "grantee_user_id = $1"),
    // Theirs in other people's workspaces: it stays, and is nobody's.
    change("resources", "owner_id = null", "owner_id = $1"),
    change("documents", "owner_id = null", "owner_id = $1"),
    delete("workspace_members", "user_id = $1"),
    delete("former_members", "user_id = $1"),
    delete("user_quotas", "user_id = $1"),
    delete("exports", "user_id = $1"),
    change(
        "documents",
        "connection_id = null",
        "connection_id in (select id from connections where owner_id = $1)",
    ),
    delete("connections", "owner_id = $1"),
    delete("users", "id = $1"),
];
