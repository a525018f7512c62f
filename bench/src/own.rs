//! `make bench`: everything that needs nothing but this repository.

use std::fs;
use std::path::Path;

use crate::case::Pace;
use crate::cpu;
use crate::report::{self, Bound, Goal};
use crate::store::Store;
use crate::{growth, http, inside, start};

/// Entities of the store of the main table.
const ENTITIES: usize = 100_000;

/// Measures, and writes its place on the page. `decisions` is what the bench of the engine has printed.
///
/// # Errors
/// Something does not start, or an answer is wrong.
pub(crate) fn run(page: &Path, pace: Pace, largest: usize, decisions: Option<&Path>) -> anyhow::Result<()> {
    eprintln!("filling a store with {ENTITIES} entities");
    let store = Store::with(ENTITIES.min(largest))?;
    let http = http::measure(&store, pace)?;
    let starts = start::measure(&store)?;
    let inside = inside::measure(&store, pace)?;
    drop(store);
    let (echo, grown) = growth::measure(pace, largest)?;

    let (single, batch) = (http.of("single"), http.of("batch of 100"));
    let mut goals = vec![
        Goal::ratio("a warm decision beside an echo", Bound::AtMost(4.0), single.cpu / http.of("echo").cpu),
        Goal::ratio(
            "a decision in a batch of 100 beside the echo's",
            Bound::AtMost(20.0),
            batch.cpu / http.of("echo, batch of 100").cpu,
        ),
        Goal::ratio(
            "a service on Cedar alone that reads entities from JSON, beside a warm decision",
            Bound::AtLeast(20.0),
            http.of("Cedar alone, entities as JSON").cpu / single.cpu,
        ),
        Goal::ratio(
            "the same, inside a process, beside a decision in a batch of 100",
            Bound::AtLeast(20.0),
            inside.inline.cpu / batch.cpu,
        ),
        Goal::ratio(
            "10 000 policies about other things beside none",
            Bound::AtMost(1.5),
            http.of("single, 10 000 policies more").cpu / single.cpu,
        ),
    ];
    if let [small, large, ..] = grown.as_slice() {
        goals.push(Goal::ratio(
            "a warm decision with 100 000 entities asked about beside 1 000",
            Bound::AtMost(1.5),
            large.warm.cpu / small.warm.cpu,
        ));
        let change = |grown: &growth::Grown| grown.attribute.cpu + grown.attribute.store;
        goals.push(Goal::ratio(
            "a change and the next decision with 100 000 entities beside 1 000",
            Bound::AtMost(1.5),
            change(large) / change(small),
        ));
    }
    goals.push(Goal {
        words: "a start with 10 000 policies more".to_owned(),
        bound: Bound::AtMost(1.5),
        measured: starts[1].seconds,
        unit: "s",
    });

    let mut tables = vec![report::goals(&goals), http.table(), inside::table(&inside)];
    tables.extend(growth::tables(echo, &grown));
    tables.push(start::table(&starts));
    let opening =
        format!("Measured on {} in {} rounds of {} ms.", cpu::machine(), pace.rounds, pace.round.as_millis());
    let mut text = report::section(&opening, &tables);
    if let Some(decisions) = decisions {
        let printed = fs::read_to_string(decisions)?;
        text += "\n### The engine by itself\n\nFacts in, decision out, inside a process: `cargo bench --package authz`.\n";
        text += &format!("\n```\n{}\n```\n", printed.trim());
    }
    report::write(page, "own", &text)
}
