//! How long it takes until a new process can answer.

use std::path::Path;

use crate::case::median;
use crate::folder;
use crate::report::{Table, figure};
use crate::server::Server;
use crate::store::Store;

const STARTS: usize = 5;

/// Seconds from the start of the process until it is ready, and the policies that it has loaded.
pub(crate) struct Start {
    name: String,
    pub(crate) seconds: f64,
    best: f64,
}

/// Starts Doorward with the shipped policies and with many more.
///
/// # Errors
/// It ended.
pub(crate) fn measure(store: &Store) -> anyhow::Result<[Start; 2]> {
    let large = folder::large()?;
    Ok([
        starts("shipped policies", store, &folder::shipped())?,
        starts("10 000 policies more", store, large.path())?,
    ])
}

fn starts(name: &str, store: &Store, policies: &Path) -> anyhow::Result<Start> {
    let once = |_| Ok(Server::doorward(store, policies)?.ready_after.as_secs_f64());
    let all: Vec<f64> = (0..STARTS).map(once).collect::<anyhow::Result<_>>()?;
    let best = all.iter().copied().fold(f64::INFINITY, f64::min);
    Ok(Start { name: name.to_owned(), seconds: median(all), best })
}

/// The table of starts.
pub(crate) fn table(starts: &[Start]) -> Table {
    let row = |start: &Start| vec![start.name.clone(), figure(start.seconds), figure(start.best)];
    Table {
        title: "Start".to_owned(),
        note: format!(
            "Seconds from the start of the process to the first 200 of `/readyz`, on a store that is up to date: \
             the median and the best of {STARTS}."
        ),
        head: ["", "median", "best"].map(str::to_owned).to_vec(),
        rows: starts.iter().map(row).collect(),
    }
}
