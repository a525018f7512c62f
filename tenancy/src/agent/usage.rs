use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::action::{Target as _, agent, org};
use crate::error::{Error, Result};
use crate::id::{AgentId, OrgId, ResourceId, UseId};
use crate::money::Money;
use crate::once::Once;
use crate::spending::{self, Terms};
use crate::tx::{Authorized, Tx};

/// A use of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AgentUse {
    /// The id; the entries in the wallets have it as their key.
    pub id: UseId,
    /// Who used it.
    pub org_id: OrgId,
    /// What was used.
    pub agent_id: AgentId,
    /// What tells it from other uses.
    pub key: String,
    /// What was charged; null: nothing, as for own and free agents.
    pub charged: Option<Money>,
    /// When it was used.
    pub created_at: DateTime<Utc>,
}

/// A use to be recorded.
#[derive(Debug, Clone)]
pub struct NewAgentUse {
    /// What is used.
    pub agent: AgentId,
    /// What tells it from other uses: the same key is the same use.
    pub key: String,
}

/// Records that an organization uses an agent, once for each key, and charges what that costs.
///
/// # Errors
/// [`Error::NotFound`] if the agent is not the organization's, not free, and not shared with it now, or not in use;
/// [`Error::Forbidden`] if the person who asks may not run it; [`Error::Conflict`] with `insufficient_funds`, and
/// `key_reused` if the key came before for another agent.
pub async fn use_agent(
    tx: &mut Tx,
    allowed: &Authorized<org::Spend>,
    new: &NewAgentUse,
) -> Result<Once<AgentUse>> {
    let org = *allowed.target();
    let what = ResourceId { kind: "Agent".to_owned(), id: new.agent.to_string() };
    let view = |used: spending::Use| AgentUse {
        id: used.id,
        org_id: org,
        agent_id: new.agent,
        key: new.key.clone(),
        charged: used.charged,
        created_at: used.created_at,
    };
    let mut used = match spending::note(tx, allowed, &what, &new.key).await? {
        Once::Before(used) => return Ok(Once::Before(view(used))),
        Once::Now(used) => used,
    };
    let terms = terms(tx, org, new.agent).await?;
    tx.authorize::<agent::Run>(allowed.actor(), new.agent).await?;
    if let Some(terms) = terms {
        spending::charge(tx, allowed, &mut used, &what, terms).await?;
    }
    Ok(Once::Now(view(used)))
}

/// On what terms an organization uses an agent; none: on none. Agent and share stay as they are until the end of the
/// transaction.
async fn terms(tx: &mut Tx, org: OrgId, id: AgentId) -> Result<Option<Terms>> {
    let missing = || Error::NotFound(AgentId::NOUN);
    let owner = sqlx::query_scalar!("select org_id from agents where id = $1 and is_active for share", id.0)
        .fetch_optional(tx.connection())
        .await?
        .ok_or_else(missing)?;
    let Some(owner) = owner.map(OrgId).filter(|owner| *owner != org) else { return Ok(None) };
    let now = tx.now();
    let price = sqlx::query_scalar!(
        "select price_per_use from shares
         where agent_id = $1 and grantee_org_id = $2 and (expires_at is null or expires_at > $3) for share",
        id.0,
        org.0,
        now,
    )
    .fetch_optional(tx.connection())
    .await?
    .ok_or_else(missing)?;
    Ok(price.map(|price| Terms { owner, price: price.into() }))
}
