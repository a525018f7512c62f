//! The part of OTLP's messages that tests look at. Tags are those of `opentelemetry/proto`; other fields are skipped.

use std::collections::BTreeMap;

use super::Span;

/// `ExportTraceServiceRequest`
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Export {
    #[prost(message, repeated, tag = "1")]
    resource_spans: Vec<ResourceSpans>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ResourceSpans {
    #[prost(message, optional, tag = "1")]
    resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    scope_spans: Vec<ScopeSpans>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Resource {
    #[prost(message, repeated, tag = "1")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ScopeSpans {
    #[prost(message, repeated, tag = "2")]
    spans: Vec<Exported>,
}

/// `Span`
#[derive(Clone, PartialEq, prost::Message)]
struct Exported {
    #[prost(bytes = "vec", tag = "1")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    span_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    parent_span_id: Vec<u8>,
    #[prost(string, tag = "5")]
    name: String,
    #[prost(enumeration = "Kind", tag = "6")]
    kind: i32,
    #[prost(message, repeated, tag = "9")]
    attributes: Vec<KeyValue>,
}

/// Which side of a call a span is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
pub enum Kind {
    /// It is not told.
    Unspecified = 0,
    /// Work inside a process.
    Internal = 1,
    /// A request that is answered.
    Server = 2,
    /// A request that is made.
    Client = 3,
    /// Something is handed over for later.
    Producer = 4,
    /// What was handed over is worked on.
    Consumer = 5,
}

#[derive(Clone, PartialEq, prost::Message)]
struct KeyValue {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(message, optional, tag = "2")]
    value: Option<AnyValue>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct AnyValue {
    #[prost(oneof = "Scalar", tags = "1, 2, 3, 4")]
    value: Option<Scalar>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Scalar {
    #[prost(string, tag = "1")]
    Text(String),
    #[prost(bool, tag = "2")]
    Truth(bool),
    #[prost(int64, tag = "3")]
    Whole(i64),
    #[prost(double, tag = "4")]
    Number(f64),
}

impl Export {
    /// The spans of all services in it.
    pub(super) fn spans(self) -> impl Iterator<Item = Span> {
        self.resource_spans.into_iter().flat_map(|ResourceSpans { resource, scope_spans }| {
            let resource = texts(resource.unwrap_or_default().attributes);
            let spans = scope_spans.into_iter().flat_map(|scope| scope.spans);
            spans.map(move |exported| exported.of(resource.clone()))
        })
    }
}

impl Exported {
    fn of(self, resource: BTreeMap<String, String>) -> Span {
        Span {
            kind: self.kind(),
            trace_id: hex(&self.trace_id),
            span_id: hex(&self.span_id),
            parent_id: (!self.parent_span_id.is_empty()).then(|| hex(&self.parent_span_id)),
            name: self.name,
            service: resource.get("service.name").cloned().unwrap_or_default(),
            attributes: texts(self.attributes),
            resource,
        }
    }
}

fn texts(attributes: Vec<KeyValue>) -> BTreeMap<String, String> {
    let known = attributes.into_iter().filter_map(|KeyValue { key, value }| {
        let text = match value?.value? {
            Scalar::Text(text) => text,
            Scalar::Truth(truth) => truth.to_string(),
            Scalar::Whole(number) => number.to_string(),
            Scalar::Number(number) => number.to_string(),
        };
        Some((key, text))
    });
    known.collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
