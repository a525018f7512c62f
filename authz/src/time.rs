//! Times as Cedar takes them: UTC, in milliseconds.

use std::sync::{Arc, LazyLock};

use arc_swap::ArcSwapOption;
use cedar_policy::{Context, RestrictedExpression};
use cedar_policy_core::ast::{self, Name, PartialValue, Value};
use cedar_policy_core::extensions::Extensions;
use chrono::{DateTime, SecondsFormat, Utc};

/// The last instant that was asked about. Cedar makes times from text only, which costs more than the rest of a
/// question; most questions are asked within the same millisecond as another, or soon after.
static LAST: ArcSwapOption<(i64, Value)> = ArcSwapOption::const_empty();

/// Durations of so many milliseconds, by which a time is made from the last.
static STEPS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    (0..1_000).map_while(|step| evaluated(RestrictedExpression::new_duration(format!("{step}ms")))).collect()
});
static OFFSET: LazyLock<Option<Name>> = LazyLock::new(|| "offset".parse().ok());

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
    let last = LAST.load();
    let value = match &*last {
        Some(last) if last.0 == instant => return Some(last.1.clone()),
        Some(last) => later(&last.1, instant.saturating_sub(last.0)),
        None => None,
    };
    let value = value.or_else(|| evaluated(datetime(time)))?;
    LAST.store(Some(Arc::new((instant, value.clone()))));
    Some(value)
}

/// The time so many milliseconds after another; none if that is not soon after.
fn later(time: &Value, milliseconds: i64) -> Option<Value> {
    let step = STEPS.get(usize::try_from(milliseconds).ok()?)?;
    let offset = Extensions::all_available().func(OFFSET.as_ref()?).ok()?;
    match offset.call(&[time.clone(), step.clone()]).ok()? {
        PartialValue::Value(value) => Some(value),
        PartialValue::Residual(_) => None,
    }
}

fn evaluated(expression: RestrictedExpression) -> Option<Value> {
    let context = Context::from_pairs([(String::new(), expression)]).ok()?;
    let ast::Context::Value(pairs) = context.as_ref() else { return None };
    pairs.values().next().cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_made_from_the_last_is_the_time_made_from_text() {
        // proves PDP-1
        let start: DateTime<Utc> = "2026-11-21T23:59:59.500Z".parse().expect("a time");
        for milliseconds in [0, 1, 2, 700, 1_699, 2_699, 2_700, 10_000, 9_999, 500, 86_400_000, -86_400_000] {
            let time = start + chrono::TimeDelta::milliseconds(milliseconds);
            assert_eq!(value(time), evaluated(datetime(time)), "{time}");
            assert_eq!(value(time), evaluated(datetime(time)), "{time}, once more");
        }
    }
}
