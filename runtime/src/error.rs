use std::{io, path::PathBuf, time::Duration};

use crate::config::ConfigError;

/// Why a process could not start, or could not stop in order.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration is refused.
    #[error(transparent)]
    Config(#[from] ConfigError),

    /// Something else in this process already receives the logs.
    #[error("logs are already being received by something else in this process")]
    LogsTaken,

    /// The filter of the logs cannot be read.
    #[error("the log filter cannot be read: {0}")]
    LogFilter(#[source] tracing_subscriber::filter::ParseError),

    /// The exporter of traces cannot be made.
    #[error("traces cannot be exported: {0}")]
    Traces(#[source] opentelemetry_otlp::ExporterBuildError),

    /// The last traces could not be delivered. Only traces are lost.
    #[error("the last traces were not delivered: {0}")]
    TracesLost(String),

    /// The recorder of metrics cannot be installed, because something else in this process has been already.
    #[error("metrics cannot be recorded: {0}")]
    Metrics(String),

    /// The operating system does not let the process listen to its signals.
    #[error("signals cannot be received: {0}")]
    Signals(#[source] io::Error),

    /// Tasks were still running when the time for stopping was over.
    #[error("{tasks} tasks were still running after {}", humantime::format_duration(*.bound))]
    StillRunning {
        /// How many.
        tasks: usize,
        /// How long they were given.
        bound: Duration,
    },

    /// Another process works on the data folder.
    #[error("the data folder {} is in use by {holder}; stop it, or set DOORWARD_DATA to another folder", folder.display())]
    DataInUse {
        /// The folder.
        folder: PathBuf,
        /// Who uses it: `process 123`, or `another process` when that is not known.
        holder: String,
    },

    /// A folder of the embedded Postgres cannot be used.
    #[error("the folder {} cannot be used: {source}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },

    /// The embedded Postgres does not start, or does not stop.
    #[error("the embedded Postgres failed: {0}")]
    Embedded(String),
}
