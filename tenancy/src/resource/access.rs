//! Who has access to a resource: asked of the policies, for everybody whom the store ties to it.

use authz::core_uid;
use serde::Serialize;
use utoipa::ToSchema;

use super::{read, uid};
use crate::action::workspace;
use crate::error::{Error, Result};
use crate::id::{ResourceId, UserId};
use crate::page::{Page, Paged};
use crate::tx::{Authorized, Tx};

/// Somebody who may do something with a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Access {
    /// Who.
    pub user_id: UserId,
    /// Their name.
    pub name: String,
    /// Their address.
    #[schema(format = Email)]
    pub email: String,
    /// What they may do, by the actions' names in the policy folder, as they are without a second factor.
    pub actions: Vec<String>,
}

/// Who may do something with a resource, or this one action, by name. Asked about are the owner, the members of the
/// workspace and its organization, and the people with whom the resource, what it lies in, or the workspace is shared. Who
/// is in another organization that it is shared with is that one's own affair: the share names it. Whom an application's
/// policies let in by an attribute is not found this way.
///
/// # Errors
/// [`Error::NotFound`] if the resource does not lie in the workspace that was authorized; [`Error::Invalid`] for an action
/// that people cannot do to such a resource.
pub async fn access(
    tx: &mut Tx,
    allowed: &Authorized<workspace::ReadResources>,
    id: &ResourceId,
    action: Option<&str>,
    page: Page,
) -> Result<Paged<Access>> {
    read(tx, *allowed.target(), id).await?;
    let resource = uid(tx, id)?;
    let mut actions = tx.snapshot().actions_on(&core_uid("User", ""), &resource);
    if let Some(action) = action {
        actions.retain(|name| name == action);
        if actions.is_empty() {
            return Err(Error::invalid("action", "people cannot do this to such a resource"));
        }
    }
    let near = sqlx::query!(
        r#"with recursive above (type, id, height) as (
               select $1::text, $2::text, 0
               union
               select p.parent_type, p.parent_id, a.height + 1 from resource_parents p
               join above a on p.child_type = a.type and p.child_id = a.id where a.height < $3
           ),
           place as (select w.id, w.org_id, w.owner_id from workspaces w where w.id = $4),
           grant_on as (
               select s.* from shares s join (select distinct type, id from above) a
                   on s.resource_type = a.type and s.resource_id = a.id
               union all
               select s.* from shares s join place on s.workspace_id = place.id
           ),
           near as (
               select owner_id as id from resources where type = $1 and id = $2
               union select owner_id from place
               union select user_id from workspace_members where workspace_id = $4
               union select m.user_id from memberships m join place on m.org_id = place.org_id
               union select grantee_user_id from grant_on
           )
           select u.id, u.name, u.email from users u join near on near.id = u.id
           where u.status <> 'deleting' order by lower(u.name), u.id"#,
        id.kind,
        id.id,
        ResourceId::MAX_HEIGHT,
        allowed.target().0,
    )
    .fetch_all(tx.connection())
    .await?;
    let people: Vec<UserId> = near.iter().map(|row| UserId(row.id)).collect();
    let may = tx.what_they_may(&people, &resource, &actions).await?;
    let with_access: Vec<Access> = near
        .into_iter()
        .zip(may)
        .filter(|(_, actions)| !actions.is_empty())
        .map(|(row, actions)| Access { user_id: UserId(row.id), name: row.name, email: row.email, actions })
        .collect();
    let total = i64::try_from(with_access.len()).unwrap_or(i64::MAX);
    let skipped = usize::try_from(page.offset()).unwrap_or(usize::MAX);
    let taken = usize::try_from(page.limit()).unwrap_or_default();
    Ok(page.of(with_access.into_iter().skip(skipped).take(taken).collect(), total))
}
