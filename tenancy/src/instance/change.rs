use serde_json::{Map, json};

use super::list::find;
use super::view::Instance;
use super::{check_description, check_name, org_of};
use crate::action::instance;
use crate::audit::Change;
use crate::error::Result;
use crate::tx::{Authorized, Tx};

/// What to change of an instance; what is none stays.
#[derive(Debug, Clone, Default)]
pub struct InstanceUpdate {
    /// What people call it.
    pub name: Option<String>,
    /// What it is for; none inside: nothing is said.
    pub description: Option<Option<String>>,
}

/// Changes what an instance says of itself.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) for texts that are too long, and a name that another one has.
pub async fn update(
    tx: &mut Tx,
    allowed: &Authorized<instance::Update>,
    update: &InstanceUpdate,
) -> Result<Instance> {
    update.name.as_deref().map_or(Ok(()), check_name)?;
    check_description(update.description.as_ref().and_then(|text| text.as_deref()))?;
    let id = *allowed.target();
    let old = sqlx::query!("select org_id, name, description from instances where id = $1 for update", id.0)
        .fetch_one(tx.connection())
        .await?;
    let name = update.name.clone().unwrap_or_else(|| old.name.clone());
    let description = update.description.clone().unwrap_or_else(|| old.description.clone());
    let (mut before, mut after) = (Map::new(), Map::new());
    for (field, was, is) in
        [("name", json!(old.name), json!(name)), ("description", json!(old.description), json!(description))]
    {
        if was != is {
            before.insert(field.into(), was);
            after.insert(field.into(), is);
        }
    }
    if !after.is_empty() {
        sqlx::query!(
            "update instances set name = $2, description = $3 where id = $1",
            id.0,
            name,
            description
        )
        .execute(tx.connection())
        .await?;
        let change = Change { before: before.into(), after: after.into() };
        tx.record(allowed, Some(old.org_id.into()), &allowed.uid(), change).await?;
    }
    find(tx, allowed.actor(), id).await
}

/// Deletes an instance.
///
/// # Errors
/// If the store does not answer.
pub async fn delete(tx: &mut Tx, allowed: &Authorized<instance::Delete>) -> Result<()> {
    let id = *allowed.target();
    let org = org_of(tx, id).await?;
    let gone = sqlx::query!("delete from instances where id = $1 returning name, is_dedicated", id.0)
        .fetch_one(tx.connection())
        .await?;
    let before = json!({ "name": gone.name, "is_dedicated": gone.is_dedicated });
    tx.record(allowed, Some(org), &allowed.uid(), Change { before, ..Change::default() }).await
}
