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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::{Wake, Waker};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(12);

    /// Notes that it was woken.
    #[derive(Default)]
    struct Bell(AtomicBool);

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    // proves JOB-1
    #[tokio::test(flavor = "multi_thread")]
    async fn whoever_was_told_of_a_tick_is_woken_for_the_next_without_asking_again() {
        let bell = Arc::new(Bell::default());
        let waker = Waker::from(Arc::clone(&bell));
        let mut ticks = Ticks::every(Duration::from_millis(100));
        let fired = async {
            loop {
                bell.0.store(false, Ordering::SeqCst);
                if ticks.poll_drive(&mut Context::from_waker(&waker), &PollSnapshot::new()).is_ready() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(PATIENCE, fired).await.expect("a tick");
        let woken = async {
            while !bell.0.load(Ordering::SeqCst) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(PATIENCE, woken).await.expect("woken");
    }
}
