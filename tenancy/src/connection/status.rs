use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::list::{ConnectionFilter, ids};
use super::provider::{Category, PROVIDERS, Provider};
use super::trial::TestFailure;
use super::view::{Connection, read};
use crate::action::{ConnectionOwner, connection};
use crate::error::Result;
use crate::id::{ConnectionId, OrgId};
use crate::tx::{Authorized, Tx};

/// Which providers are configured where somebody works.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ConfigStatus {
    /// The organization whose connections these are; null: your own.
    pub org_id: Option<OrgId>,
    /// Every category there is.
    pub categories: Vec<CategoryStatus>,
    /// The categories that nothing is configured for.
    pub missing: Vec<Category>,
}

/// What is configured for one purpose.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CategoryStatus {
    /// What for.
    pub category: Category,
    /// Whether anything is configured.
    pub configured: bool,
    /// Whether the installation has something for everybody.
    pub by_installation: bool,
    /// Every provider there is for it.
    pub providers: Vec<ProviderStatus>,
}

/// What is configured of one provider.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProviderStatus {
    /// The provider.
    pub provider: Provider,
    /// Whether there is a connection.
    pub configured: bool,
    /// The connections.
    pub connections: Vec<ConnectionStatus>,
}

/// How a connection is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ConnectionStatus {
    /// The connection.
    pub id: ConnectionId,
    /// What people call it.
    pub name: String,
    /// When it was last tested; null: never.
    pub tested_at: Option<DateTime<Utc>>,
    /// What went wrong then; null: nothing.
    pub test_error: Option<TestFailure>,
}

impl From<Connection> for ConnectionStatus {
    fn from(connection: Connection) -> Self {
        let Connection { id, name, tested_at, test_error, .. } = connection;
        Self { id, name, tested_at, test_error }
    }
}

/// Which providers are configured, and which are missing. Every installation keeps documents somewhere.
///
/// # Errors
/// If the store does not answer.
pub async fn config_status(tx: &mut Tx, allowed: &Authorized<connection::List>) -> Result<ConfigStatus> {
    let ids = ids(tx, allowed, &ConnectionFilter::default()).await?;
    let all = read(tx, &ids).await?;
    let of = |provider: Provider| ProviderStatus {
        provider,
        configured: all.iter().any(|one| one.provider == provider),
        connections: all.iter().filter(|one| one.provider == provider).cloned().map(Into::into).collect(),
    };
    let categories: Vec<CategoryStatus> = Category::ALL
        .iter()
        .map(|category| {
            let specs = PROVIDERS.iter().filter(|spec| spec.category == *category);
            let providers: Vec<_> = specs.map(|spec| of(spec.provider)).collect();
            let by_installation = *category == Category::ObjectStorage;
            let configured = by_installation || providers.iter().any(|provider| provider.configured);
            CategoryStatus { category: *category, configured, by_installation, providers }
        })
        .collect();
    let missing = categories.iter().filter(|one| !one.configured).map(|one| one.category).collect();
    let org_id = match *allowed.target() {
        ConnectionOwner::Org(org) => Some(org),
        ConnectionOwner::User(_) => None,
    };
    Ok(ConfigStatus { org_id, categories, missing })
}
