//! How often a queue is looked at.

use std::task::{Context, Poll};
use std::time::Duration;

use apalis_core::backend::ext::poll_strategy::{PollSnapshot, PollStrategy};
use tokio::time::{Interval, MissedTickBehavior};

/// Looks at the queue at every tick. Without it apalis-redis looks at each heartbeat only.
///
/// apalis' own `IntervalStrategy` makes a new timer when one has fired and does not poll that: nobody is woken by it, and
/// the next look waits for the heartbeat.
#[derive(Debug)]
pub(super) struct Ticks(Interval);

impl Ticks {
    pub(super) fn every(period: Duration) -> Self {
        let mut interval = tokio::time::interval(period);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self(interval)
    }
}

impl PollStrategy for Ticks {
    fn poll_drive(&mut self, context: &mut Context<'_>, _: &PollSnapshot) -> Poll<Option<()>> {
        let mut fired = Poll::Pending;
        // Until it is pending: only then it will wake somebody.
        while self.0.poll_tick(context).is_ready() {
            fired = Poll::Ready(Some(()));
        }
        fired
    }
}
