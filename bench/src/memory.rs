//! `bench memory`: whether memory stays as it is when there is much data.

mod file;
mod house;
mod objects;

use std::path::Path;

use self::house::House;
use crate::cpu;
use crate::report::{self, Bound, Goal, Table, figure, goals};

const MEBIBYTE: f64 = 1024.0 * 1024.0;

/// How much more memory much data may take beside next to none.
const MOST: f64 = 1.5;

/// How much there is.
#[derive(Clone, Copy)]
pub(crate) struct Much {
    /// Objects of an account that is erased.
    pub(crate) objects: u64,
    /// The size of the file.
    pub(crate) mebibytes: u64,
}

/// The most memory that each of the two processes had, in bytes.
#[derive(Clone, Copy, Debug)]
struct Peak {
    api: f64,
    worker: f64,
}

/// Measures, and writes its place on the page.
///
/// # Errors
/// Something does not start, or does not do what it should.
pub(crate) fn run(page: &Path, much: Much) -> anyhow::Result<()> {
    let few = Much { objects: 1_000, mebibytes: 1 };
    let mut rows = vec![];
    let mut met = vec![];
    for (what, measure) in CASES {
        let [little, large] = [few, much].map(|much| {
            let (of, peak) = measure(much)?;
            eprintln!("{what}, {of}: {peak:?}");
            anyhow::Ok((of, peak))
        });
        let (little, large) = (little?, large?);
        for (process, of) in
            [("API", (|peak: &Peak| peak.api) as fn(&Peak) -> f64), ("worker", |peak| peak.worker)]
        {
            let ratio = of(&large.1) / of(&little.1);
            rows.push(vec![
                format!("{what}, {process}"),
                little.0.clone(),
                figure(of(&little.1) / MEBIBYTE),
                large.0.clone(),
                figure(of(&large.1) / MEBIBYTE),
                format!("{} ×", figure(ratio)),
            ]);
            met.push(Goal::ratio(
                &format!("{what}, {process}: {} beside {}", large.0, little.0),
                Bound::AtMost(MOST),
                ratio,
            ));
        }
    }
    let peaks = Table {
        title: "The most memory at any moment".to_owned(),
        note: "In MiB.".to_owned(),
        head: ["", "little", "MiB", "much", "MiB", "×"].map(str::to_owned).to_vec(),
        rows,
    };
    let opening = format!("Measured on {}, {}.", cpu::machine(), build());
    report::write(page, "memory", &report::section(&opening, &[goals(&met), peaks]))
}

type Case = (&'static str, fn(Much) -> anyhow::Result<(String, Peak)>);

const CASES: [Case; 2] =
    [("erasing objects", objects::erase), ("a file there and back", file::there_and_back)];

/// How Doorward was built: without optimization it takes no less memory.
fn build() -> &'static str {
    if cfg!(debug_assertions) { "built without optimization" } else { "built for release" }
}

impl Peak {
    /// Until now.
    fn of(house: &House) -> anyhow::Result<Self> {
        Ok(Self { api: cpu::peak(house.api.pid())? as f64, worker: cpu::peak(house.worker.pid())? as f64 })
    }
}
