use super::provider::{Category, Provider};
use super::view::{Connection, find, read};
use crate::action::{Action, ConnectionOwner, Target as _, connection};
use crate::error::{Error, Result};
use crate::id::ConnectionId;
use crate::page::{Page, Paged};
use crate::tx::{Authorized, Tx};

/// Which connections.
#[derive(Debug, Clone, Default)]
pub struct ConnectionFilter {
    /// Of this provider.
    pub provider: Option<Provider>,
    /// For this.
    pub category: Option<Category>,
}

impl ConnectionFilter {
    fn providers(&self) -> Vec<String> {
        let fits = |provider: &&Provider| {
            self.provider.is_none_or(|wanted| wanted == **provider)
                && self.category.is_none_or(|wanted| wanted == provider.category())
        };
        Provider::ALL.iter().filter(fits).map(|provider| provider.as_str().to_owned()).collect()
    }
}

/// The connections of a person or an organization, by name.
///
/// # Errors
/// If the store does not answer.
pub async fn list(
    tx: &mut Tx,
    allowed: &Authorized<connection::List>,
    filter: &ConnectionFilter,
    page: Page,
) -> Result<Paged<Connection>> {
    let all = ids(tx, allowed, filter).await?;
    let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let (offset, limit) = (usize::try_from(page.offset()), usize::try_from(page.limit()));
    let shown = all.into_iter().skip(offset.unwrap_or(usize::MAX)).take(limit.unwrap_or_default());
    let shown: Vec<_> = shown.collect();
    Ok(page.of(read(tx, &shown).await?, total))
}

/// All of them, by name.
pub(super) async fn ids(
    tx: &mut Tx,
    allowed: &Authorized<connection::List>,
    filter: &ConnectionFilter,
) -> Result<Vec<ConnectionId>> {
    let (org, person) = match *allowed.target() {
        ConnectionOwner::Org(org) => (Some(org.0), None),
        ConnectionOwner::User(user) => (None, Some(user.0)),
    };
    let ids = sqlx::query_scalar!(
        "select id from connections where (org_id = $1 or owner_id = $2) and provider = any ($3) order by lower(name), id",
        org,
        person,
        &filter.providers(),
    )
    .fetch_all(tx.connection())
    .await?;
    Ok(ids.into_iter().map(ConnectionId).collect())
}

/// A connection.
///
/// # Errors
/// If the store does not answer.
pub async fn get(tx: &mut Tx, allowed: &Authorized<connection::View>) -> Result<Connection> {
    find(tx, *allowed.target()).await
}

/// The version of a connection, which nobody else changes until this transaction ends.
///
/// # Errors
/// If the store does not answer.
pub async fn lock_version<A: Action<Target = ConnectionId>>(
    tx: &mut Tx,
    allowed: &Authorized<A>,
) -> Result<i64> {
    let version =
        sqlx::query_scalar!("select version from connections where id = $1 for update", allowed.target().0)
            .fetch_optional(tx.connection())
            .await?;
    version.ok_or(Error::NotFound(ConnectionId::NOUN))
}
