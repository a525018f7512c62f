use serde_json::{Map, Value, json};

use super::list::{Agent, find};
use super::{License, check_description, check_name, check_settings};
use crate::action::{Target as _, agent};
use crate::audit::Change;
use crate::error::{Error, Result};
use crate::id::AgentId;
use crate::text;
use crate::tx::{Authorized, Tx};

/// An agent to be made.
#[derive(Debug, Clone)]
pub struct NewAgent {
    /// What kind of agent it is, for programs: 1 to 100 characters, one of each for an owner.
    pub agent_type: String,
    /// What people call it.
    pub name: String,
    /// What it does.
    pub description: Option<String>,
    /// What it is made of, for whoever runs it.
    pub settings: Map<String, Value>,
}

/// Makes an agent: an organization's, or a free one.
///
/// # Errors
/// [`Error::Invalid`] for texts that are too long; [`Error::Conflict`] `agent_type_taken` if the owner has one of this
/// type.
pub async fn create(tx: &mut Tx, allowed: &Authorized<agent::Create>, new: &NewAgent) -> Result<Agent> {
    text::check_line("agent_type", &new.agent_type, 100)?;
    check_name(&new.name)?;
    check_description(new.description.as_deref())?;
    check_settings(&new.settings)?;
    let (org, id, now) = (allowed.target().org_id(), AgentId(tx.new_id()), tx.now());
    let license = if org.is_some() { License::Proprietary } else { License::Free };
    let inserted = sqlx::query!(
        "insert into agents (id, org_id, agent_type, name, description, settings, license, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict on constraint agents_type do nothing",
        id.0,
        org.map(|org| org.0),
        new.agent_type,
        new.name,
        new.description,
        json!(new.settings),
        license.as_str(),
        now,
    )
    .execute(tx.connection())
    .await?;
    if inserted.rows_affected() == 0 {
        return Err(Error::conflict("agent_type_taken", "the owner has an agent of this type already"));
    }
    let after = json!({
        "org_id": org, "agent_type": new.agent_type, "name": new.name, "description": new.description,
        "settings": new.settings, "license": license,
    });
    tx.record(allowed, org, &id.uid(), Change { after, ..Change::default() }).await?;
    find(tx, allowed.actor(), id).await
}
