//! Cedar alone inside a process, without HTTP.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::case::{Case, Figures, Pace, take_turns};
use crate::cedar::{Cedar, Prepared};
use crate::folder;
use crate::http;
use crate::load::Round;
use crate::report::{Table, figure};
use crate::request::Request;
use crate::server::Server;
use crate::store::Store;

/// What Cedar alone takes for a question.
pub(crate) struct Inside {
    /// With the entities as JSON, read for each question.
    pub(crate) inline: Figures,
    /// With request and entities ready-made.
    pub(crate) prepared: Figures,
}

/// Measures Cedar on the questions of the main table.
///
/// # Errors
/// Cedar and the formula do not agree.
pub(crate) fn measure(store: &Store, pace: Pace) -> anyhow::Result<Inside> {
    let doorward = Server::doorward(store, &folder::shipped())?;
    let requests = http::inlined(&doorward, store.world, &folder::shipped())?;
    drop(doorward);
    let cedar = Cedar::load(&folder::shipped())?;
    let read = |request: &Request| cedar.prepare(request.body());
    let prepared: Vec<Prepared> = requests.iter().map(read).collect::<anyhow::Result<_>>()?;
    let (mut next, mut other) = (0, 0);
    let mut cases = [
        Case::work("inline", std::process::id(), None, |time| {
            repeat(time, || {
                next = (next + 1) % requests.len();
                Ok(cedar.allows(&read(&requests[next])?) == requests[next].expects[0])
            })
        }),
        Case::work("prepared", std::process::id(), None, |time| {
            repeat(time, || {
                other = (other + 1) % prepared.len();
                Ok(cedar.allows(&prepared[other]) == requests[other].expects[0])
            })
        }),
    ];
    let figures = take_turns(&mut cases, pace)?;
    Ok(Inside { inline: figures[0], prepared: figures[1] })
}

fn repeat(time: Duration, mut once: impl FnMut() -> anyhow::Result<bool>) -> anyhow::Result<Round> {
    let (begin, mut round) = (Instant::now(), Round::default());
    while begin.elapsed() < time {
        let start = Instant::now();
        anyhow::ensure!(black_box(once()?), "Cedar changed its mind");
        round.latencies.push(start.elapsed());
        round.decisions += 1;
    }
    Ok(round)
}

/// The table of Cedar alone.
pub(crate) fn table(inside: &Inside) -> Table {
    let row = |name: &str, figures: Figures| {
        vec![
            name.to_owned(),
            format!("{} ×", figure(figures.cpu / inside.prepared.cpu)),
            figure(figures.cpu),
            figure(figures.least),
        ]
    };
    Table {
        title: "Cedar alone, inside a process".to_owned(),
        note: "The same 512 questions with the shipped policies, without HTTP, key, log or store. CPU time in µs: \
               the median round and the best one."
            .to_owned(),
        head: ["", "× ready-made", "CPU", "best"].map(str::to_owned).to_vec(),
        rows: vec![
            row("request and entities ready-made", inside.prepared),
            row("request and entities read from JSON", inside.inline),
        ],
    }
}
