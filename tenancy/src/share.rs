//! Shares: explicit grants.

mod grant;
mod grantee;
mod shared;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

pub(crate) use grant::On;
pub use grant::{NewShare, Share};
pub(crate) use grantee::Found;
pub use grantee::{Grantee, SharedWith};
pub use shared::{SharedKind, SharedThing, shared_with};

use crate::error::{Error, Result};
use crate::id::{ResourceId, ShareId};
use crate::money::Money;
use crate::tx::Tx;
use crate::words::words;

words! {
    /// What a share gives.
    ShareLevel {
        /// Reading.
        Viewer = "viewer",
        /// Reading and writing.
        Editor = "editor",
    }
}

/// A share as it is brought in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // columns of the store, described in docs/api.md
pub struct ImportedShare {
    pub id: ShareId,
    /// A resource, a `Workspace` or an `Agent`.
    pub on: ResourceId,
    /// A `User`, `Organization`, `Workspace` or the `Platform`.
    pub to: ResourceId,
    pub level: ShareLevel,
    #[serde(default, deserialize_with = "crate::time::bounded")]
    pub expires_at: Option<DateTime<Utc>>,
    /// For an organization: what it pays for each use.
    #[serde(default)]
    pub price_per_use: Option<Money>,
}

impl ImportedShare {
    pub(crate) async fn upsert(&self, tx: &mut Tx) -> Result<()> {
        let (mut resource, mut workspace, mut agent) = (None, None, None);
        match self.on.kind.as_str() {
            "Workspace" => workspace = Some(uuid("on.id", &self.on.id)?),
            "Agent" => agent = Some(uuid("on.id", &self.on.id)?),
            kind if tx.snapshot().is_resource_type(kind) => resource = Some(&self.on),
            kind => return Err(Error::invalid("on.type", format!("{kind} cannot be shared"))),
        }
        let (mut user, mut org, mut to_workspace) = (None, None, None);
        let grantee = match self.to.kind.as_str() {
            "User" => {
                user = Some(uuid("to.id", &self.to.id)?);
                "user"
            }
            "Organization" => {
                org = Some(uuid("to.id", &self.to.id)?);
                "organization"
            }
            "Workspace" => {
                to_workspace = Some(uuid("to.id", &self.to.id)?);
                "workspace"
            }
            "Platform" => "platform",
            kind => return Err(Error::invalid("to.type", format!("nothing can be shared with a {kind}"))),
        };
        if let (Some(workspace), "organization" | "workspace") = (workspace, grantee) {
            let is_personal = sqlx::query_scalar!(
                r#"select exists (select from workspaces where id = $1 and owner_id is not null) as "exists!""#,
                workspace
            )
            .fetch_one(tx.connection())
            .await?;
            if is_personal {
                let message = "a personal workspace is shared with a user or with the platform";
                return Err(Error::invalid("to.type", message));
            }
        }
        let now = tx.now();
        sqlx::query!(
            "insert into shares (id, resource_type, resource_id, workspace_id, agent_id, grantee, grantee_user_id,
                                 grantee_org_id, grantee_workspace_id, level, expires_at, created_at,
                                 price_per_use)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
             on conflict (id) do update set resource_type = $2, resource_id = $3, workspace_id = $4, agent_id = $5,
                 grantee = $6, grantee_user_id = $7, grantee_org_id = $8, grantee_workspace_id = $9, level = $10,
                 expires_at = $11, price_per_use = $13",
            self.id.0,
            resource.map(|on| on.kind.as_str()),
            resource.map(|on| on.id.as_str()),
            workspace,
            agent,
            grantee,
            user,
            org,
            to_workspace,
            self.level.as_str(),
            self.expires_at,
            now,
            self.price_per_use.map(Money::decimal),
        )
        .execute(tx.connection())
        .await?;
        Ok(())
    }
}

fn uuid(field: &str, id: &str) -> Result<Uuid> {
    Uuid::try_parse(id).map_err(|_| Error::invalid(field, "not a UUID"))
}
