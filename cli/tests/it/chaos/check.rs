//! What must be true in the end, whatever happened.

use std::collections::{BTreeMap, BTreeSet};

use harness::smtp::Received;
use serde::Deserialize;

use super::load::Asked;
use super::world::{HOST, World};

/// A promise that was not kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Violation {
    /// A mail that was promised has no job.
    Forgotten { address: String, job: String },
    /// A job waits or runs although everything works again.
    Unfinished { job: String, state: String },
    /// A job was given up.
    GivenUp { job: String, error: String },
    /// A mail that was promised, or whose job says that it is done, never came.
    Undelivered { address: String, job: String },
    /// A mail came that no job asks for.
    Phantom { address: String },
    /// A mail came that was asked for in a transaction that was rolled back.
    RolledBack { address: String },
    /// A mail does not have the Message-ID of its job.
    ForeignMessageId { address: String, id: String },
    /// Mails to an address look like several different ones.
    ManyMessageIds { address: String },
    /// A trial did not end exactly once.
    Trial { email: String, status: String, entries: usize },
    /// Somebody who left was not erased once, wholly, with a receipt that counts it.
    Leaver { number: usize, what: String },
    /// Something of those who stay has changed.
    Stayers,
    /// The audit log does not hold.
    Audit(String),
    /// A process ended by itself, or with an error, or not when it was asked to.
    Fallen(String),
}

/// The store as of one moment.
#[derive(Debug, Deserialize)]
pub(crate) struct Snapshot {
    jobs: Vec<Job>,
    users: Vec<User>,
}

#[derive(Debug, Deserialize)]
struct Job {
    id: String,
    kind: String,
    state: String,
    /// None where it is no mail.
    address: Option<String>,
    error: Option<String>,
}

#[derive(Debug, Deserialize)]
struct User {
    email: String,
    status: String,
    /// How often the audit log says that the trial ended.
    entries: usize,
}

impl Snapshot {
    pub(crate) fn take(world: &World) -> Self {
        let rows = world.sql(
            "select json_build_object(
                 'jobs', (select coalesce(json_agg(json_build_object(
                     'id', j.id, 'kind', j.kind, 'state', j.state, 'error', j.last_error,
                     'address', coalesce(j.payload->>'to', u.email,
                         'leaver-' || right(p.subject_id::text, 12)::int || '@example.com'))), '[]')
                     from jobs j left join users u on u.id::text = j.payload->>'user_id'
                     left join purges p on j.kind = 'mail.send' and p.id::text = j.payload->>'purge_id'),
                 'users', (select coalesce(json_agg(json_build_object(
                     'email', u.email, 'status', u.status, 'entries', (select count(*) from audit a
                         where a.action = 'user.expire' and a.target_id = u.id::text))), '[]') from users u))",
        );
        serde_json::from_str(&rows).unwrap()
    }

    /// Whether no job waits or runs.
    pub(crate) fn is_quiet(&self) -> bool {
        self.unfinished().next().is_none()
    }

    /// Whether no job waits or runs but those that send mails.
    pub(crate) fn waits_only_for_mails(&self) -> bool {
        self.unfinished().all(|job| job.address.is_some())
    }

    fn unfinished(&self) -> impl Iterator<Item = &Job> {
        self.jobs.iter().filter(|job| matches!(job.state.as_str(), "pending" | "running"))
    }

    fn mails(&self) -> impl Iterator<Item = (&Job, &str)> {
        self.jobs.iter().filter_map(|job| Some((job, job.address.as_deref()?)))
    }
}

/// All that is wrong, in order. The mails have to be looked at after the store.
pub(crate) fn check(asked: &Asked, store: &Snapshot, mails: &[Received]) -> Vec<Violation> {
    let mut wrong = BTreeSet::new();
    let mut came: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for mail in mails {
        for address in &mail.to {
            came.entry(address).or_default().insert(mail.message_id());
        }
    }
    let mut wanted: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (job, address) in store.mails() {
        wanted.entry(address).or_default().insert(format!("<{}@{HOST}>", job.id));
    }
    let undelivered = |address: &str, job: &str| {
        let (address, job) = (address.to_owned(), job.to_owned());
        (!came.contains_key(address.as_str())).then_some(Violation::Undelivered { address, job })
    };

    let rows: BTreeSet<(&str, &str)> =
        store.mails().map(|(job, address)| (address, job.id.as_str())).collect();
    for (address, job) in &asked.accepted {
        if !rows.contains(&(address, job)) {
            wrong.insert(Violation::Forgotten { address: address.clone(), job: job.clone() });
        }
        wrong.extend(undelivered(address, job));
    }
    for job in &store.jobs {
        let id = job.id.clone();
        match (job.state.as_str(), &job.address) {
            ("done", Some(address)) => wrong.extend(undelivered(address, &id)),
            ("done", None) => {}
            // An equal one does its work.
            ("cancelled", None) => {}
            ("dead", _) => {
                let error = format!("{}: {}", job.kind, job.error.clone().unwrap_or_default());
                wrong.insert(Violation::GivenUp { job: id, error });
            }
            (state, _) => {
                wrong.insert(Violation::Unfinished { job: id, state: state.to_owned() });
            }
        }
    }
    for (&address, ids) in &came {
        let address = || address.to_owned();
        if asked.rolled_back.contains(&address()) {
            wrong.insert(Violation::RolledBack { address: address() });
        }
        let Some(expected) = wanted.get(address().as_str()) else {
            wrong.insert(Violation::Phantom { address: address() });
            continue;
        };
        for id in ids.difference(expected) {
            wrong.insert(Violation::ForeignMessageId { address: address(), id: id.clone() });
        }
        // Every address here is written to once.
        if ids.len() > 1 {
            wrong.insert(Violation::ManyMessageIds { address: address() });
        }
    }
    for email in &asked.trials {
        let user = store.users.iter().find(|user| user.email == *email);
        let (status, entries) = user.map_or(("gone", 0), |user| (user.status.as_str(), user.entries));
        if (status, entries) != ("expired", 1) || !came.contains_key(email.as_str()) {
            let (email, status) = (email.clone(), status.to_owned());
            wrong.insert(Violation::Trial { email, status, entries });
        }
    }
    wrong.into_iter().collect()
}
