//! Every kind of job, in one table.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::{Map, Value};
use tenancy::queue::{Claim, Kind, Schedule};
use tenancy::{
    EraseDocument, ForgottenPassword, Job, RotateSigningKey, RunPurge, SendMail, SweepPurges, SweepTrials,
    SweepUploads, TrimIdempotencyKeys, TrimJobs, TrimSessions, TrimUsage, Tx,
};

use crate::context::Context;
use crate::failure::Failure;

/// How a kind of job is done.
pub(crate) trait Work: Job {
    /// Does it. What it changes in the store belongs into the transaction that it returns: the job is marked as done in
    /// there, and both are committed or neither.
    fn run(self, context: &Context, claim: &Claim) -> impl Future<Output = Result<Tx, Failure>> + Send;
}

/// A line of the table.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    priority: i16,
    pub(crate) run: Handler,
}

/// Reads the payload and does the work.
pub(crate) type Handler = fn(Arc<Context>, Arc<Claim>) -> BoxFuture<'static, Result<Tx, Failure>>;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The table: kind, queue, attempts, timeout of one attempt, lifetime, and for some how often they run by themselves.
/// What waits for different things waits in different queues, so that none holds the others up. The priority stands with
/// the payload, since it is given when a job is enqueued.
static REGISTRY: &[Entry] = &[
    entry::<SendMail>("mail", 50, Duration::from_secs(2 * 60), DAY),
    // Somebody waits for these in front of a screen.
    entry::<ForgottenPassword>("account", 20, MINUTE, HOUR),
    entry::<SweepTrials>("upkeep", 5, Duration::from_secs(5 * 60), HOUR).every(MINUTE),
    // Stores that are away for days are waited for; what goes on for long makes room for others by itself.
    entry::<RunPurge>("purge", 500, Duration::from_secs(30 * 60), Duration::from_secs(30 * 24 * 3600)),
    entry::<SweepPurges>("upkeep", 5, Duration::from_secs(5 * 60), HOUR).every(MINUTE),
    // A store may be away for long, and those who wait for their quota are few.
    entry::<EraseDocument>("objects", 20, Duration::from_secs(5 * 60), DAY),
    entry::<SweepUploads>("upkeep", 5, Duration::from_secs(5 * 60), HOUR).every(MINUTE),
    entry::<RotateSigningKey>("upkeep", 5, MINUTE, HOUR).every(HOUR),
    entry::<TrimSessions>("upkeep", 5, Duration::from_secs(10 * 60), DAY).every(HOUR),
    entry::<TrimIdempotencyKeys>("upkeep", 5, Duration::from_secs(10 * 60), DAY).every(HOUR),
    entry::<TrimUsage>("upkeep", 5, Duration::from_secs(10 * 60), DAY).every(HOUR),
    entry::<TrimJobs>("upkeep", 5, Duration::from_secs(10 * 60), DAY).every(HOUR),
];

pub(crate) const fn entry<J: Work>(
    queue: &'static str,
    attempts: i32,
    timeout: Duration,
    lifetime: Duration,
) -> Entry {
    let kind = Kind { name: J::KIND, queue, attempts, timeout, lifetime, every: None };
    Entry { kind, priority: J::PRIORITY, run: run::<J> }
}

impl Entry {
    /// With a run in each slot of this length. Its payload says nothing.
    const fn every(mut self, slot: Duration) -> Self {
        self.kind.every = Some(slot);
        self
    }
}

fn run<J: Work>(context: Arc<Context>, claim: Arc<Claim>) -> BoxFuture<'static, Result<Tx, Failure>> {
    Box::pin(async move {
        let job: J = serde_json::from_value(claim.payload.clone())
            .map_err(|error| Failure::Hopeless(format!("the payload cannot be read: {error}")))?;
        job.run(&context, &claim).await
    })
}

/// The kinds of jobs that a worker can do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Registry(&'static [Entry]);

impl Registry {
    /// All that there are.
    pub(crate) const fn all() -> Self {
        Self(REGISTRY)
    }

