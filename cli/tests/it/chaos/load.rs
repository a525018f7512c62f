//! What is asked for while things break, and what was answered.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::json;

use super::world::{Reply, World, ask};
use crate::support::Home;

/// Between two requests of one thread.
const PAUSE: Duration = Duration::from_millis(40);

/// Between two transactions that are not committed.
const SELDOM: Duration = Duration::from_millis(300);

/// What the outside knows.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// Addresses, each with the job that the API named.
    pub(crate) accepted: Vec<(String, String)>,
    /// How many requests have no answer.
    pub(crate) unknown: usize,
    /// Addresses of transactions that were rolled back.
    pub(crate) rolled_back: Vec<String>,
    /// People whose trial ends.
    pub(crate) trials: Vec<String>,
}

impl Asked {
    /// Asks for a mail that will be sent.
    pub(crate) fn one(&mut self, world: &World, address: &str) -> String {
        let Reply::Accepted(job) = ask(&world.home, 0, address) else { panic!("no answer for {address}") };
        self.accepted.push((address.to_owned(), job.clone()));
        job
    }

    /// Brings in people whose trial ends within `length`.
    pub(crate) fn import_trials(&mut self, world: &World, count: usize, length: Duration) {
        let ends = (1..=count).map(|number| (format!("trial-{number}@example.com"), number));
        let mut lines = String::new();
        for (email, number) in ends {
            let id = format!("019aa000-0000-7000-8000-{number:012}");
            let user = json!({ "id": id, "email": email, "name": "Pat", "status": "pending",
                               "approval_due_at": "2040-01-01T00:00:00Z" });
            lines += &format!("{}\n", json!({ "user": user }));
            self.trials.push(email);
        }
        std::fs::write(world.home.path("trials.ndjson"), lines).unwrap();
        world.home.run(&["import", "trials.ndjson"]).expect(0);
        // Reminders are not what this is about: whether one is sent depends on who is faster.
        world.sql(&format!(
            "update users set approval_reminded_at = now(),
                 approval_due_at = now() + right(id::text, 12)::int * interval '{} ms' / {count}",
            length.as_millis()
        ));
    }

    /// Asks for what it can until `stop`, then returns what became of it.
    pub(crate) fn run(home: &Home, stop: &AtomicBool) -> Self {
        let next = AtomicUsize::new(0);
        let mails = || {
            let mut asked = Self::default();
            while !stop.load(Ordering::Relaxed) {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let address = format!("asked-{number}@example.com");
                match ask(home, number, &address) {
                    Reply::Accepted(job) => asked.accepted.push((address, job)),
                    Reply::Unknown => asked.unknown += 1,
                }
                thread::sleep(PAUSE);
            }
            asked
        };
        thread::scope(|scope| {
            let threads = [scope.spawn(mails), scope.spawn(mails), scope.spawn(mails)];
            let mut all = Self { rolled_back: roll_back(home, stop), ..Self::default() };
            for thread in threads {
                let asked = thread.join().unwrap();
                all.accepted.extend(asked.accepted);
                all.unknown += asked.unknown;
            }
            all
        })
    }
}

/// Enqueues mails and rolls back, and looks after trials more often than each minute.
fn roll_back(home: &Home, stop: &AtomicBool) -> Vec<String> {
    let mut addresses = vec![];
    while !stop.load(Ordering::Relaxed) {
        let address = format!("rolled-back-{}@example.com", addresses.len());
        let mail = json!({ "mail": "sample", "template": "welcome", "locale": "en", "to": address });
        // One ends with its transaction, one with its connection. The store may be down for any of them.
        let end = if addresses.len().is_multiple_of(2) { "rollback;" } else { "" };
        let _ = home.database().run(&format!(
            "begin; insert into jobs (id, kind, payload) values (gen_random_uuid(), 'mail.send', '{mail}');
             select pg_sleep(0.1); {end}"
        ));
        addresses.push(address);
        let _ = home.database().run(SWEEP);
        thread::sleep(SELDOM);
    }
    addresses
}

/// A sweep at once, instead of one each minute.
pub(crate) const SWEEP: &str =
    "insert into jobs (id, kind, payload) values (gen_random_uuid(), 'trial.sweep', '{}')";
