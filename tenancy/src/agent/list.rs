use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::License;
use crate::action::{Target as _, agent, org};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::id::{AgentId, OrgId};
use crate::money::Money;
use crate::page::{Page, Paged};
use crate::tx::{Authorized, Tx};
use crate::words::words;

/// An agent.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Agent {
    /// The id.
    pub id: AgentId,
    /// Whose it is; null for a free one.
    pub org_id: Option<OrgId>,
    /// What kind of agent it is, for programs: one of each for an owner.
    pub agent_type: String,
    /// What people call it.
    pub name: String,
    /// What it does.
    pub description: Option<String>,
    /// What it is made of; null for those with whom it is only shared.
    #[schema(value_type = Option<Object>)]
    pub settings: Option<Map<String, Value>>,
    /// Whether it is everybody's or its organization's.
    pub license: License,
    /// Whether it is in use.
    pub is_active: bool,
    /// With which of your organizations it is shared.
    pub shared_with: Vec<AgentTerms>,
    /// Counts its changes.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// On what terms an agent is shared with an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AgentTerms {
    /// The organization.
    pub org_id: OrgId,
    /// What it pays for each use; null: nothing.
    pub price_per_use: Option<Money>,
    /// From when on it is shared no longer; null: never.
    pub expires_at: Option<DateTime<Utc>>,
}

words! {
    /// By what agents are sorted; with a dash from the other end.
    #[derive(Default)]
    AgentSort {
        /// By name.
        #[default]
        Name = "name",
        /// By name, from the end.
        NameBackwards = "-name",
        /// Oldest first.
        Created = "created_at",
        /// Newest first.
        Newest = "-created_at",
    }
}

/// Which agents, in which order.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AgentFilter {
    /// Of this organization.
    #[serde(rename = "org_id")]
    pub org: Option<OrgId>,
    /// Everybody's, or organizations'.
    #[param(inline)]
    pub license: Option<License>,
    /// In use, or not.
    pub active: Option<bool>,
    /// With this in their type or name, in whatever case.
    pub search: Option<String>,
    /// By what; with a dash from the other end.
    #[serde(default)]
    #[param(inline, default = "name")]
    pub sort: AgentSort,
}

/// The agents that the caller may see, whosever they are.
///
/// # Errors
/// [`Error::Invalid`] if the text that is searched for is too long.
pub async fn list(tx: &mut Tx, caller: &Caller, filter: &AgentFilter, page: Page) -> Result<Paged<Agent>> {
    let search = filter.search.as_deref();
    if search.is_some_and(|text| text.is_empty() || text.chars().count() > 254 || text.contains('\0')) {
        return Err(Error::invalid("search", "1 to 254 characters"));
    }
    let now = tx.now();
    // Those that it can be about; policies decide on each.
    let ids = sqlx::query_file_scalar!(
        "src/agent/candidates.sql",
        caller.person().map(|person| person.id.0),
        filter.org.map(|org| org.0),
        filter.license.map(License::as_str),
        filter.active,
        search,
        filter.sort.as_str(),
        now,
    )
    .fetch_all(tx.connection())
    .await?;
    let visible = tx.filter::<agent::View>(caller, ids.into_iter().map(AgentId).collect()).await?;
    let total = i64::try_from(visible.len()).unwrap_or(i64::MAX);
    let (offset, limit) = (usize::try_from(page.offset()), usize::try_from(page.limit()));
    let shown: Vec<&Authorized<agent::View>> =
        visible.iter().skip(offset.unwrap_or(usize::MAX)).take(limit.unwrap_or_default()).collect();
    let agents = read(tx, caller, &shown.iter().map(|allowed| *allowed.target()).collect::<Vec<_>>()).await?;
    Ok(page.of(agents, total))
}

/// An agent.
///
/// # Errors
/// If the store does not answer.
pub async fn agent(tx: &mut Tx, allowed: &Authorized<agent::View>) -> Result<Agent> {
    find(tx, allowed.actor(), *allowed.target()).await
}

pub(super) async fn find(tx: &mut Tx, caller: &Caller, id: AgentId) -> Result<Agent> {
    read(tx, caller, &[id]).await?.pop().ok_or(Error::NotFound(AgentId::NOUN))
}

/// These agents, in this order.
async fn read(tx: &mut Tx, caller: &Caller, ids: &[AgentId]) -> Result<Vec<Agent>> {
    let (ids, now): (Vec<Uuid>, _) = (ids.iter().map(|id| id.0).collect(), tx.now());
    let rows = sqlx::query!(
        r#"select a.id, a.org_id, a.agent_type, a.name, a.description, a.settings, a.license, a.is_active, a.version,
                  a.created_at,
                  coalesce((
                      select jsonb_agg(jsonb_build_object(
                          'org_id', s.grantee_org_id, 'price_per_use', s.price_per_use::text, 'expires_at', s.expires_at
                      ) order by s.created_at, s.id)
                      from shares s join memberships m on m.org_id = s.grantee_org_id and m.user_id = $2
                      where s.agent_id = a.id and m.suspended_at is null and (s.expires_at is null or s.expires_at > $3)
                  ), '[]') as "shared_with!"
           from unnest($1::uuid[]) with ordinality as wanted (id, place)
           join agents a on a.id = wanted.id order by wanted.place"#,
        &ids,
        caller.person().map(|person| person.id.0),
        now,
    )
    .fetch_all(tx.connection())
    .await?;
    // What an agent is made of is for those who may see whose it is.
    let owners: HashSet<OrgId> = rows.iter().filter_map(|row| row.org_id.map(OrgId)).collect();
    let open = tx.filter::<org::View>(caller, owners.into_iter().collect()).await?;
    let is_open = |org: Option<OrgId>| org.is_none_or(|org| open.iter().any(|open| *open.target() == org));
    let decode = |error: serde_json::Error| Error::Store(sqlx::Error::Decode(error.into()));
    let agents = rows.into_iter().map(|row| {
        let org_id = row.org_id.map(OrgId);
        let unknown = || Error::Store(sqlx::Error::Decode(format!("unknown word {}", row.license).into()));
        let settings = serde_json::from_value(row.settings).map_err(decode)?;
        Ok(Agent {
            id: AgentId(row.id),
            org_id,
            agent_type: row.agent_type,
            name: row.name,
            description: row.description,
            settings: is_open(org_id).then_some(settings),
            license: License::parse(&row.license).ok_or_else(unknown)?,
            is_active: row.is_active,
            shared_with: serde_json::from_value(row.shared_with).map_err(decode)?,
            version: row.version,
            created_at: row.created_at,
        })
    });
    agents.collect()
}
