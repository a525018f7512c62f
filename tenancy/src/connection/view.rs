use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::provider::{Category, Provider};
use super::trial::TestFailure;
use crate::action::Target as _;
use crate::error::{Error, Result};
use crate::id::{ConnectionId, OrgId, UserId};
use crate::tx::Tx;

/// A connection. Its credentials are shown to nobody.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Connection {
    /// The id.
    pub id: ConnectionId,
    /// The organization; none for a person's.
    pub org_id: Option<OrgId>,
    /// The person; none for an organization's.
    pub owner_id: Option<UserId>,
    /// The provider.
    pub provider: Provider,
    /// What it is for.
    pub category: Category,
    /// What people call it.
    #[schema(example = "Archive")]
    pub name: String,
    /// What the provider wants to know besides the credentials.
    #[schema(value_type = Object, example = json!({ "bucket": "archive", "region": "eu-west-1" }))]
    pub settings: Map<String, Value>,
    /// When it was last given credentials.
    pub rotated_at: DateTime<Utc>,
    /// When these were last tested; none: never.
    pub tested_at: Option<DateTime<Utc>>,
    /// What went wrong then; none: nothing.
    pub test_error: Option<TestFailure>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Counts its changes.
    pub version: i64,
}

/// These connections in this order.
pub(super) async fn read(tx: &mut Tx, ids: &[ConnectionId]) -> Result<Vec<Connection>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        "select c.id, c.org_id, c.owner_id, c.provider, c.name, c.settings, c.rotated_at, c.tested_at, c.test_error,
                c.created_at, c.version
         from unnest($1::uuid[]) with ordinality as wanted (id, place)
         join connections c on c.id = wanted.id order by wanted.place",
        &ids,
    )
    .fetch_all(tx.connection())
    .await?;
    let connections = rows.into_iter().filter_map(|row| {
        let provider = Provider::parse(&row.provider)?;
        Some(Connection {
            id: ConnectionId(row.id),
            org_id: row.org_id.map(OrgId),
            owner_id: row.owner_id.map(UserId),
            provider,
            category: provider.category(),
            name: row.name,
            settings: row.settings.as_object().cloned().unwrap_or_default(),
            rotated_at: row.rotated_at,
            tested_at: row.tested_at,
            test_error: row.test_error.as_deref().and_then(TestFailure::parse),
            created_at: row.created_at,
            version: row.version,
        })
    });
    Ok(connections.collect())
}

pub(super) async fn find(tx: &mut Tx, id: ConnectionId) -> Result<Connection> {
    read(tx, &[id]).await?.pop().ok_or(Error::NotFound(ConnectionId::NOUN))
}
