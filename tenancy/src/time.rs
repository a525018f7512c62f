//! Times that come from outside.

use chrono::{DateTime, Datelike as _, Utc};
use serde::{Deserialize as _, Deserializer, de::Error as _};

/// Whether the store, JSON and Cedar all understand a time: years 1 to 9999.
pub(crate) fn is_storable(time: DateTime<Utc>) -> bool {
    (1..=9999).contains(&time.year())
}

/// Reads an optional RFC 3339 time that [`is_storable`].
pub(crate) fn bounded<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let time = Option::<DateTime<Utc>>::deserialize(deserializer)?;
    if time.is_some_and(|time| !is_storable(time)) {
        return Err(D::Error::custom("a time in the years 1 to 9999"));
    }
    Ok(time)
}
