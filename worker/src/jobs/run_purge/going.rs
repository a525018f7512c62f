//! A purge that this worker carries on.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tenancy::purge::{self, Begun, PurgeRun};
use tenancy::queue::{Claim, Fence};
use tenancy::{Authorized, Caller, Platform, PurgeId, PurgeStep, Tx, purge_action};

use crate::context::Context;
use crate::failure::Failure;

/// After so long a purge makes room for others, and goes on when it is its turn again.
const STRETCH: Duration = Duration::from_secs(10 * 60);

/// After so long it is looked again whether an older purge is done.
const BEHIND: Duration = Duration::from_secs(30);

/// A purge, and the claim of its job.
pub(super) struct Going<'a> {
    pub(super) context: &'a Context,
    claim: &'a Claim,
    pub(super) run: PurgeRun,
    began: Instant,
}

/// A transaction that counts only as long as the job is this worker's.
pub(super) struct Fenced {
    pub(super) tx: Tx,
    pub(super) allowed: Authorized<purge_action::Run>,
}

impl<'a> Going<'a> {
    /// Begins to run a purge, or takes it up where it stands; none if there is nothing to do.
    pub(super) async fn begin(
        context: &'a Context,
        claim: &'a Claim,
        id: PurgeId,
    ) -> Result<Option<Self>, Failure> {
        let Fenced { mut tx, allowed } = context.fuse.at(fenced(context, claim)).await?;
        let run = match context.fuse.at(purge::begin(&mut tx, &allowed, id, claim.id)).await? {
            Begun::Nothing => return Ok(None),
            Begun::Waits(until) => return Err(wait(context, until, "it can still be called off")),
            Begun::Behind => {
                let why = "an older one erases some of the same".to_owned();
                return Err(Failure::Postponed { why, after: BEHIND });
            }
            Begun::Runs(run) => run,
        };
        context.fuse.at(tx.commit()).await?;
        Ok(Some(Self { context, claim, run, began: Instant::now() }))
    }

    /// Begins a transaction that the lease of the job fences.
    pub(super) async fn fenced(&self) -> Result<Fenced, Failure> {
        self.context.fuse.at(fenced(self.context, self.claim)).await
    }

    /// Commits one.
    pub(super) async fn commit(&self, fenced: Fenced) -> Result<(), Failure> {
        self.context.fuse.at(fenced.tx.commit()).await?;
        Ok(())
    }

    /// Goes to the next step.
    pub(super) async fn advance(&mut self, to: PurgeStep) -> Result<(), Failure> {
        let from = self.run.step;
        let mut fenced = self.fenced().await?;
        let Fenced { tx, allowed } = &mut fenced;
        self.context.fuse.at(purge::advance(tx, allowed, self.run.id, from, to)).await?;
        self.commit(fenced).await?;
        tracing::info!(purge_id = %self.run.id, from = from.as_str(), to = to.as_str(), "a step of a purge is done");
        self.run.step = to;
        Ok(())
    }

    /// Writes the receipt, in the transaction that ends the job.
    pub(super) async fn end(&self) -> Result<Tx, Failure> {
        let Fenced { mut tx, allowed } = self.fenced().await?;
        self.context.fuse.at(purge::write_receipt(&mut tx, &allowed, &self.run)).await?;
        tracing::info!(purge_id = %self.run.id, "a purge has its receipt");
        Ok(tx)
    }

    /// Whether what cannot be reached is given up from now on.
    pub(super) fn is_late(&self) -> bool {
        self.context.db.now() >= self.run.deadline_at
    }

    /// Makes room for other purges when this one has had its stretch. Only asked where something was done: all of it counts.
    pub(super) fn rest(&self) -> Result<(), Failure> {
        if self.began.elapsed() < STRETCH {
            return Ok(());
        }
        Err(Failure::Postponed { why: "it makes room for others".to_owned(), after: Duration::ZERO })
    }

    /// Sees that nothing can arrive any more that came too late for a look which began at this time.
    pub(super) fn wait_for_uploads(&self, looked: DateTime<Utc>) -> Result<(), Failure> {
        if looked >= self.run.uploads_until {
            return Ok(());
        }
        Err(wait(self.context, self.run.uploads_until, "uploads that were allowed before can still arrive"))
    }

    /// How much is done at a time.
    pub(super) fn page(&self) -> usize {
        self.context.purge_page
    }
}

async fn fenced(context: &Context, claim: &Claim) -> Result<Fenced, Failure> {
    let mut tx = context.begin(claim).await?;
    if tx.hold(claim).await? == Fence::Lost {
        return Err(Failure::Failed("somebody else carries it on".to_owned()));
    }
    let allowed = tx.authorize::<purge_action::Run>(&Caller::Worker, Platform).await?;
    Ok(Fenced { tx, allowed })
}

fn wait(context: &Context, until: DateTime<Utc>, why: &str) -> Failure {
    let after = (until - context.db.now()).to_std().unwrap_or_default();
    Failure::Postponed { why: why.to_owned(), after }
}
