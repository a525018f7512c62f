//! What can be registered.

use std::collections::HashMap;

use authz::core_uid;
use serde_json::Value;

use super::NewResource;
use crate::error::{Error, Result};
use crate::id::ResourceId;
use crate::tx::Tx;

/// Refuses what the policy folder does not allow to be registered.
pub(super) fn check(tx: &Tx, id: &ResourceId, new: &NewResource) -> Result<()> {
    let snapshot = tx.snapshot();
    let Some(uid) = snapshot.uid(&id.kind, &id.id) else {
        return Err(Error::invalid("type", format!("the policy folder declares no type {:?}", id.kind)));
    };
    if !snapshot.is_resource_type(&id.kind) {
        return Err(Error::invalid("type", format!("{} is one of Doorward's own types", id.kind)));
    }
    if !id.is_storable() {
        return Err(Error::invalid("id", format!("1 to {} characters, none of them NUL", ResourceId::MAX)));
    }
    if new.parents.len() > ResourceId::MAX_PARENTS {
        return Err(Error::invalid("parents", format!("at most {}", ResourceId::MAX_PARENTS)));
    }
    let mut parents = vec![core_uid("Workspace", &new.workspace_id.to_string())];
    for parent in &new.parents {
        if !snapshot.is_resource_type(&parent.kind) {
            return Err(Error::invalid(
                "parents",
                format!("{} is not a type of registered resources", parent.kind),
            ));
        }
        parents.extend(snapshot.uid(&parent.kind, &parent.id));
    }
    let share_list = || core_uid("ShareList", "");
    let mut own = HashMap::from([
        ("workspace", core_uid("Workspace", &new.workspace_id.to_string())),
        ("shared_viewers", share_list()),
        ("shared_editors", share_list()),
    ]);
    if let Some(owner) = new.owner_id {
        own.insert("owner", core_uid("User", &owner.to_string()));
    }
    if contains_nul(&Value::Object(new.attributes.clone())) {
        return Err(Error::invalid("attributes", "texts cannot hold NUL"));
    }
    match snapshot.resource_entity(&uid, &new.attributes, &own, &parents) {
        Ok(_) => Ok(()),
        Err(misfit) => Err(Error::invalid("attributes", misfit)),
    }
}

/// An owner has to do with the workspace: whether anybody else has an account is not for the caller to find out.
pub(super) async fn check_owner(tx: &mut Tx, new: &NewResource) -> Result<()> {
    let Some(owner) = new.owner_id else { return Ok(()) };
    let belongs = sqlx::query_scalar!(
        r#"select exists (
               select from workspaces w left join memberships m on m.org_id = w.org_id and m.user_id = $2
               where w.id = $1 and (w.owner_id = $2 or m.user_id is not null)
           ) or exists (select from shares where workspace_id = $1 and grantee_user_id = $2) as "exists!""#,
        new.workspace_id.0,
        owner.0,
    )
    .fetch_one(tx.connection())
    .await?;
    if belongs {
        return Ok(());
    }
    let message =
        "not a member of the workspace's organization, nor somebody whom the workspace is shared with";
    Err(Error::invalid("owner_id", message))
}

fn contains_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(contains_nul),
        Value::Object(fields) => {
            fields.iter().any(|(name, value)| name.contains('\0') || contains_nul(value))
        }
        _ => false,
    }
}
