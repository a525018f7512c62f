//! What kinds of data an export holds.

use serde_json::Value;

use super::content;
use crate::error::Result;
use crate::id::UserId;
use crate::tx::Tx;
use crate::words::words;

/// Rows of a page.
pub(super) const PAGE: i64 = 500;

words! {
    /// A kind of data, and the name of its file in the archive.
    Class {
        /// Who they are.
        Profile = "profile",
        /// Where they are and were signed in.
        Sessions = "sessions",
        /// Which organizations they belong to.
        Memberships = "memberships",
        /// Which ones they belonged to.
        FormerMemberships = "former_memberships",
        /// Their own workspace, and those that they are in.
        Workspaces = "workspaces",
        /// What applications registered in their own workspace, or elsewhere as theirs, as far as they may read it.
        Resources = "resources",
        /// With whom their own workspace is shared, and what is shared with them.
        Shares = "shares",
        /// Their connections, without the credentials.
        Connections = "connections",
        /// The files in their own workspace, and those that they stored elsewhere, as far as they may read them.
        Documents = "documents",
        /// Invitations to their address.
        Invitations = "invitations",
        /// Invitations that they sent, without the addresses of others.
        SentInvitations = "sent_invitations",
        /// What they had packed.
        Exports = "exports",
        /// What they asked to be deleted.
        Purges = "purges",
        /// What they did, as the audit log has it.
        Audit = "audit",
        /// What others did to their account and memberships, as the audit log has it, without who that was.
        AuditAbout = "audit_about",
    }
}

macro_rules! page {
    ($tx:ident, $user:ident, $cursor:ident, $sql:literal) => {{
        let rows = sqlx::query!($sql, $user.0, $cursor, PAGE).fetch_all($tx.connection()).await?;
        rows.into_iter().map(|row| (row.cursor, row.row)).collect()
    }};
}

