//! Times, as people read them.

use chrono::{DateTime, Datelike, Timelike, Utc};

const ENGLISH: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const FRENCH: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];

/// A time in a mail, to the minute. It names UTC, since we do not know where the reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment(pub DateTime<Utc>);

impl Moment {
    /// `21 November 2026 at 10:05 UTC`
    #[must_use]
    pub fn english(&self) -> String {
        let Self(time) = self;
        let month = month(&ENGLISH, *time);
        format!("{} {month} {} at {}:{:02} UTC", time.day(), time.year(), time.hour(), time.minute())
    }

    /// `21 novembre 2026 à 10 h 05 UTC`; the spaces inside the time do not break.
    #[must_use]
    pub fn french(&self) -> String {
        let Self(time) = self;
        let month = month(&FRENCH, *time);
        let day = if time.day() == 1 { "1er".to_owned() } else { time.day().to_string() };
        format!("{day} {month} {} à {}\u{A0}h\u{A0}{:02} UTC", time.year(), time.hour(), time.minute())
    }
}

fn month(names: &[&'static str; 12], time: DateTime<Utc>) -> &'static str {
    // Months count from 0 here, up to 11.
    names.get(time.month0() as usize).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    // proves MAIL-2
    #[test]
    fn a_time_is_written_as_each_language_writes_it_and_names_utc() {
        let at = |text: &str| Moment(text.parse().unwrap());
        assert_eq!(at("2026-11-21T09:05:59Z").english(), "21 November 2026 at 9:05 UTC");
        assert_eq!(at("2026-08-01T23:30:00Z").french(), "1er août 2026 à 23\u{A0}h\u{A0}30 UTC");
        assert_eq!(at("2026-02-28T00:00:00Z").french(), "28 février 2026 à 0\u{A0}h\u{A0}00 UTC");
        assert_eq!(at("2026-12-31T23:59:00+00:00").english(), "31 December 2026 at 23:59 UTC");
    }
}
