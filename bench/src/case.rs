//! Cases, which take turns in short rounds, and what was measured of each.

use std::time::{Duration, Instant};

use crate::cpu::Used;
use crate::load::{Load, Round};
use crate::server::Server;
use crate::store::Store;

/// How often and how long each case has its turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) rounds: usize,
    pub(crate) round: Duration,
}

type Work<'c> = Box<dyn FnMut(Duration) -> anyhow::Result<Round> + 'c>;

/// Something that is done over and over, and whose CPU time counts for it.
pub(crate) struct Case<'c> {
    pub(crate) name: String,
    process: u32,
    store: Option<&'c Store>,
    work: Work<'c>,
}

/// What was measured of a case: medians of the rounds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Figures {
    /// Decisions a second.
    pub(crate) rate: f64,
    /// How long an answer took, in microseconds: half of them at most this long, and 99 of 100.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    /// CPU time of the server for each decision, in microseconds; and in the best round.
    pub(crate) cpu: f64,
    pub(crate) least: f64,
    /// CPU time of Postgres for each decision, in microseconds.
    pub(crate) store: f64,
}

impl<'c> Case<'c> {
    /// A load on a server that asks nobody else.
    pub(crate) fn load(name: &str, server: &Server, load: Load) -> Self {
        Self::work(name, server.pid(), None, move |time| load.run(time))
    }

    /// A load on a Doorward.
    pub(crate) fn stored(name: &str, server: &Server, store: &'c Store, load: Load) -> Self {
        Self::work(name, server.pid(), Some(store), move |time| load.run(time))
    }

    /// Anything that is done for the given time, and the process that does it.
    pub(crate) fn work(
        name: &str,
        process: u32,
        store: Option<&'c Store>,
        work: impl FnMut(Duration) -> anyhow::Result<Round> + 'c,
    ) -> Self {
        Self { name: name.to_owned(), process, store, work: Box::new(work) }
    }

    fn round(&mut self, time: Duration) -> anyhow::Result<Figures> {
        let used = |store: Option<&Store>| store.map(Store::used).transpose();
        let (stored, processed) = (used(self.store)?, Used::by(&[self.process])?);
        let start = Instant::now();
        let round = (self.work)(time)?;
        let elapsed = start.elapsed();
        let cpu = Used::by(&[self.process])?.since(&processed);
        let store = match (used(self.store)?, &stored) {
            (Some(now), Some(earlier)) => now.since(earlier),
            _ => Duration::ZERO,
        };
        anyhow::ensure!(round.decisions > 0, "nothing was answered in {time:?}");
        let each = |time: Duration| time.as_secs_f64() * 1e6 / round.decisions as f64;
        let mut latencies = round.latencies;
        latencies.sort_unstable();
        let at = |share: usize| latencies[(latencies.len() - 1) * share / 100].as_secs_f64() * 1e6;
        Ok(Figures {
            rate: round.decisions as f64 / elapsed.as_secs_f64(),
            p50: at(50),
            p99: at(99),
            cpu: each(cpu),
            least: each(cpu),
            store: each(store),
        })
    }
}

/// Measures cases in turns, after a short turn of each that does not count. Figures in the order of the cases.
///
/// # Errors
/// The first case that fails, by name.
pub(crate) fn take_turns(cases: &mut [Case<'_>], pace: Pace) -> anyhow::Result<Vec<Figures>> {
    let mut measured: Vec<Vec<Figures>> = vec![vec![]; cases.len()];
    for round in 0..=pace.rounds {
        eprintln!("round {round} of {} for {} cases", pace.rounds, cases.len());
        for (case, measured) in cases.iter_mut().zip(&mut measured) {
            let time = if round == 0 { pace.round / 2 } else { pace.round };
            let figures = case.round(time).map_err(|error| error.context(case.name.clone()))?;
            if round > 0 {
                measured.push(figures);
            }
        }
    }
    Ok(measured.iter().map(|rounds| summary(rounds)).collect())
}

fn summary(rounds: &[Figures]) -> Figures {
    let of = |figure: fn(&Figures) -> f64| median(rounds.iter().map(figure).collect());
    Figures {
        rate: of(|figures| figures.rate),
        p50: of(|figures| figures.p50),
        p99: of(|figures| figures.p99),
        cpu: of(|figures| figures.cpu),
        least: rounds.iter().map(|figures| figures.cpu).fold(f64::INFINITY, f64::min),
        store: of(|figures| figures.store),
    }
}

/// The middle one; 0 of none.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
