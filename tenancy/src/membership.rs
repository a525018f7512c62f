//! A person's place in an organization.

mod change;
mod leave;
mod list;
mod owners;

pub use change::{add, remove, resume, set_role, suspend};
pub use leave::{leave, transfer};
pub use list::{Member, MemberFilter, MemberSort, MembershipStatus, get, list};

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::id::{OrgId, UserId};
use crate::tx::Tx;
use crate::words::words;

words! {
    /// A role in an organization. What a role may do stands in the policy folder.
    OrgRole {
        /// Includes admin and manager.
        Owner = "owner",
        /// Technical.
        Admin = "admin",
        /// Economic.
        Manager = "manager",
        /// Belongs to it.
        Member = "member",
    }
}

/// Makes somebody a member. Returns whether they were none before; whoever was one stays as they are.
///
/// # Errors
/// [`Error::Unauthenticated`] if their account is being deleted: who came in with it is nobody any more.
pub(crate) async fn insert(tx: &mut Tx, org: OrgId, user: UserId, role: OrgRole) -> Result<bool> {
    let now = tx.now();
    // A deletion holds the row until its end, and does not see what comes after. A foreign key asks only whether it is there.
    let status = sqlx::query_scalar!("select status from users where id = $1 for key share", user.0)
        .fetch_optional(tx.connection())
        .await?;
    if matches!(status.as_deref(), None | Some("deleting")) {
        return Err(Error::Unauthenticated);
    }
    let inserted = sqlx::query!(
        "insert into memberships (org_id, user_id, role, created_at) values ($1, $2, $3, $4)
         on conflict (org_id, user_id) do nothing",
        org.0,
        user.0,
        role.as_str(),
        now,
    )
    .execute(tx.connection())
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// What policies want to know about a role that is given.
#[must_use]
pub fn role_context(role: OrgRole) -> Map<String, Value> {
    let role = json!({ "type": "OrgRoleName", "id": role.as_str() });
    Map::from_iter([("role".to_owned(), role)])
}

/// A membership as it is brought in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // columns of the store, described in docs/api.md
pub struct ImportedMembership {
    pub org_id: OrgId,
    pub user_id: UserId,
    pub role: OrgRole,
    #[serde(default, deserialize_with = "crate::time::bounded")]
    pub suspended_at: Option<DateTime<Utc>>,
}

impl ImportedMembership {
    pub(crate) async fn upsert(&self, tx: &mut Tx) -> Result<()> {
        let now = tx.now();
        sqlx::query!(
            "insert into memberships (org_id, user_id, role, suspended_at, created_at) values ($1, $2, $3, $4, $5)
             on conflict (org_id, user_id) do update set role = $3, suspended_at = $4",
            self.org_id.0,
            self.user_id.0,
            self.role.as_str(),
            self.suspended_at,
            now,
        )
        .execute(tx.connection())
        .await?;
        Ok(())
    }
}
