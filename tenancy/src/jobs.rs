//! Background work: a row, written in the transaction of the change that asks for it. Here stands every kind of it.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::id::{ConnectionId, DocumentId, ExportId, JobId, OrgId, PurgeId, UserId, WorkspaceId};
use crate::mail::Mail;
use crate::tx::Tx;

/// A kind of work, with its payload. The payload holds ids, never tokens.
pub trait Job: Serialize + DeserializeOwned + Send + 'static {
    /// The name of the kind in the store.
    const KIND: &'static str;

    /// What is due with a higher one runs first, among the kinds of one queue.
    const PRIORITY: i16 = 0;

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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tenant {
    /// A person's.
    pub user: Option<UserId>,
    /// An organization's.
    pub org: Option<OrgId>,
    /// A workspace's.
    pub workspace: Option<WorkspaceId>,
}

/// Sends a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SendMail(pub Mail);

impl Job for SendMail {
    const KIND: &'static str = "mail.send";

    fn tenant(&self) -> Tenant {
        Tenant { user: self.0.user(), org: self.0.org(), ..Tenant::default() }
    }
}

/// Reminds those whose trial ends soon, and ends the trials that are over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepTrials {}

impl Job for SweepTrials {
    const KIND: &'static str = "trial.sweep";
}

/// Mails a link for a forgotten password. There is such a job for every address that somebody gave, also for those that no
/// account has: who asks cannot tell one from the other by the time it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForgottenPassword {
    /// Whose; none if no account has the address.
    pub user_id: Option<UserId>,
}

impl Job for ForgottenPassword {
    const KIND: &'static str = "password.forgotten";

    fn tenant(&self) -> Tenant {
        Tenant { user: self.user_id, ..Tenant::default() }
    }
}

/// Makes a new key for access tokens when the one in use is old.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RotateSigningKey {}

impl Job for RotateSigningKey {
    const KIND: &'static str = "signing_key.rotate";
}

/// Removes sessions and links that ended long ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrimSessions {}

impl Job for TrimSessions {
    const KIND: &'static str = "session.trim";
}

/// Removes answers that were kept for requests sent again, and are too old.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrimIdempotencyKeys {}

impl Job for TrimIdempotencyKeys {
    const KIND: &'static str = "idempotency.trim";
}

/// Removes records of usage that nobody sends again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrimUsage {}

impl Job for TrimUsage {
    const KIND: &'static str = "usage.trim";
}

/// Packs somebody's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildExport {
    /// Whose.
    pub user_id: UserId,
    /// Which export.
    pub export_id: ExportId,
}

impl Job for BuildExport {
    const KIND: &'static str = "export.build";

    fn tenant(&self) -> Tenant {
        Tenant { user: Some(self.user_id), ..Tenant::default() }
    }
}

/// Removes exports whose time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrimExports {}

impl Job for TrimExports {
    const KIND: &'static str = "export.trim";
}

/// Goes on with a purge, until it is done or has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunPurge {
    /// Which.
    pub purge_id: PurgeId,
}

impl Job for RunPurge {
    const KIND: &'static str = "purge.run";

    fn unique_key(&self) -> Option<String> {
        Some(self.purge_id.to_string())
    }
}

/// Finds the purges that are due, and those that stand still.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepPurges {}

impl Job for SweepPurges {
    const KIND: &'static str = "purge.sweep";
}

/// Removes what the queue itself need not keep any longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrimJobs {}

impl Job for TrimJobs {
    const KIND: &'static str = "job.trim";
}

/// Finds uploads whose bytes never came in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepUploads {}

impl Job for SweepUploads {
    const KIND: &'static str = "upload.sweep";
}

/// Erases the bytes of a document, and then what is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EraseDocument {
    /// Which document.
    pub document_id: DocumentId,
    /// Where it lay.
    pub workspace_id: WorkspaceId,
    /// By which connection; none for the store of the installation.
    pub connection_id: Option<ConnectionId>,
}

impl Job for EraseDocument {
    const KIND: &'static str = "document.erase";

    fn unique_key(&self) -> Option<String> {
        Some(self.document_id.to_string())
    }

    fn tenant(&self) -> Tenant {
        Tenant { workspace: Some(self.workspace_id), ..Tenant::default() }
    }
}

impl Tx {
    /// Asks for work to be done once this transaction is committed. Returns none if the same job waits already.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn enqueue<J: Job>(&mut self, job: &J) -> Result<Option<JobId>> {
        let id = self.new_id();
        let tenant = job.tenant();
        let payload = serde_json::to_value(job).map_err(|error| sqlx::Error::Encode(error.into()))?;
        // The equal job that waits is locked by an update that changes nothing: nobody claims it before this transaction
        // has ended, and so it sees what this one has changed.
        let inserted = sqlx::query_scalar!(
            "insert into jobs (id, kind, user_id, org_id, workspace_id, unique_key, payload, priority, traceparent)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             on conflict (kind, unique_key) where state = 'pending' do update set priority = jobs.priority
             returning case when xmax = 0 then id end",
            id,
            J::KIND,
            tenant.user.map(|id| id.0),
            tenant.org.map(|id| id.0),
            tenant.workspace.map(|id| id.0),
            job.unique_key(),
            payload,
            J::PRIORITY,
            runtime::telemetry::current_trace(),
        )
        .fetch_one(self.connection())
        .await?;
        self.enqueued();
        Ok(inserted.map(JobId))
    }
}
