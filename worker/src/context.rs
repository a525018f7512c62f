//! What every job can use.

use std::time::Duration;

use runtime::Random;
use storage::Stores;
use tenancy::mail::Budget;
use tenancy::queue::Claim;
use tenancy::{Db, Request, Tx};

use crate::fuse::Fuse;
use crate::mail::{Brand, Mailer};

/// The parts of a working process that jobs use.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) db: Db,
    pub(crate) stores: Stores,
    pub(crate) mailer: Mailer,
    pub(crate) brand: Brand,
    pub(crate) mail_budget: Budget,
    pub(crate) random: Random,
    pub(crate) job_retention: Duration,
    pub(crate) signing_key_lifetime: Duration,
    pub(crate) purge_page: usize,
    pub(crate) fuse: Fuse,
}

impl Context {
    /// Begins a transaction for a job, which is named in the audit log as requests are.
    pub(crate) async fn begin(&self, claim: &Claim) -> tenancy::Result<Tx> {
        self.db.begin(Request { id: format!("job {}", claim.id), ip: None }).await
    }
}
