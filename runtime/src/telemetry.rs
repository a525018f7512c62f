//! Logs and traces: where what the process tells about itself goes.

use std::collections::HashMap;
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{Resource, propagation::TraceContextPropagator, trace::SdkTracerProvider};
use tracing::level_filters::LevelFilter;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, Registry, filter::Targets, layer::SubscriberExt as _};

use crate::{Config, Error, VERSION, log};

/// The name under which traces are filed.
const SERVICE: &str = "doorward";

/// The header of W3C Trace Context that names a trace and the span in it.
const TRACEPARENT: &str = "traceparent";

/// All headers of W3C Trace Context.
const TRACE_HEADERS: [&str; 2] = [TRACEPARENT, "tracestate"];

/// What sends a trace must not make traces of its own, or each export would cause the next.
const NOT_TRACED: [&str; 5] = ["h2", "hyper", "hyper_util", "opentelemetry", "reqwest"];

/// Logs to stderr and, if configured, traces to a collector. One in a process.
#[derive(Debug)]
pub struct Telemetry {
    traces: Option<SdkTracerProvider>,
    bound: Duration,
}

impl Telemetry {
    /// Begins to write logs and to send traces. May be called inside and outside of an async runtime.
    ///
    /// # Errors
    ///
    /// [`Error::LogsTaken`] when the process has a receiver of logs already; [`Error::Traces`] when the exporter
    /// cannot be made. A collector that does not answer is no error: its traces are dropped.
    pub fn start(config: &Config) -> Result<Self, Error> {
        let filter = EnvFilter::try_new(&config.log).map_err(Error::LogFilter)?;
        let traces = config.otel_exporter_otlp_endpoint.as_deref().map(provider).transpose()?;
        let spans = traces.as_ref().map(|provider| {
            let tracer = provider.tracer(SERVICE);
            tracing_opentelemetry::layer().with_tracer(tracer).with_filter(traced())
        });
        let logs = log::layer(config.log_format, std::io::stderr).with_filter(filter);
        let subscriber = Registry::default().with(logs).with(spans);
        tracing::subscriber::set_global_default(subscriber).map_err(|_| Error::LogsTaken)?;
        opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
        Ok(Self { traces, bound: config.shutdown_timeout })
    }

    /// Sends the traces that are still waiting, at most for the time that the configuration allows for stopping.
    /// Logs go on.
    ///
    /// # Errors
    ///
    /// [`Error::TracesLost`] when they could not be delivered in time.
    pub async fn stop(self) -> Result<(), Error> {
        let Self { traces: Some(traces), bound } = self else { return Ok(()) };
        // The exporter blocks its thread.
        let flushed = tokio::task::spawn_blocking(move || traces.shutdown_with_timeout(bound));
        match tokio::time::timeout(bound, flushed).await {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(error))) => Err(Error::TracesLost(error.to_string())),
            Ok(Err(error)) => Err(Error::TracesLost(error.to_string())),
            Err(_) => {
                Err(Error::TracesLost(format!("no answer within {}", humantime::format_duration(bound))))
            }
        }
    }
}

/// The trace and the span that the caller is in, as a W3C `traceparent`, for those who go on with it later or elsewhere
/// ([`continue_trace`]). None where no traces are made, and outside of every span that is traced.
#[must_use]
pub fn current_trace() -> Option<String> {
    let mut headers = HashMap::new();
    // Asks OpenTelemetry, not for the current span: that one may be too detailed to be traced, in one that is.
    opentelemetry::global::get_text_map_propagator(|propagator| propagator.inject(&mut headers));
    headers.remove(TRACEPARENT)
}

/// Makes a span part of the trace that a caller began (W3C Trace Context), if its headers name one. To be called before
/// the span is entered. For a `traceparent` that was kept, give
/// `|name| (name == "traceparent").then(|| kept.clone())`.
pub fn continue_trace(span: &tracing::Span, header: impl Fn(&str) -> Option<String>) {
    let headers: HashMap<String, String> =
        TRACE_HEADERS.iter().filter_map(|name| Some(((*name).to_owned(), header(name)?))).collect();
    if headers.is_empty() {
        return;
    }
    let parent = opentelemetry::global::get_text_map_propagator(|propagator| propagator.extract(&headers));
    // An error says that no traces are made here.
    let _ = span.set_parent(parent);
}

/// Which spans become traces. Not the filter of the logs: quiet logs do not mean fewer traces.
fn traced() -> Targets {
    Targets::new()
        .with_default(LevelFilter::INFO)
        .with_targets(NOT_TRACED.map(|target| (target, LevelFilter::OFF)))
}

fn provider(endpoint: &str) -> Result<SdkTracerProvider, Error> {
    // Brings a blocking HTTP client, which the builder makes on a thread of its own; batches are sent by another one.
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{endpoint}/v1/traces"))
        .build()
        .map_err(Error::Traces)?;
    let resource = Resource::builder()
        .with_service_name(SERVICE)
        .with_attribute(opentelemetry::KeyValue::new("service.version", VERSION))
        .build();
    Ok(SdkTracerProvider::builder().with_resource(resource).with_batch_exporter(exporter).build())
}
