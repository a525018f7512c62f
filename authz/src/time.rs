//! Times as Cedar takes them: UTC, in milliseconds.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use cedar_policy::{Context, RestrictedExpression};
use cedar_policy_core::ast::{self, Value};
use chrono::{DateTime, SecondsFormat, Utc};

/// The last instant that was asked about. Cedar makes a time from text only, which costs more than the rest of a
/// question; a busy server asks many questions within one millisecond.
static LAST: ArcSwapOption<(i64, Value)> = ArcSwapOption::const_empty();

/// A time as an attribute's value.
#[must_use]
pub fn datetime(time: DateTime<Utc>) -> RestrictedExpression {
    RestrictedExpression::new_datetime(rfc3339(time))
}

/// A time as a context's value.
#[must_use]
pub fn datetime_json(time: DateTime<Utc>) -> serde_json::Value {
    serde_json::Value::String(rfc3339(time))
}

pub(crate) fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A time as a value; none where Cedar cannot express it.
pub(crate) fn value(time: DateTime<Utc>) -> Option<Value> {
    let instant = time.timestamp_millis();
    if let Some(last) = &*LAST.load()
        && last.0 == instant
    {
        return Some(last.1.clone());
    }
    let context = Context::from_pairs([(String::new(), datetime(time))]).ok()?;
    let ast::Context::Value(pairs) = context.as_ref() else { return None };
    let value = pairs.values().next()?.clone();
    LAST.store(Some(Arc::new((instant, value.clone()))));
    Some(value)
}
