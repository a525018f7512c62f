//! What `/readyz` says: each part of the process, how it is, and since when.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::Clock;

/// The parts of a process and how each one is. Clones share the same parts.
#[derive(Debug, Clone)]
pub struct Health {
    clock: Clock,
    parts: Arc<Mutex<BTreeMap<&'static str, State>>>,
}

/// The handle by which one part tells how it is.
#[derive(Debug, Clone)]
pub struct Part {
    health: Health,
    name: &'static str,
}

/// How a part is. Ordered from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// All is well.
    Ready,
    /// It serves on, but somebody should look at it.
    Degraded,
    /// It cannot serve.
    Failed,
}

/// How one part is, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct State {
    /// How it is.
    pub status: Status,
    /// Why it is not ready. Shown to whoever may call `/readyz`: no secrets in here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it came into this status; a new reason alone does not change it.
    pub since: DateTime<Utc>,
}

/// How the process is: as bad as its worst part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The worst status of all parts.
    pub status: Status,
    /// Each part by its name.
    pub parts: BTreeMap<&'static str, State>,
}

impl Health {
    /// A process without parts, which is ready.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self { clock, parts: Arc::default() }
    }

    /// Registers a part, which counts as failed ("starting") until it reports. A name that exists already gives a
    /// second handle to the same part.
    #[must_use]
    pub fn part(&self, name: &'static str) -> Part {
        self.starting(name, Status::Failed)
    }

    /// As [`Health::part`], for a part without which the process can serve: it counts as degraded until it reports.
    #[must_use]
    pub fn side_part(&self, name: &'static str) -> Part {
        self.starting(name, Status::Degraded)
    }

    fn starting(&self, name: &'static str, status: Status) -> Part {
        let starting = || State { status, reason: Some("starting".to_owned()), since: self.clock.now() };
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_insert_with(starting);
        Part { health: self.clone(), name }
    }

    /// How the process is now.
    #[must_use]
    pub fn report(&self) -> Report {
        let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let status = parts.values().map(|part| part.status).max().unwrap_or(Status::Ready);
        Report { status, parts }
    }
}

impl Part {
    /// All is well.
    pub fn ready(&self) {
        self.report(Status::Ready, None);
    }

    /// It serves on, but not as it should.
    pub fn degraded(&self, reason: impl Into<String>) {
        self.report(Status::Degraded, Some(reason.into()));
    }

    /// It cannot serve.
    pub fn failed(&self, reason: impl Into<String>) {
        self.report(Status::Failed, Some(reason.into()));
    }

    fn report(&self, status: Status, reason: Option<String>) {
        let now = self.health.clock.now();
        let mut parts = self.health.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let state = State { status, reason, since: now };
        let before = parts.insert(self.name, state.clone());
        match before {
            // The same news again: no log line, and the time of the change stays.
            Some(before) if before.status == status => {
                parts.insert(self.name, State { since: before.since, ..state });
            }
            _ => {
                drop(parts);
                announce(self.name, &state);
            }
        }
    }
}

fn announce(part: &'static str, state: &State) {
    let reason = state.reason.as_deref().unwrap_or_default();
    match state.status {
        Status::Ready => tracing::info!(part, "ready"),
        Status::Degraded => tracing::warn!(part, reason, "degraded"),
        Status::Failed => tracing::error!(part, reason, "failed"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::TimeZone;

    use super::*;

    fn fixed() -> crate::FixedClock {
        Clock::fixed(Utc.with_ymd_and_hms(2026, 1, 2, 3, 4, 5).unwrap())
    }

    // proves OPS-3
    #[test]
    fn a_part_that_never_reported_is_failed_starting() {
        let health = Health::new(fixed().clock());
        assert_eq!(health.report().status, Status::Ready);
        let _database = health.part("database");
        health.part("policies").ready();
        let report = health.report();
        assert_eq!(report.status, Status::Failed);
        assert_eq!(report.parts["database"].reason.as_deref(), Some("starting"));
    }

    // proves OPS-3
    #[test]
    fn a_side_part_that_never_reported_keeps_no_process_from_serving() {
        let health = Health::new(fixed().clock());
        let _mail = health.side_part("mail");
        assert_eq!(health.report().status, Status::Degraded);
        assert_eq!(health.report().parts["mail"].reason.as_deref(), Some("starting"));
    }

    // proves OPS-3, POL-2
    #[test]
    fn a_process_is_as_bad_as_its_worst_part() {
        let health = Health::new(fixed().clock());
        let (database, policies) = (health.part("database"), health.part("policies"));
        database.ready();
        policies.degraded("agent.cedar:3:1: expected `;`");
        assert_eq!(health.report().status, Status::Degraded);
        database.failed("connection refused");
        assert_eq!(health.report().status, Status::Failed);
        database.ready();
        policies.ready();
        assert_eq!(health.report().status, Status::Ready);
        assert_eq!(health.report().parts["policies"].reason, None);
    }

    // proves POL-2
    #[test]
    fn the_time_since_is_that_of_the_change_and_not_of_the_last_word() {
        let clock = fixed();
        let health = Health::new(clock.clock());
        let policies = health.part("policies");
        policies.ready();
        clock.advance(Duration::from_secs(60));
        policies.degraded("one error");
        clock.advance(Duration::from_secs(60));
        policies.degraded("two errors");
        let report = health.report();
        assert_eq!(report.parts["policies"].since, Utc.with_ymd_and_hms(2026, 1, 2, 3, 5, 5).unwrap());
        assert_eq!(report.parts["policies"].reason.as_deref(), Some("two errors"));
    }

    // proves API-1
    #[test]
    fn a_report_is_written_in_snake_case_with_rfc_3339_times() {
        let health = Health::new(fixed().clock());
        health.part("database").ready();
        health.part("policies").degraded("broken edit");
        assert_eq!(
            serde_json::to_string(&health.report()).unwrap(),
            r#"{"status":"degraded","parts":{"database":{"status":"ready","since":"2026-01-02T03:04:05Z"},"policies":{"status":"degraded","reason":"broken edit","since":"2026-01-02T03:04:05Z"}}}"#
        );
    }

    #[test]
    fn two_handles_of_one_name_are_one_part() {
        let health = Health::new(fixed().clock());
        health.part("database").ready();
        let again = health.part("database");
        assert_eq!(health.report().status, Status::Ready, "a second handle does not reset the part");
        again.failed("gone");
        assert_eq!(health.report().parts.len(), 1);
    }
}
