//! AI agents: free ones are everybody's, proprietary ones an organization's.

mod change;
mod imported;
mod list;
mod new;
mod sharing;
mod usage;

use serde_json::{Map, Value};

pub use change::{AgentUpdate, deactivate, reactivate, update};
pub use imported::ImportedAgent;
pub use list::{Agent, AgentFilter, AgentSort, AgentTerms, agent, list};
pub use new::{NewAgent, create};
pub use sharing::{AgentGrantee, AgentShare, NewAgentShare, revoke_share, share, shares};
pub use usage::{AgentUse, NewAgentUse, use_agent};

use crate::error::{Error, Result};
use crate::id::{AgentId, OrgId};
use crate::text;
use crate::tx::Tx;
use crate::words::words;

words! {
    /// Whose an agent is.
    License {
        /// Everybody's.
        Free = "free",
        /// Its organization's.
        Proprietary = "proprietary",
    }
}

/// Most bytes of an agent's settings, as JSON.
const SETTINGS_MAX: usize = 16 * 1024;

fn check_name(name: &str) -> Result<()> {
    text::check_line("name", name, text::NAME_MAX)
}

fn check_description(description: Option<&str>) -> Result<()> {
    text::check_lines("description", description, text::DESCRIPTION_MAX)
}

fn check_settings(settings: &Map<String, Value>) -> Result<()> {
    let text = serde_json::to_string(settings).map_err(|error| sqlx::Error::Encode(error.into()))?;
    if text.len() > SETTINGS_MAX || text.contains("\\u0000") {
        return Err(Error::invalid(
            "settings",
            format!("at most {SETTINGS_MAX} bytes of JSON, none of them NUL"),
        ));
    }
    Ok(())
}

/// The organization of an agent, if it is one's.
async fn org_of(tx: &mut Tx, id: AgentId) -> Result<Option<OrgId>> {
    let org = sqlx::query_scalar!("select org_id from agents where id = $1", id.0)
        .fetch_one(tx.connection())
        .await?;
    Ok(org.map(OrgId))
}
