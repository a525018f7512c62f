//! What `/metrics` says, in the text format of Prometheus.

use std::{sync::OnceLock, thread, time::Duration};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::{Error, VERSION};

/// Upper bounds of histogram buckets in seconds, from 50 µs (a decision) to 10 s (a slow report).
const SECONDS: &[f64] = &[
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];

/// How often samples of histograms are put into their buckets when nobody asks for them.
const UPKEEP: Duration = Duration::from_secs(5);

/// What the process measured. Clones show the same.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Begins to receive what the macros of the `metrics` crate report. A process has one recorder: further calls
    /// give the first one.
    ///
    /// # Errors
    ///
    /// [`Error::Metrics`] when something else in the process installed a recorder before.
    pub fn install() -> Result<Self, Error> {
        static INSTALLED: OnceLock<Result<Metrics, String>> = OnceLock::new();
        INSTALLED
            .get_or_init(|| Self::first().map_err(|error| error.to_string()))
            .clone()
            .map_err(Error::Metrics)
    }

    fn first() -> Result<Self, Box<dyn std::error::Error>> {
        let handle = PrometheusBuilder::new().set_buckets(SECONDS)?.install_recorder()?;
        metrics::describe_gauge!("doorward_build_info", "Always 1; the labels tell the version that runs");
        metrics::gauge!("doorward_build_info", "version" => VERSION).set(1.0);
        let upkeep = handle.clone();
        // Samples pile up until they are drained, and a process that nobody scrapes must not grow.
        thread::Builder::new().name("metrics-upkeep".to_owned()).spawn(move || {
            loop {
                thread::sleep(UPKEEP);
                upkeep.run_upkeep();
            }
        })?;
        Ok(Self(handle))
    }

    /// Everything measured so far, in the text format of Prometheus.
    #[must_use]
    pub fn render(&self) -> String {
        self.0.render()
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // proves OPS-3
    #[test]
    fn metrics_are_installed_once_and_rendered_with_buckets_in_seconds() {
        let first = Metrics::install().unwrap();
        metrics::histogram!("doorward_test_seconds").record(0.000_06);
        let again = Metrics::install().unwrap();
        let text = again.render();
        assert_eq!(first.render(), text);
        assert!(text.contains(&format!("doorward_build_info{{version=\"{VERSION}\"}} 1")), "{text}");
        assert!(text.contains("doorward_test_seconds_bucket{le=\"0.00005\"} 0"), "{text}");
        assert!(text.contains("doorward_test_seconds_bucket{le=\"0.0001\"} 1"), "{text}");
        assert!(text.contains("doorward_test_seconds_bucket{le=\"10\"} 1"), "{text}");
    }
}
