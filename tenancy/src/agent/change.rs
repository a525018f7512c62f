use serde_json::{Map, Value, json};

use super::list::{Agent, find};
use super::{check_description, check_name, check_settings, org_of};
use crate::action::{Action, agent};
use crate::audit::Change;
use crate::error::Result;
use crate::id::AgentId;
use crate::tx::{Authorized, Tx};

/// What to change of an agent; what is none stays. Its type stays in any case: programs know it by that.
#[derive(Debug, Clone, Default)]
pub struct AgentUpdate {
    /// What people call it.
    pub name: Option<String>,
    /// What it does; none inside: nothing is said.
    pub description: Option<Option<String>>,
    /// What it is made of, all of it.
    pub settings: Option<Map<String, Value>>,
}

/// Changes an agent.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) for texts that are too long.
pub async fn update(tx: &mut Tx, allowed: &Authorized<agent::Update>, update: &AgentUpdate) -> Result<Agent> {
    update.name.as_deref().map_or(Ok(()), check_name)?;
    check_description(update.description.as_ref().and_then(|text| text.as_deref()))?;
    update.settings.as_ref().map_or(Ok(()), check_settings)?;
    let id = *allowed.target();
    let old = sqlx::query!("select name, description, settings from agents where id = $1 for update", id.0)
        .fetch_one(tx.connection())
        .await?;
    let name = update.name.clone().unwrap_or_else(|| old.name.clone());
    let description = update.description.clone().unwrap_or_else(|| old.description.clone());
    let settings = update.settings.clone().map_or_else(|| old.settings.clone(), Value::Object);
    let (mut before, mut after) = (Map::new(), Map::new());
    for (field, was, is) in [
        ("name", json!(old.name), json!(name)),
        ("description", json!(old.description), json!(description)),
        ("settings", old.settings, settings.clone()),
    ] {
        if was != is {
            before.insert(field.into(), was);
            after.insert(field.into(), is);
        }
    }
    if !after.is_empty() {
        sqlx::query!(
            "update agents set name = $2, description = $3, settings = $4 where id = $1",
            id.0,
            name,
            description,
            settings,
        )
        .execute(tx.connection())
        .await?;
        let change = Change { before: before.into(), after: after.into() };
        record(tx, allowed, change).await?;
    }
    find(tx, allowed.actor(), id).await
}

/// Takes an agent out of use: nobody runs it, and only those see it who can take it into use again. The row stays.
///
/// # Errors
/// If the store does not answer.
pub async fn deactivate(tx: &mut Tx, allowed: &Authorized<agent::Deactivate>) -> Result<()> {
    let changed =
        sqlx::query!("update agents set is_active = false where id = $1 and is_active", allowed.target().0)
            .execute(tx.connection())
            .await?;
    if changed.rows_affected() == 0 {
        return Ok(());
    }
    let change = Change { before: json!({ "is_active": true }), after: json!({ "is_active": false }) };
    record(tx, allowed, change).await
}

/// Takes an agent into use again. It counted toward the plan's limit all the time.
///
/// # Errors
/// If the store does not answer.
pub async fn reactivate(tx: &mut Tx, allowed: &Authorized<agent::Reactivate>) -> Result<Agent> {
    let changed = sqlx::query!(
        "update agents set is_active = true where id = $1 and not is_active",
        allowed.target().0
    )
    .execute(tx.connection())
    .await?;
    if changed.rows_affected() == 1 {
        let change = Change { before: json!({ "is_active": false }), after: json!({ "is_active": true }) };
        record(tx, allowed, change).await?;
    }
    find(tx, allowed.actor(), *allowed.target()).await
}

/// In the chain of the agent's organization, or the platform's.
pub(super) async fn record<A: Action<Target = AgentId>>(
    tx: &mut Tx,
    allowed: &Authorized<A>,
    change: Change,
) -> Result<()> {
    let org = org_of(tx, *allowed.target()).await?;
    tx.record(allowed, org, &allowed.uid(), change).await
}
