//! Runs one job: claims it, does the work, and commits the effect together with its end.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use runtime::Random;
use tenancy::queue::{self, Claim, Ending, Fate, Fence, Wake};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;

use crate::backoff::backoff;
use crate::context::Context;
use crate::failure::Failure;
use crate::figures::{Counts, Outcome};
use crate::registry::{Entry, Registry};

/// Runs jobs in the name of this process.
#[derive(Debug)]
pub(crate) struct Runner {
    pub(crate) context: Arc<Context>,
    pub(crate) registry: Registry,
    pub(crate) random: Random,
    /// Names this process, and no other, not even the one before it on the same machine.
    pub(crate) name: String,
    pub(crate) lease: Duration,
    pub(crate) backoff: Duration,
    pub(crate) counts: Counts,
    /// Ends all work that is still going on, which is handed back.
    pub(crate) abandon: CancellationToken,
}

/// How an attempt went.
enum Attempt {
    Committed,
    Failed(Failure),
    Lost,
    Abandoned,
}

impl Runner {
    /// Does what a hint is about, if there is still anything to do.
    pub(crate) async fn work(&self, wake: Wake) {
        let claimed =
            queue::claim(&self.context.db, wake, &self.registry.names(), &self.name, self.lease).await;
        let claim = match claimed {
            Ok(Some(claim)) => Arc::new(claim),
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(job_id = %wake.job, %error, "a job could not be claimed; it will be handed over again");
                return;
            }
        };
        let Some(entry) = self.registry.find(&claim.kind) else { return };
        let span = tracing::info_span!(
            "job", kind = entry.kind.name, job_id = %claim.id, attempt = claim.attempt, otel.kind = "consumer",
            outcome = tracing::field::Empty,
        );
        runtime::telemetry::continue_trace(&span, |header| {
            claim.traceparent.clone().filter(|_| header == "traceparent")
        });
        let began = Instant::now();
        let outcome = self.attempt_and_end(entry, &claim).instrument(span.clone()).await;
        span.record("outcome", format!("{outcome:?}"));
        self.counts.count(entry.kind.name, outcome, began.elapsed(), claim.waited);
    }

    async fn attempt_and_end(&self, entry: &Entry, claim: &Arc<Claim>) -> Outcome {
        let ending = match self.attempt(entry, claim).await {
            Attempt::Committed => {
                tracing::debug!("done");
                return Outcome::Done;
            }
            Attempt::Lost => {
                tracing::warn!("the claim was lost: the lease ran out, or the job was cancelled");
                return Outcome::Lost;
            }
            Attempt::Abandoned => Ending::HandedBack,
            Attempt::Failed(Failure::Failed(error)) => {
                let after = backoff(self.backoff, claim.attempt, &self.random);
                Ending::Failed { error, after }
            }
            Attempt::Failed(Failure::Hopeless(error)) => Ending::Hopeless { error },
            Attempt::Failed(Failure::Postponed { why, after }) => Ending::Postponed { why, after },
        };
        let fate = queue::end(&self.context.db, claim, &ending).await;
        match (&ending, fate) {
            (_, Err(error)) => {
                tracing::warn!(%error, ?ending, "the end of an attempt could not be written; its lease will run out");
                Outcome::Lost
            }
            (_, Ok(Fate::Lost | Fate::Superseded)) => Outcome::Lost,
            (Ending::Failed { error, .. } | Ending::Hopeless { error }, Ok(Fate::Dead)) => {
                tracing::error!(error, "failed for good: a dead letter");
                Outcome::Dead
            }
            (Ending::Failed { error, after }, Ok(_)) => {
                tracing::warn!(error, after = ?after, "failed; it will be tried again");
                Outcome::Failed
            }
            (Ending::Postponed { why, after }, Ok(_)) => {
                tracing::info!(why, after = ?after, "postponed");
                Outcome::Postponed
            }
            (Ending::HandedBack | Ending::Hopeless { .. }, Ok(_)) => Outcome::HandedBack,
        }
    }

    /// The work itself, for as long as the claim holds.
    async fn attempt(&self, entry: &Entry, claim: &Arc<Claim>) -> Attempt {
        let work = (entry.run)(Arc::clone(&self.context), Arc::clone(claim));
        let work = AssertUnwindSafe(async {
            let mut tx = match work.await {
                Ok(tx) => tx,
                Err(failure) => return Attempt::Failed(failure),
            };
            match tx.finish(claim).await {
                Ok(Fence::Held) => {}
                Ok(Fence::Lost) => return Attempt::Lost,
                Err(error) => return Attempt::Failed(error.into()),
            }
            // A commit whose outcome is not known is tried again; the fence tells then whether it happened.
            match tx.commit().await {
                Ok(_) => Attempt::Committed,
                Err(error) => Attempt::Failed(error.into()),
            }
        });
        // A task of its own: work that keeps its thread busy must not lose the lease for it.
        let heartbeat =
            Heartbeat { context: Arc::clone(&self.context), claim: Arc::clone(claim), lease: self.lease };
        let lost = AbortOnDropHandle::new(tokio::spawn(heartbeat.until_lost()));
        tokio::select! {
            done = work.catch_unwind() => done.unwrap_or_else(|_| {
                Attempt::Failed(Failure::Failed("the job panicked; the log tells where".to_owned()))
            }),
            _ = lost => Attempt::Lost,
            () = tokio::time::sleep(entry.kind.timeout) => Attempt::Failed(Failure::Failed(
                format!("it was not done within {:?}", entry.kind.timeout),
            )),
            () = self.abandon.cancelled() => Attempt::Abandoned,
        }
    }
}

/// Keeps a claim.
struct Heartbeat {
    context: Arc<Context>,
    claim: Arc<Claim>,
    lease: Duration,
}

impl Heartbeat {
    /// Prolongs the lease again and again. Returns when somebody else has the job, and before somebody else may have it:
    /// a lease counts from when it was asked for, whenever the answer comes.
    async fn until_lost(self) {
        let mut asked = Instant::now();
        loop {
            tokio::time::sleep(self.lease / 3).await;
            let (ask, left) = (Instant::now(), (self.lease * 9 / 10).saturating_sub(asked.elapsed()));
            let extended = queue::extend(&self.context.db, &self.claim, self.lease);
            match tokio::time::timeout(left, extended).await {
                Ok(Ok(Fence::Held)) => asked = ask,
                Ok(Ok(Fence::Lost)) | Err(_) => return,
                Ok(Err(error)) => tracing::warn!(%error, "the lease could not be prolonged"),
            }
        }
    }
}
