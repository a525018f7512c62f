//! Jobs in any state, put into the store past everything.

use std::fmt::Write as _;

use crate::support::TestApp;

/// Every state.
pub(crate) const STATES: [&str; 5] = ["pending", "running", "done", "dead", "cancelled"];

/// A job to be put there.
#[derive(Clone)]
pub(crate) struct Seed {
    kind: String,
    state: String,
    columns: String,
    values: String,
}

/// A job of the kind `greet` in this state, which belongs to nobody in particular.
pub(crate) fn job(state: &str) -> Seed {
    let (columns, values) = match state {
        "pending" => ("", ""),
        "running" => (
            ", attempt, lease_token, lease_until, worker, started_at",
            ", 1, gen_random_uuid(), now() + interval '1 hour', 'worker-1', now()",
        ),
        _ => (", attempt, worker, started_at, finished_at", ", 3, 'worker-1', now(), now()"),
    };
    Seed { kind: "greet".into(), state: state.into(), columns: columns.into(), values: values.into() }
}

impl Seed {
    /// Of another kind.
    pub(crate) fn kind(mut self, kind: &str) -> Self {
        self.kind = kind.into();
        self
    }

    /// With a column.
    pub(crate) fn with(mut self, column: &str, value: &str) -> Self {
        write!(self.columns, ", {column}").unwrap();
        write!(self.values, ", {value}").unwrap();
        self
    }

    /// For an organization.
    pub(crate) fn org(self, id: &str) -> Self {
        self.with("org_id", &format!("'{id}'"))
    }

    /// For a workspace.
    pub(crate) fn workspace(self, id: &str) -> Self {
        self.with("workspace_id", &format!("'{id}'"))
    }

    /// For a person.
    pub(crate) fn user(self, id: &str) -> Self {
        self.with("user_id", &format!("'{id}'"))
    }

    /// That no other one may wait beside.
    pub(crate) fn unique(self, key: &str) -> Self {
        self.with("unique_key", &format!("'{key}'"))
    }

    /// Puts it there; gives its id. Later ones have greater ids.
    pub(crate) fn insert(self, app: &TestApp) -> String {
        let Self { kind, state, columns, values } = self;
        app.query(&format!(
            "insert into jobs (id, kind, state, payload{columns})
             select ('019aa0ff-0000-7000-8000-' || lpad(to_hex(count(*) + 1), 12, '0'))::uuid, '{kind}', '{state}',
                 '{{\"told\": \"to nobody\"}}'{values}
             from jobs returning id"
        ))
    }
}

/// A worker tells of a kind: 3 attempts, a minute each, within an hour.
pub(crate) fn register(app: &TestApp, kind: &str) {
    app.query(&format!(
        "insert into job_kinds (kind, queue, attempts, timeout_seconds, lifetime_seconds)
         values ('{kind}', 'mail', 3, 60, 3600)"
    ));
}

/// The state of a job.
pub(crate) fn state(app: &TestApp, id: &str) -> String {
    app.query(&format!("select state from jobs where id = '{id}'"))
}
