use serde_json::{Map, Value, json};

use super::list::find;
use super::view::Instance;
use super::{check_description, check_name};
use crate::action::{Target as _, instance};
use crate::audit::Change;
use crate::error::Result;
use crate::id::InstanceId;
use crate::tx::{Authorized, Tx};

/// An instance to be made.
#[derive(Debug, Clone)]
pub struct NewInstance {
    /// What people call it: one of each name in an organization.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether it has machines of its own. That is decided once, with the plan of that moment.
    pub is_dedicated: bool,
}

impl NewInstance {
    /// What policies want to know about it.
    #[must_use]
    pub fn context(&self) -> Map<String, Value> {
        Map::from_iter([("dedicated".to_owned(), self.is_dedicated.into())])
    }
}

/// Makes an instance, which waits for a yes of both sides.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) for texts that are too long, and a name that another one has.
pub async fn create(
    tx: &mut Tx,
    allowed: &Authorized<instance::Create>,
    new: &NewInstance,
) -> Result<Instance> {
    check_name(&new.name)?;
    check_description(new.description.as_deref())?;
    let (org, id, now) = (*allowed.target(), InstanceId(tx.new_id()), tx.now());
    sqlx::query!(
        "insert into instances (id, org_id, name, description, is_dedicated, created_at) values ($1, $2, $3, $4, $5, $6)",
        id.0,
        org.0,
        new.name,
        new.description,
        new.is_dedicated,
        now,
    )
    .execute(tx.connection())
    .await?;
    let after = json!({ "name": new.name, "description": new.description, "is_dedicated": new.is_dedicated });
    tx.record(allowed, None, &id.uid(), Change { after, ..Change::default() }).await?;
    find(tx, allowed.actor(), id).await
}
