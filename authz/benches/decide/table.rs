//! Measures cases by turns.

use std::time::{Duration, Instant};

const ROUNDS: usize = 15;
/// How long one case runs in one round.
const ROUND: Duration = Duration::from_millis(20);

/// Something to measure.
pub(crate) struct Case<'c> {
    pub(crate) name: String,
    /// The case that its time is divided by, by its place.
    pub(crate) against: Vec<usize>,
    pub(crate) run: Box<dyn FnMut() + 'c>,
}

impl<'c> Case<'c> {
    pub(crate) fn new(name: impl Into<String>, against: &[usize], run: impl FnMut() + 'c) -> Self {
        Self { name: name.into(), against: against.to_vec(), run: Box::new(run) }
    }
}

/// Measures, and prints the median of every case and its ratios.
pub(crate) fn print(title: &str, ratios: &[&str], mut cases: Vec<Case<'_>>) {
    let mut rounds = vec![vec![]; cases.len()];
    for _ in 0..ROUNDS {
        for (case, times) in cases.iter_mut().zip(&mut rounds) {
            let (start, mut count) = (Instant::now(), 0_u32);
            while count == 0 || start.elapsed() < ROUND {
                (case.run)();
                count += 1;
            }
            times.push(start.elapsed().as_secs_f64() * 1e6 / f64::from(count));
        }
    }
    let medians: Vec<f64> = rounds
        .iter_mut()
        .map(|times| {
            times.sort_by(f64::total_cmp);
            times[times.len() / 2]
        })
        .collect();
    print!("\n{title}\n{:52} {:>12}", "", "µs");
    ratios.iter().for_each(|ratio| print!(" {ratio:>14}"));
    println!();
    for (case, median) in cases.iter().zip(&medians) {
        print!("{:52} {median:>12.2}", case.name);
        case.against.iter().for_each(|other| print!(" {:>13.4}x", median / medians[*other]));
        println!();
    }
}