    /// Others, for tests.
    #[cfg(test)]
    pub(crate) const fn of(entries: &'static [Entry]) -> Self {
        Self(entries)
    }

    /// The kinds as the store is told.
    pub(crate) fn kinds(self) -> Vec<Kind> {
        self.0.iter().map(|entry| entry.kind).collect()
    }

    /// The names of the kinds.
    pub(crate) fn names(self) -> Vec<&'static str> {
        self.0.iter().map(|entry| entry.kind.name).collect()
    }

    /// The queues, each once.
    pub(crate) fn queues(self) -> BTreeSet<&'static str> {
        self.0.iter().map(|entry| entry.kind.queue).collect()
    }

    /// The kinds of a queue, those first that go first.
    pub(crate) fn in_queue(self, queue: &str) -> Vec<&'static str> {
        let mut entries: Vec<_> = self.0.iter().filter(|entry| entry.kind.queue == queue).collect();
        entries.sort_by_key(|entry| Reverse(entry.priority));
        entries.into_iter().map(|entry| entry.kind.name).collect()
    }

    /// How a kind is done.
    pub(crate) fn find(self, kind: &str) -> Option<&'static Entry> {
        self.0.iter().find(|entry| entry.kind.name == kind)
    }

    /// The kinds that run by themselves.
    pub(crate) fn schedules(self) -> Vec<Schedule> {
        let scheduled = self.0.iter().filter_map(|entry| Some((entry.kind.name, entry.kind.every?)));
        scheduled.map(|(kind, every)| Schedule { kind, every, payload: Value::Object(Map::new()) }).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::mail;

    // proves JOB-2
    #[test]
    fn every_kind_has_a_name_of_its_own_and_time_for_one_attempt() {
        let names: HashSet<_> = Registry::all().names().into_iter().collect();
        assert_eq!(names.len(), REGISTRY.len());
        for Entry { kind, .. } in REGISTRY {
            assert!(kind.attempts > 0 && kind.timeout < kind.lifetime, "{}", kind.name);
        }
    }

    // proves JOB-2, MAIL-1
    #[test]
    fn a_mail_is_tried_for_its_whole_lifetime_and_an_attempt_outlasts_the_mail_server() {
        let Kind { attempts, timeout, lifetime, .. } = Registry::all().find(SendMail::KIND).unwrap().kind;
        // The shortest that chance can make them.
        let waits: Duration =
            (1..attempts).map(|n| HOUR.min(Duration::from_secs(2 << (n - 1).min(20)))).sum();
        assert!(waits.mul_f64(0.75) > lifetime, "{waits:?}");
        assert!(timeout > mail::BOUND, "what the mailer says of a slow server must be heard");
    }

    // proves JOB-5
    #[test]
    fn the_payload_of_a_schedule_can_be_read_by_its_kind() {
        for schedule in Registry::all().schedules() {
            assert!(
                match schedule.kind {
                    SweepTrials::KIND => serde_json::from_value::<SweepTrials>(schedule.payload).is_ok(),
                    SweepUploads::KIND => serde_json::from_value::<SweepUploads>(schedule.payload).is_ok(),
                    RotateSigningKey::KIND => {
                        serde_json::from_value::<RotateSigningKey>(schedule.payload).is_ok()
                    }
                    SweepPurges::KIND => serde_json::from_value::<SweepPurges>(schedule.payload).is_ok(),
                    TrimSessions::KIND => serde_json::from_value::<TrimSessions>(schedule.payload).is_ok(),
                    TrimIdempotencyKeys::KIND => {
                        serde_json::from_value::<TrimIdempotencyKeys>(schedule.payload).is_ok()
                    }
                    TrimUsage::KIND => serde_json::from_value::<TrimUsage>(schedule.payload).is_ok(),
                    TrimJobs::KIND => serde_json::from_value::<TrimJobs>(schedule.payload).is_ok(),
                    other => panic!("{other} is scheduled and not read here"),
                },
                "{}",
                schedule.kind
            );
        }
    }
}
