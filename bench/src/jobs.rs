//! `bench jobs`: how soon a job starts, and how fast many are done, beside a plain loop on the same table.

mod queue;
mod turn;

use std::path::Path;

use harness::Redis;

use self::turn::{MANY, SINGLE, Turn, Worker};
use crate::case::median;
use crate::cpu;
use crate::report::{self, Table, figure};
use crate::store::Store;
use crate::world::ENTITIES;

/// What was measured of a worker, round by round.
struct Measured {
    name: &'static str,
    turns: Vec<Turn>,
}

impl Measured {
    fn median(&self, figure: fn(&Turn) -> f64) -> f64 {
        median(self.turns.iter().map(figure).collect())
    }

    /// The slowest and the fastest round of [`MANY`] jobs, in jobs a second.
    fn spread(&self) -> String {
        let rates = || self.turns.iter().map(|turn| f64::from(MANY) / turn.drained);
        let (least, most) = (rates().fold(f64::INFINITY, f64::min), rates().fold(0.0, f64::max));
        format!("{} to {}", figure(least), figure(most))
    }
}

/// Measures in so many rounds, and writes its place on the page.
///
/// # Errors
/// Something does not start, or a job was not done.
pub(crate) fn run(page: &Path, rounds: usize) -> anyhow::Result<()> {
    let (store, redis) = (Store::with(ENTITIES)?, Redis::start()?);
    let workers = [Worker::Loop, Worker::Process, Worker::Redis(&redis)];
    let mut measured: Vec<Measured> =
        workers.iter().map(|worker| Measured { name: worker.name(), turns: vec![] }).collect();
    let runtime = tokio::runtime::Runtime::new()?;
    for round in 1..=rounds {
        for (worker, measured) in workers.iter().zip(&mut measured) {
            let turn = runtime.block_on(worker.turn(&store));
            let turn = turn.map_err(|error| error.context(worker.name()))?;
            eprintln!("round {round} of {rounds}, {}: {turn:?}", worker.name());
            measured.turns.push(turn);
        }
    }
    let opening = format!("Measured on {} in {rounds} rounds.", cpu::machine());
    let text = report::section(&opening, &[starts(&measured), drains(&measured), mails(&measured)]);
    report::write(page, "jobs", &text)
}

fn starts(measured: &[Measured]) -> Table {
    let (p50, p99) = (|turn: &Turn| turn.p50, |turn: &Turn| turn.p99);
    let row = |one: &Measured| {
        vec![
            one.name.to_owned(),
            format!("{} ×", figure(one.median(p50) / measured[0].median(p50))),
            figure(one.median(p50) * 1e3),
            figure(one.median(p99) * 1e3),
        ]
    };
    Table {
        title: "From enqueueing to start".to_owned(),
        note: format!(
            "In ms, by the store's clock, of {SINGLE} jobs in each round that are enqueued one by one, about forty a \
             second."
        ),
        head: ["", "× loop, p50", "p50 ms", "p99 ms"].map(str::to_owned).to_vec(),
        rows: measured.iter().map(row).collect(),
    }
}

fn drains(measured: &[Measured]) -> Table {
    let drained = |turn: &Turn| turn.drained;
    let row = |one: &Measured| {
        vec![
            one.name.to_owned(),
            format!("{} ×", figure(one.median(drained) / measured[0].median(drained))),
            figure(one.median(drained)),
            figure(f64::from(MANY) / one.median(drained)),
            one.spread(),
            figure(one.median(|turn| turn.cpu)),
            figure(one.median(|turn| turn.store)),
        ]
    };
    Table {
        title: format!("{} jobs that are due at once", figure(f64::from(MANY))),
        note: "Seconds until all are done, and CPU time for each job in µs, of the worker and of Postgres. The spread is \
               that of the rounds: what the machine was doing besides."
            .to_owned(),
        head: ["", "× loop", "seconds", "jobs/s", "spread", "CPU", "Postgres CPU"].map(str::to_owned).to_vec(),
        rows: measured.iter().map(row).collect(),
    }
}

fn mails(measured: &[Measured]) -> Table {
    let row = |one: &Measured| {
        let all: Option<Vec<f64>> = one.turns.iter().map(|turn| turn.mailed).collect();
        let seconds = median(all.filter(|all| !all.is_empty())?);
        let rate = f64::from(MANY) / seconds;
        let beside = seconds / one.median(|turn| turn.drained);
        Some(vec![one.name.to_owned(), format!("{} ×", figure(beside)), figure(seconds), figure(rate)])
    };
    Table {
        title: format!("{} mails", figure(f64::from(MANY))),
        note: "To as many addresses, by SMTP without encryption to a server in the program that measures: beside the \
               jobs above, which send nothing."
            .to_owned(),
        head: ["", "× jobs", "seconds", "mails/s"].map(str::to_owned).to_vec(),
        rows: measured.iter().filter_map(row).collect(),
    }
}
