use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::view::read;
use super::{Visibility, Workspace};
use crate::action::{user, workspace};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::id::WorkspaceId;
use crate::page::{Page, Paged};
use crate::tx::{Authorized, Tx};
use crate::words::words;

words! {
    /// By what workspaces are sorted; with a dash from the other end.
    #[derive(Default)]
    WorkspaceSort {
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

/// Which workspaces, in which order.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WorkspaceFilter {
    /// Into which these get without being added.
    #[param(inline)]
    pub visibility: Option<Visibility>,
    /// With this in their name, in whatever case.
    pub search: Option<String>,
    /// By what; with a dash from the other end.
    #[serde(default)]
    #[param(inline, default = "name")]
    pub sort: WorkspaceSort,
}

impl WorkspaceFilter {
    fn search(&self) -> Result<Option<&str>> {
        let search = self.search.as_deref().map(str::trim);
        if search.is_some_and(|text| text.is_empty() || text.contains('\0') || text.chars().count() > 254) {
            return Err(Error::invalid("search", "1 to 254 characters"));
        }
        Ok(search)
    }
}

/// An organization's workspaces that the caller sees.
///
/// # Errors
/// [`Error::Invalid`] for a search that can find nothing.
pub async fn list(
    tx: &mut Tx,
    allowed: &Authorized<workspace::List>,
    filter: &WorkspaceFilter,
    page: Page,
) -> Result<Paged<Workspace>> {
    let ids = sqlx::query_scalar!(
        "select id from workspaces
         where org_id = $1 and ($2::text is null or visibility = $2)
           and ($3::text is null or position(lower($3) in lower(name)) > 0)
         order by case $4::text when 'name' then lower(name) end, case $4 when '-name' then lower(name) end desc,
                  case $4 when 'created_at' then created_at end, case $4 when '-created_at' then created_at end desc,
                  id",
        allowed.target().0,
        filter.visibility.map(Visibility::as_str),
        filter.search()?,
        filter.sort.as_str(),
    )
    .fetch_all(tx.connection())
    .await?;
    seen(tx, allowed.actor(), ids, page).await
}

/// Every workspace that a person sees: their own, those of their organizations, and those that are shared with them.
///
/// # Errors
/// As [`list`].
pub async fn visible(
    tx: &mut Tx,
    allowed: &Authorized<user::ListOrgs>,
    filter: &WorkspaceFilter,
    page: Page,
) -> Result<Paged<Workspace>> {
    // No more than what there may be to see: which of it they see, policies decide.
    let ids = sqlx::query_scalar!(
        r#"with org as (select org_id from memberships where user_id = $1),
           near as (
               select id from workspaces where owner_id = $1 or org_id in (select org_id from org)
               union
               select s.workspace_id from shares s
               where s.workspace_id is not null
                 and (s.grantee_user_id = $1 or s.grantee_org_id in (select org_id from org)
                      or s.grantee_workspace_id in (select workspace_id from workspace_members where user_id = $1)
                      or s.grantee = 'platform'
                         and exists (select from users where id = $1 and platform_role is not null))
           )
           select w.id from workspaces w join near on near.id = w.id
           where ($2::text is null or w.visibility = $2)
             and ($3::text is null or position(lower($3) in lower(w.name)) > 0)
           order by case $4::text when 'name' then lower(w.name) end, case $4 when '-name' then lower(w.name) end desc,
                    case $4 when 'created_at' then w.created_at end, case $4 when '-created_at' then w.created_at end desc,
                    w.id"#,
        allowed.target().0,
        filter.visibility.map(Visibility::as_str),
        filter.search()?,
        filter.sort.as_str(),
    )
    .fetch_all(tx.connection())
    .await?;
    seen(tx, allowed.actor(), ids, page).await
}

/// The page of those that the caller sees.
async fn seen(tx: &mut Tx, caller: &Caller, ids: Vec<Uuid>, page: Page) -> Result<Paged<Workspace>> {
    let ids = ids.into_iter().map(WorkspaceId).collect();
    let seen = tx.filter::<workspace::View>(caller, ids).await?;
    let total = i64::try_from(seen.len()).unwrap_or(i64::MAX);
    let skipped = usize::try_from(page.offset()).unwrap_or(usize::MAX);
    let taken = usize::try_from(page.limit()).unwrap_or_default();
    let ids: Vec<WorkspaceId> =
        seen.iter().skip(skipped).take(taken).map(|allowed| *allowed.target()).collect();
    Ok(page.of(read(tx, caller, &ids).await?, total))
}
