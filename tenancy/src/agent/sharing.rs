use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::change::record;
use super::org_of;
use crate::action::agent;
use crate::audit::Change;
use crate::error::{Error, Result};
use crate::id::{AgentId, OrgId, ShareId};
use crate::money::Money;
use crate::page::{Page, Paged};
use crate::time;
use crate::tx::{Authorized, Tx};
use crate::words::words;

words! {
    /// Whom an agent can be shared with; an import can share it with others than organizations.
    AgentGrantee {
        /// An organization's members.
        Organization = "organization",
        /// A person.
        User = "user",
        /// A workspace's viewers.
        Workspace = "workspace",
    }
}

/// A share of an agent, for those who manage it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AgentShare {
    /// The id.
    pub id: ShareId,
    /// What is shared.
    pub agent_id: AgentId,
    /// With whom.
    pub grantee: AgentGrantee,
    /// The id of the organization, person or workspace.
    pub grantee_id: Uuid,
    /// The organization's slug.
    pub org_slug: Option<String>,
    /// The organization's name.
    pub org_name: Option<String>,
    /// What the organization pays for each use; null: nothing.
    pub price_per_use: Option<Money>,
    /// From when on it is shared no longer; null: never.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was shared first.
    pub created_at: DateTime<Utc>,
}

/// A share to be made.
#[derive(Debug, Clone)]
pub struct NewAgentShare {
    /// The organization: its id or its slug.
    pub org: String,
    /// What it pays for each use.
    pub price_per_use: Option<Money>,
    /// From when on it is shared no longer.
    pub expires_at: Option<DateTime<Utc>>,
}

/// With whom an agent is shared, oldest share first; those that have expired are listed until they are revoked.
///
/// # Errors
/// If the store does not answer.
pub async fn shares(
    tx: &mut Tx,
    allowed: &Authorized<agent::ListShares>,
    page: Page,
) -> Result<Paged<AgentShare>> {
    let id = *allowed.target();
    let total = sqlx::query_scalar!(r#"select count(*) as "count!" from shares where agent_id = $1"#, id.0)
        .fetch_one(tx.connection())
        .await?;
    let shares = read(tx, id, None, page.limit(), page.offset()).await?;
    Ok(page.of(shares, total))
}

/// Shares an agent with another organization. Sharing again changes price and end.
///
/// # Errors
/// [`Error::Invalid`] if there is no other such organization, for a price of nothing or less, and for an end that is past.
pub async fn share(
    tx: &mut Tx,
    allowed: &Authorized<agent::Share>,
    new: &NewAgentShare,
) -> Result<AgentShare> {
    let (agent, now) = (*allowed.target(), tx.now());
    if new.expires_at.is_some_and(|end| end <= now || !time::is_storable(end)) {
        return Err(Error::invalid("expires_at", "must be in the future, and before the year 10000"));
    }
    if new.price_per_use.is_some_and(|price| !price.is_positive()) {
        return Err(Error::invalid("price_per_use", "more than nothing"));
    }
    let org = grantee(tx, agent, &new.org).await?;
    let before = sqlx::query!(
        "select id, price_per_use, expires_at from shares where agent_id = $1 and grantee_org_id = $2 for update",
        agent.0,
        org.0,
    )
    .fetch_optional(tx.connection())
    .await?;
    let before = before.map_or(Value::Null, |share| {
        let price = share.price_per_use.map(Money::from);
        json!({ "share": share.id, "price_per_use": price, "expires_at": share.expires_at })
    });
    let id = sqlx::query_scalar!(
        "insert into shares (id, agent_id, grantee, grantee_org_id, level, price_per_use, expires_at, created_at)
         values ($1, $2, 'organization', $3, 'viewer', $4, $5, $6)
         on conflict on constraint shares_once do update set price_per_use = $4, expires_at = $5 returning id",
        tx.new_id(),
        agent.0,
        org.0,
        new.price_per_use.map(Money::decimal),
        new.expires_at,
        now,
    )
    .fetch_one(tx.connection())
    .await?;
    let after = json!({
        "share": id, "org_id": org, "price_per_use": new.price_per_use, "expires_at": new.expires_at,
    });
    record(tx, allowed, Change { before, after }).await?;
    let shares = read(tx, agent, Some(ShareId(id)), 1, 0).await?;
    shares.into_iter().next().ok_or(Error::NotFound(NOUN))
}

/// Ends a share of an agent at once: who is using it has used it, and nobody does after.
///
/// # Errors
/// [`Error::NotFound`] if the agent has no such share.
pub async fn revoke_share(tx: &mut Tx, allowed: &Authorized<agent::Share>, id: ShareId) -> Result<()> {
    let gone = sqlx::query!(
        "delete from shares where id = $1 and agent_id = $2
         returning grantee, coalesce(grantee_org_id, grantee_user_id, grantee_workspace_id) as grantee_id, price_per_use",
        id.0,
        allowed.target().0
    )
    .fetch_optional(tx.connection())
    .await?
    .ok_or(Error::NotFound(NOUN))?;
    let before = json!({
        "share": id, "grantee": gone.grantee, "grantee_id": gone.grantee_id,
        "price_per_use": gone.price_per_use.map(Money::from),
    });
    record(tx, allowed, Change { before, ..Change::default() }).await
}

const NOUN: &str = "share";

/// The organization with this id or slug, if it is another one than the agent's.
async fn grantee(tx: &mut Tx, agent: AgentId, org: &str) -> Result<OrgId> {
    let own = org_of(tx, agent).await?;
    let found = sqlx::query_scalar!(
        "select id from organizations where id = $1 or slug = $2 order by id = $1 desc nulls last limit 1",
        Uuid::try_parse(org).ok(),
        org.replace('\0', ""),
    )
    .fetch_optional(tx.connection())
    .await?;
    let found = found.map(OrgId).filter(|org| Some(*org) != own);
    found.ok_or_else(|| Error::invalid("org", "no other organization has this id or slug"))
}

async fn read(
    tx: &mut Tx,
    agent: AgentId,
    one: Option<ShareId>,
    limit: i64,
    offset: i64,
) -> Result<Vec<AgentShare>> {
    let rows = sqlx::query!(
        r#"select s.id, s.grantee, coalesce(s.grantee_org_id, s.grantee_user_id, s.grantee_workspace_id) as "grantee_id!",
                  o.slug as "slug?", o.name as "name?", s.price_per_use, s.expires_at, s.created_at
           from shares s left join organizations o on o.id = s.grantee_org_id
           where s.agent_id = $1 and ($2::uuid is null or s.id = $2)
           order by s.created_at, s.id limit $3 offset $4"#,
        agent.0,
        one.map(|id| id.0),
        limit,
        offset,
    )
    .fetch_all(tx.connection())
    .await?;
    let shares = rows.into_iter().filter_map(|row| {
        Some(AgentShare {
            id: ShareId(row.id),
            agent_id: agent,
            grantee: AgentGrantee::parse(&row.grantee)?,
            grantee_id: row.grantee_id,
            org_slug: row.slug,
            org_name: row.name,
            price_per_use: row.price_per_use.map(Money::from),
            expires_at: row.expires_at,
            created_at: row.created_at,
        })
    });
    Ok(shares.collect())
}