impl Class {
    /// A page of rows after a cursor, each with its own. Nothing that is secret, and of others no more than what the person
    /// sees anyway.
    pub(super) async fn page(self, tx: &mut Tx, user: UserId, cursor: &str) -> Result<Vec<(String, Value)>> {
        Ok(match self {
            Self::Profile => page!(
                tx,
                user,
                cursor,
                r#"select u.id::text as "cursor!", jsonb_build_object('id', u.id, 'email', u.email, 'name', u.name,
                       'status', u.status, 'locale', u.locale, 'email_verified_at', u.email_verified_at,
                       'approval_due_at', u.approval_due_at, 'approved_at', u.approved_at,
                       'deactivated_at', u.deactivated_at, 'disabled_at', u.disabled_at,
                       'disabled_reason', u.disabled_reason, 'platform_role', u.platform_role,
                       'second_factor', exists (select from second_factors f
                                                where f.user_id = u.id and f.confirmed_at is not null),
                       'ai_provider', u.ai_provider, 'ai_model', u.ai_model, 'created_at', u.created_at,
                       'quota_bytes', q.limit_bytes, 'used_bytes', q.used_bytes) as "row!"
                   from users u left join user_quotas q on q.user_id = u.id where u.id = $1 and u.id::text > $2 limit $3"#
            ),
            Self::Sessions => page!(
                tx,
                user,
                cursor,
                r#"select id::text as "cursor!", jsonb_build_object('id', id, 'created_at', created_at,
                       'last_seen_at', last_seen_at, 'ip', ip, 'user_agent', user_agent, 'revoked_at', revoked_at) as "row!"
                   from sessions where user_id = $1 and id::text > $2 order by 1 limit $3"#
            ),
            Self::Memberships => page!(
                tx,
                user,
                cursor,
                r#"select m.org_id::text as "cursor!", jsonb_build_object('org_id', m.org_id, 'organization', o.name,
                       'role', m.role, 'created_at', m.created_at, 'suspended_at', m.suspended_at) as "row!"
                   from memberships m join organizations o on o.id = m.org_id
                   where m.user_id = $1 and m.org_id::text > $2 order by 1 limit $3"#
            ),
            Self::FormerMemberships => page!(
                tx,
                user,
                cursor,
                r#"select f.org_id::text as "cursor!", jsonb_build_object('org_id', f.org_id, 'organization', o.name,
                       'ended_at', f.ended_at) as "row!"
                   from former_members f join organizations o on o.id = f.org_id
                   where f.user_id = $1 and f.org_id::text > $2 order by 1 limit $3"#
            ),
            Self::Workspaces => page!(
                tx,
                user,
                cursor,
                r#"select w.id::text as "cursor!", jsonb_build_object('id', w.id, 'name', w.name, 'org_id', w.org_id,
                       'visibility', w.visibility, 'is_own', w.owner_id is not null, 'role', wm.role,
                       'created_at', w.created_at) as "row!"
                   from workspaces w left join workspace_members wm on wm.workspace_id = w.id and wm.user_id = $1
                   where (w.owner_id = $1 or wm.user_id is not null) and w.id::text > $2 order by 1 limit $3"#
            ),
            Self::Resources => content::resources(tx, user, cursor).await?,
            Self::Shares => page!(
                tx,
                user,
                cursor,
                r#"select s.id::text as "cursor!", jsonb_build_object('id', s.id, 'workspace_id', s.workspace_id,
                       'resource_type', s.resource_type, 'resource_id', s.resource_id, 'agent_id', s.agent_id,
                       'with', s.grantee, 'level', s.level, 'expires_at', s.expires_at, 'created_at', s.created_at,
                       'is_received', s.grantee_user_id is not distinct from $1) as "row!"
                   from shares s left join workspaces w on w.id = s.workspace_id
                   where (s.grantee_user_id = $1 or w.owner_id = $1) and s.id::text > $2 order by 1 limit $3"#
            ),
            Self::Connections => page!(
                tx,
                user,
                cursor,
                r#"select id::text as "cursor!", jsonb_build_object('id', id, 'provider', provider, 'name', name,
                       'settings', settings, 'created_at', created_at) as "row!"
                   from connections where owner_id = $1 and id::text > $2 order by 1 limit $3"#
            ),
            Self::Documents => content::documents(tx, user, cursor).await?,
            Self::Invitations => page!(
                tx,
                user,
                cursor,
                r#"select i.id::text as "cursor!", jsonb_build_object('id', i.id, 'organization', o.name, 'role', i.role,
                       'created_at', i.created_at, 'expires_at', i.expires_at, 'accepted_at', i.accepted_at,
                       'revoked_at', i.revoked_at) as "row!"
                   from invitations i join organizations o on o.id = i.org_id
                   join users u on u.id = $1 and u.email_verified_at is not null and lower(u.email) = lower(i.email)
                   where i.id::text > $2 order by 1 limit $3"#
            ),
            Self::SentInvitations => page!(
                tx,
                user,
                cursor,
                r#"select i.id::text as "cursor!", jsonb_build_object('id', i.id, 'organization', o.name, 'role', i.role,
                       'sent', i.sent, 'sent_at', i.sent_at, 'created_at', i.created_at, 'expires_at', i.expires_at,
                       'accepted_at', i.accepted_at, 'revoked_at', i.revoked_at) as "row!"
                   from invitations i join organizations o on o.id = i.org_id
                   where i.invited_by = $1 and i.id::text > $2 order by 1 limit $3"#
            ),
            Self::Exports => page!(
                tx,
                user,
                cursor,
                r#"select id::text as "cursor!", jsonb_build_object('id', id, 'state', state, 'size', size,
                       'requested_at', requested_at, 'finished_at', finished_at, 'expires_at', expires_at) as "row!"
                   from exports where user_id = $1 and id::text > $2 order by 1 limit $3"#
            ),
            Self::Purges => page!(
                tx,
                user,
                cursor,
                r#"select id::text as "cursor!", jsonb_build_object('id', id, 'subject', subject, 'subject_id', subject_id,
                       'state', state, 'requested_at', requested_at, 'due_at', due_at, 'finished_at', finished_at) as "row!"
                   from purges where requested_by = $1 and id::text > $2 order by 1 limit $3"#
            ),
            Self::Audit => page!(
                tx,
                user,
                cursor,
                r#"select a.chain || '/' || lpad(a.seq::text, 20, '0') as "cursor!", jsonb_build_object('at', a.at,
                       'action', a.action, 'target_type', a.target_type, 'target_id', a.target_id,
                       'request_id', a.request_id) as "row!"
                   from audit a where a.actor_type = 'User' and a.actor_id = $1::uuid::text
                     and a.chain || '/' || lpad(a.seq::text, 20, '0') > $2 order by 1 limit $3"#
            ),
            Self::AuditAbout => page!(
                tx,
                user,
                cursor,
                r#"select a.chain || '/' || lpad(a.seq::text, 20, '0') as "cursor!", jsonb_build_object('at', a.at,
                       'action', a.action, 'target_type', a.target_type, 'target_id', a.target_id,
                       'request_id', a.request_id) as "row!"
                   from audit_chains c join audit a on a.chain = c.chain
                       and a.target_id in ($1::uuid::text, c.chain::text || '/' || $1::uuid::text)
                       and a.target_type in ('User', 'Membership')
                   where not (a.actor_type = 'User' and a.actor_id = $1::uuid::text)
                     and a.chain || '/' || lpad(a.seq::text, 20, '0') > $2 order by 1 limit $3"#
            ),
        })
    }
}
