//! What `/metrics` says of the log.

use metrics::Counter;

/// Counters, looked up once: a look-up for each decision would cost as much as the rest of recording it.
#[derive(Debug)]
pub(super) struct Counters {
    written: Counter,
    dropped: Counter,
    sampled_out: Counter,
}

impl Default for Counters {
    fn default() -> Self {
        metrics::describe_counter!("doorward_decision_log_written_total", "Decisions that were logged");
        metrics::describe_counter!(
            "doorward_decision_log_dropped_total",
            "Decisions that should have been logged and could not be"
        );
        metrics::describe_counter!(
            "doorward_decision_log_sampled_out_total",
            "Allows that the sampling rules left out of the log"
        );
        Self {
            written: metrics::counter!("doorward_decision_log_written_total"),
            dropped: metrics::counter!("doorward_decision_log_dropped_total"),
            sampled_out: metrics::counter!("doorward_decision_log_sampled_out_total"),
        }
    }
}

impl Counters {
    pub(super) fn written(&self, count: usize) {
        self.written.increment(count as u64);
    }

    pub(super) fn dropped(&self, count: usize) {
        self.dropped.increment(count as u64);
    }

    pub(super) fn sampled_out(&self) {
        self.sampled_out.increment(1);
    }
}
