//! What organizations use of what their plan allows.

mod record;
mod report;
mod trim;

pub use record::{Counted, Counting, Metric, NewUsage, begin, nothing, record};
pub use report::{UsageItem, UsageItems, UsageReport, report};
pub use trim::trim;

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};

/// The calendar month of a time, by its first day: UTC.
fn month_of(time: DateTime<Utc>) -> NaiveDate {
    let day = time.date_naive();
    day.with_day(1).unwrap_or(day)
}
