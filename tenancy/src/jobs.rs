//! Background work: a row, written in the transaction of the change that asks for it.

use serde::Serialize;

use crate::error::Result;
use crate::id::{JobId, OrgId, UserId, WorkspaceId};
use crate::tx::Tx;

/// A kind of work, with its payload. The payload holds ids, never tokens.
pub trait Job: Serialize {
    /// The name of the kind in the store.
    const KIND: &'static str;

    /// Two waiting jobs of one kind with the same key are one.
    fn unique_key(&self) -> Option<String> {
        None
    }

    /// Whose work it is.
    fn tenant(&self) -> Tenant {
        Tenant::default()
    }
}

/// Whose work a job is: decides who may see it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tenant {
    /// A person's.
    pub user: Option<UserId>,
    /// An organization's.
    pub org: Option<OrgId>,
    /// A workspace's.
    pub workspace: Option<WorkspaceId>,
}

impl Tx {
    /// Asks for work to be done once this transaction is committed. Returns none if the same job waits already.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn enqueue<J: Job>(&mut self, job: &J) -> Result<Option<JobId>> {
        let id = self.new_id();
        let now = self.now();
        let tenant = job.tenant();
        let payload = serde_json::to_value(job).map_err(|error| sqlx::Error::Encode(error.into()))?;
        let inserted = sqlx::query_scalar!(
            "insert into jobs (id, kind, user_id, org_id, workspace_id, unique_key, payload, run_at, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $8)
             on conflict (kind, unique_key) where state = 'pending' do nothing
             returning id",
            id,
            J::KIND,
            tenant.user.map(|id| id.0),
            tenant.org.map(|id| id.0),
            tenant.workspace.map(|id| id.0),
            job.unique_key(),
            payload,
            now,
        )
        .fetch_optional(self.connection())
        .await?;
        Ok(inserted.map(JobId))
    }
}
