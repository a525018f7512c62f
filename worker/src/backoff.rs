//! How long a job waits after a failure.

use std::time::Duration;

use runtime::Random;

/// The longest wait.
const LONGEST: Duration = Duration::from_secs(3600);

/// Twice as long after each failure, with a quarter of it left to chance, so that what failed together does not come
/// back together. `attempt` counts from 1.
pub(crate) fn backoff(first: Duration, attempt: i32, random: &Random) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(0).min(30);
    let wait = first.saturating_mul(1 << doublings).min(LONGEST);
    wait.mul_f64(0.75 + 0.5 * random.fraction())
}

#[cfg(test)]
mod tests {
    use super::*;

    // proves JOB-2
    #[test]
    fn the_wait_doubles_up_to_an_hour_and_differs_by_a_quarter_at_most() {
        let random = Random::seeded(1);
        let first = Duration::from_secs(2);
        let mut seen = std::collections::HashSet::new();
        for (attempt, exact) in [(1, 2.0), (2, 4.0), (5, 32.0), (12, 3600.0), (i32::MAX, 3600.0)] {
            for _ in 0..50 {
                let wait = backoff(first, attempt, &random).as_secs_f64();
                assert!((exact * 0.75..=exact * 1.25).contains(&wait), "attempt {attempt}: {wait} s");
                seen.insert(wait.to_bits());
            }
        }
        assert!(seen.len() > 100, "left to chance");
    }
}
