//! The places of a person in organizations of others.

use serde_json::{Value, json};

use super::{Part, record};
use crate::action::{Home, Target as _, user};
use crate::audit::Change;
use crate::error::Result;
use crate::id::{MembershipId, OrgId, WorkspaceId};
use crate::purge::PurgeRun;
use crate::tx::{Authorized, Tx};
use crate::workspace::Managers;

/// Takes a person out of organizations: one in a transaction, which is kept still meanwhile. Private workspaces that nobody could
/// manage then go to the first of those who are in them. Returns whether they are in none any more.
pub(super) async fn others(
    tx: &mut Tx,
    run: &PurgeRun,
    allowed: &Authorized<user::Purge>,
    part: &mut Part,
) -> Result<bool> {
    let person = *allowed.target();
    let orgs = sqlx::query_scalar!(
        "select org_id from memberships where user_id = $1 order by org_id limit 2",
        person.0
    )
    .fetch_all(tx.connection())
    .await?;
    let Some(org) = orgs.first().map(|org| OrgId(*org)) else { return Ok(true) };
    tx.keep_still(Home::Org(org)).await?;
    let managed = sqlx::query_scalar!(
        "select workspace_id from workspace_members where org_id = $1 and user_id = $2 and role = 'admin'
         order by workspace_id",
        org.0,
        person.0,
    )
    .fetch_all(tx.connection())
    .await?;
    // A trigger takes those of this organization back too, and does not count them.
    let shares = sqlx::query!("delete from shares where grantee_user_id = $1", person.0)
        .execute(tx.connection())
        .await?;
    part.add("shares", shares.rows_affected() as i64);
    let roles =
        sqlx::query!("delete from workspace_members where org_id = $1 and user_id = $2", org.0, person.0)
            .execute(tx.connection())
            .await?;
    part.add("workspace_members", roles.rows_affected() as i64);
    let gone = sqlx::query!("delete from memberships where org_id = $1 and user_id = $2", org.0, person.0)
        .execute(tx.connection())
        .await?;
    part.add("memberships", gone.rows_affected() as i64);
    let membership = MembershipId { org, user: person };
    let asked = sqlx::query!(
        "delete from decisions where resource_type = 'Membership' and resource_id = $1",
        membership.to_string(),
    )
    .execute(tx.connection())
    .await?;
    part.add("decisions", asked.rows_affected() as i64);
    sqlx::query!("delete from former_members where org_id = $1 and user_id = $2", org.0, person.0)
        .execute(tx.connection())
        .await?;
    record(tx, run, allowed, Some(org), &membership.uid()).await?;
    for workspace in managed {
        let heir = Managers::until_now(WorkspaceId(workspace)).hand_over(tx).await?;
        if let Some((workspace, heir)) = heir {
            let change = Change { before: Value::Null, after: json!({ "user_id": heir, "role": "admin" }) };
            tx.record(allowed, Some(org), &workspace.uid(), change).await?;
        }
    }
    Ok(orgs.len() == 1)
}
