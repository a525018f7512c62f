use serde::Deserialize;
use utoipa::IntoParams;

use super::view::{Instance, Row, views};
use crate::action::{Target as _, instance};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::id::{InstanceId, OrgId};
use crate::page::{Page, Paged};
use crate::tx::{Authorized, Tx};
use crate::words::words;

words! {
    /// By what instances are sorted; with a dash from the other end.
    #[derive(Default)]
    InstanceSort {
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

/// Which instances, in which order.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InstanceFilter {
    /// That work, or that wait for somebody.
    pub operational: Option<bool>,
    /// With this in their name, in whatever case.
    pub search: Option<String>,
    /// By what; with a dash from the other end.
    #[serde(default)]
    #[param(inline, default = "name")]
    pub sort: InstanceSort,
}

/// The instances of an organization, as far as the caller may see them.
///
/// # Errors
/// [`Error::Invalid`] if the text that is searched for is too long.
pub async fn list(
    tx: &mut Tx,
    allowed: &Authorized<instance::List>,
    filter: &InstanceFilter,
    page: Page,
) -> Result<Paged<Instance>> {
    let search = filter.search.as_deref();
    if search.is_some_and(|text| text.is_empty() || text.chars().count() > 254 || text.contains('\0')) {
        return Err(Error::invalid("search", "1 to 254 characters"));
    }
    let (org, caller) = (*allowed.target(), allowed.actor().clone());
    let ids = sqlx::query_scalar!(
        "select id from instances
         where org_id = $1
           and ($2::boolean is null or $2 = (technical_at is not null and economic_at is not null))
           and ($3::text is null or position(lower($3) in lower(name)) > 0)
         order by case $4 when 'name' then lower(name) end, case $4 when '-name' then lower(name) end desc,
                  case $4 when 'created_at' then created_at end, case $4 when '-created_at' then created_at end desc, id",
        org.0,
        filter.operational,
        search,
        filter.sort.as_str(),
    )
    .fetch_all(tx.connection())
    .await?;
    let visible = tx.filter::<instance::View>(&caller, ids.into_iter().map(InstanceId).collect()).await?;
    let total = i64::try_from(visible.len()).unwrap_or(i64::MAX);
    let (offset, limit) = (usize::try_from(page.offset()), usize::try_from(page.limit()));
    let shown = visible.iter().skip(offset.unwrap_or(usize::MAX)).take(limit.unwrap_or_default());
    let ids: Vec<InstanceId> = shown.map(|allowed| *allowed.target()).collect();
    let instances = read(tx, &caller, org, &ids).await?;
    Ok(page.of(instances, total))
}

/// An instance.
///
/// # Errors
/// If the store does not answer.
pub async fn instance(tx: &mut Tx, allowed: &Authorized<instance::View>) -> Result<Instance> {
    find(tx, allowed.actor(), *allowed.target()).await
}

pub(super) async fn find(tx: &mut Tx, caller: &Caller, id: InstanceId) -> Result<Instance> {
    let org = super::org_of(tx, id).await?;
    read(tx, caller, org, &[id]).await?.pop().ok_or(Error::NotFound(InstanceId::NOUN))
}

/// These instances of an organization, in this order.
async fn read(tx: &mut Tx, caller: &Caller, org: OrgId, ids: &[InstanceId]) -> Result<Vec<Instance>> {
    let ids: Vec<uuid::Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        Row,
        "select i.id, i.org_id, i.name, i.description, i.is_dedicated, i.technical_at, i.technical_by, i.economic_at,
                i.economic_by, i.version, i.created_at
         from unnest($1::uuid[]) with ordinality as wanted (id, place)
         join instances i on i.id = wanted.id and i.org_id = $2 order by wanted.place",
        &ids,
        org.0,
    )
    .fetch_all(tx.connection())
    .await?;
    views(tx, caller, org, rows).await
}
