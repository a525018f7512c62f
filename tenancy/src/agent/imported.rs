use serde::Deserialize;

use super::License;
use crate::error::Result;
use crate::id::{AgentId, OrgId};
use crate::tx::Tx;

/// An agent as it is brought in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // columns of the store, described in docs/api.md
pub struct ImportedAgent {
    pub id: AgentId,
    #[serde(default)]
    pub org_id: Option<OrgId>,
    pub agent_type: String,
    pub name: String,
    pub license: License,
    #[serde(default = "yes")]
    pub is_active: bool,
}

fn yes() -> bool {
    true
}

impl ImportedAgent {
    pub(crate) async fn upsert(&self, tx: &mut Tx) -> Result<()> {
        let now = tx.now();
        sqlx::query!(
            "insert into agents (id, org_id, agent_type, name, license, is_active, created_at)
             values ($1, $2, $3, $4, $5, $6, $7)
             on conflict (id) do update set org_id = $2, agent_type = $3, name = $4, license = $5, is_active = $6",
            self.id.0,
            self.org_id.map(|id| id.0),
            self.agent_type,
            self.name,
            self.license.as_str(),
            self.is_active,
            now,
        )
        .execute(tx.connection())
        .await?;
        Ok(())
    }
}
