use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::action::{instance, member};
use crate::caller::Caller;
use crate::error::Result;
use crate::id::{InstanceId, OrgId, UserId};
use crate::tx::Tx;
use crate::words::words;

words! {
    /// A side of an organization.
    Side {
        /// Who runs it.
        Technical = "technical",
        /// Who pays for it.
        Economic = "economic",
    }
}

/// An instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Instance {
    /// The id.
    pub id: InstanceId,
    /// Whose it is.
    pub org_id: OrgId,
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it has machines of its own.
    pub is_dedicated: bool,
    /// Whether it works: both sides have said yes.
    pub is_operational: bool,
    /// The yes of the technical side; null: none.
    pub technical: Option<Activation>,
    /// The yes of the economic side; null: none.
    pub economic: Option<Activation>,
    /// Whose yes it waits for.
    pub missing: Vec<Missing>,
    /// Counts its changes.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// A yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Activation {
    /// When it was said.
    pub at: DateTime<Utc>,
    /// By whom; null also once that account is gone.
    pub by: Option<UserId>,
}

/// A yes that is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Missing {
    /// Of which side.
    pub activation: Side,
    /// Who may say it, of the 50 members of the highest rank; null for those who may not see members.
    pub may_set: Option<Vec<MayActivate>>,
}

/// Somebody who may say yes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MayActivate {
    /// Who.
    pub user_id: UserId,
    /// Their name.
    pub name: String,
}

/// A row of `instances`.
pub(super) struct Row {
    pub(super) id: Uuid,
    pub(super) org_id: Uuid,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) is_dedicated: bool,
    pub(super) technical_at: Option<DateTime<Utc>>,
    pub(super) technical_by: Option<Uuid>,
    pub(super) economic_at: Option<DateTime<Utc>>,
    pub(super) economic_by: Option<Uuid>,
    pub(super) version: i64,
    pub(super) created_at: DateTime<Utc>,
}

/// Those who may be able to say yes, by rank.
struct Candidates(Vec<MayActivate>);

impl Candidates {
    /// Most of them: an organization can have any number of members, and each is asked about.
    const MOST: i64 = 50;

    async fn of(tx: &mut Tx, org: OrgId) -> Result<Self> {
        let rows = sqlx::query!(
            "select u.id, u.name from memberships m join users u on u.id = m.user_id
             where m.org_id = $1 and m.suspended_at is null
             order by array_position(array['owner', 'admin', 'manager', 'member'], m.role), lower(u.name), u.id limit $2",
            org.0,
            Self::MOST,
        )
        .fetch_all(tx.connection())
        .await?;
        Ok(Self(
            rows.into_iter().map(|row| MayActivate { user_id: UserId(row.id), name: row.name }).collect(),
        ))
    }

    fn ids(&self) -> Vec<UserId> {
        self.0.iter().map(|candidate| candidate.user_id).collect()
    }

    fn named(&self, allowed: &[UserId]) -> Vec<MayActivate> {
        self.0.iter().filter(|candidate| allowed.contains(&candidate.user_id)).cloned().collect()
    }
}

/// Instances of one organization as a caller sees them.
pub(super) async fn views(tx: &mut Tx, caller: &Caller, org: OrgId, rows: Vec<Row>) -> Result<Vec<Instance>> {
    let technical =
        rows.iter().filter(|row| row.technical_at.is_none()).map(|row| InstanceId(row.id)).collect();
    let economic =
        rows.iter().filter(|row| row.economic_at.is_none()).map(|row| InstanceId(row.id)).collect();
    let may = may_set(tx, caller, org, technical, economic).await?;
    Ok(rows.into_iter().map(|row| view(row, may.as_ref())).collect())
}

/// Who may say yes, by instance and side.
type MaySet = HashMap<(InstanceId, Side), Vec<MayActivate>>;

async fn may_set(
    tx: &mut Tx,
    caller: &Caller,
    org: OrgId,
    technical: Vec<InstanceId>,
    economic: Vec<InstanceId>,
) -> Result<Option<MaySet>> {
    let is_complete = technical.is_empty() && economic.is_empty();
    if is_complete || tx.try_authorize::<member::List>(caller, org).await?.is_none() {
        return Ok(None);
    }
    let candidates = Candidates::of(tx, org).await?;
    let ids = candidates.ids();
    let allowed = [
        (Side::Technical, tx.who_may::<instance::SetTechnical>(&ids, &technical).await?, technical),
        (Side::Economic, tx.who_may::<instance::SetEconomic>(&ids, &economic).await?, economic),
    ];
    let named = allowed.into_iter().flat_map(|(side, allowed, instances)| {
        instances.into_iter().zip(allowed).map(move |(id, allowed)| ((id, side), allowed))
    });
    Ok(Some(named.map(|(key, allowed)| (key, candidates.named(&allowed))).collect()))
}

fn view(row: Row, may: Option<&MaySet>) -> Instance {
    let id = InstanceId(row.id);
    let said =
        |at: Option<DateTime<Utc>>, by: Option<Uuid>| at.map(|at| Activation { at, by: by.map(UserId) });
    let technical = said(row.technical_at, row.technical_by);
    let economic = said(row.economic_at, row.economic_by);
    let missing = [(Side::Technical, technical), (Side::Economic, economic)]
        .into_iter()
        .filter(|(_, said)| said.is_none())
        .map(|(side, _)| Missing {
            activation: side,
            may_set: may.map(|may| may.get(&(id, side)).cloned().unwrap_or_default()),
        })
        .collect();
    Instance {
        id,
        org_id: OrgId(row.org_id),
        name: row.name,
        description: row.description,
        is_dedicated: row.is_dedicated,
        is_operational: technical.is_some() && economic.is_some(),
        technical,
        economic,
        missing,
        version: row.version,
        created_at: row.created_at,
    }
}
