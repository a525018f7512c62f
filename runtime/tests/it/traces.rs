use std::process::{Command, Stdio};

use harness::otlp::{Collector, Kind, Span};
use runtime::telemetry::{continue_trace, current_trace};
use runtime::{Config, Error, Telemetry};

/// Set in the process that makes the spans: this test binary again, running one "test" that is the program.
const PROGRAM: &str = "RUNTIME_TEST_TRACES";

/// What that process goes on with.
const KEPT: &str = "RUNTIME_TEST_KEPT";

/// Works in a span, after a trace that was kept if there is one, and prints what it would keep itself.
#[tokio::test]
#[allow(clippy::disallowed_methods, reason = "how a test tells itself from the program that it starts")]
async fn program() {
    let Ok(endpoint) = std::env::var(PROGRAM) else { return };
    let env = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()), ("DOORWARD_LOG", "debug")];
    let config = Config::load(None, env.map(|(name, value)| (name.to_owned(), value.to_owned()))).unwrap();
    let telemetry = Telemetry::start(&config).unwrap();
    assert!(matches!(Telemetry::start(&config), Err(Error::LogsTaken)));
    assert_eq!(current_trace(), None, "outside of every span");

    let span = tracing::info_span!("work", otel.kind = "consumer", principal = "alice");
    if let Ok(kept) = std::env::var(KEPT) {
        continue_trace(&span, |name| (name == "traceparent").then(|| kept.clone()));
    }
    span.in_scope(|| {
        // The logs have this one, and the traces do not.
        let _detail = tracing::debug_span!("detail").entered();
        println!("kept {}", current_trace().unwrap_or_default());
    });
    drop(span);
    telemetry.stop().await.unwrap();
}

/// Runs the program to its end and gives what it would keep.
fn work(endpoint: &str, kept: Option<&str>) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "traces::program", "--nocapture"]).env(PROGRAM, endpoint).stderr(Stdio::null());
    if let Some(kept) = kept {
        command.env(KEPT, kept);
    }
    let output = command.output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}");
    let kept = told.lines().find_map(|line| line.split_once("kept ")).unwrap_or_else(|| panic!("{told}"));
    kept.1.to_owned()
}

/// As the standard writes it; 01: the trace is exported.
fn traceparent(span: &Span) -> String {
    format!("00-{}-{}-01", span.trace_id, span.span_id)
}

// proves OPS-3
#[test]
fn spans_reach_the_collector_before_the_process_has_stopped() {
    let collector = Collector::start().unwrap();
    // The slash is what people write.
    work(&format!("{}/", collector.url()), None);
    let spans = collector.spans();
    let [span] = spans.as_slice() else { panic!("one span, not {spans:?}") };
    assert_eq!((span.name.as_str(), span.kind, span.service.as_str()), ("work", Kind::Consumer, "doorward"));
    assert_eq!(span.resource["service.version"], runtime::VERSION);
    assert_eq!(span.attributes["principal"], "alice");
    assert_eq!(span.parent_id, None);
}

// proves JOB-3
#[test]
fn work_that_another_process_goes_on_with_is_part_of_the_same_trace() {
    let collector = Collector::start().unwrap();
    let kept = work(&collector.url(), None);
    let first = collector.wait_for(|span| traceparent(span) == kept).unwrap();
    assert_eq!(first.parent_id, None);

    let kept = work(&collector.url(), Some(&kept));
    let second = collector.wait_for(|span| traceparent(span) == kept).unwrap();
    assert_eq!(second.trace_id, first.trace_id);
    assert_eq!(second.parent_id.as_ref(), Some(&first.span_id));
    assert_ne!(second.span_id, first.span_id);
}

// proves JOB-3
#[test]
fn what_was_kept_and_is_no_trace_begins_a_new_one() {
    let collector = Collector::start().unwrap();
    let nonsense = format!("00-{}-{}-01", "0".repeat(32), "0".repeat(16));
    let kept = work(&collector.url(), Some(&nonsense));
    let span = collector.wait_for(|span| traceparent(span) == kept).unwrap();
    assert_eq!(span.parent_id, None);
}

// proves JOB-3
#[test]
fn where_no_traces_are_made_there_is_nothing_to_keep() {
    let _span = tracing::info_span!("work").entered();
    assert_eq!(current_trace(), None);
}
