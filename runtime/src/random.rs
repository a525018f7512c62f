//! Randomness, for ids and tokens.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use rand::{RngCore, SeedableRng, rngs::StdRng};

/// Where random bytes come from. Everything that needs some is given one of these, so that a test can know them.
#[derive(Clone)]
pub struct Random(Source);

#[derive(Clone)]
enum Source {
    System,
    Seeded(Arc<Mutex<StdRng>>),
}

impl Random {
    /// Randomness that is good enough for secrets: a generator in each thread, seeded by the operating system again and
    /// again. Asking the system itself for every id would cost more than the rest of the id.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// The same bytes in every run. For tests; clones draw from one sequence.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded(Arc::new(Mutex::new(StdRng::seed_from_u64(seed)))))
    }

    /// The next `N` bytes.
    ///
    /// # Panics
    ///
    /// When the operating system has no randomness to give. Nothing secret can be made then, so nothing should go on.
    #[must_use]
    #[allow(clippy::disallowed_methods, reason = "this is the randomness that everything else has to use")]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match &self.0 {
            Source::System => rand::rng().fill_bytes(&mut bytes),
            Source::Seeded(rng) => rng.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes),
        }
        bytes
    }
}

impl Random {
    /// A number from 0 up to, but not including, 1: for what is left to chance.
    #[must_use]
    pub fn fraction(&self) -> f64 {
        f64::from(u32::from_be_bytes(self.bytes())) / (f64::from(u32::MAX) + 1.0)
    }
}

/// Shows the kind only: the state of the generator tells what it will give next.
impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::System => "Random(system)",
            Source::Seeded(_) => "Random(seeded)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_sequence() {
        let (one, two) = (Random::seeded(7), Random::seeded(7));
        let first: [u8; 32] = one.bytes();
        assert_eq!(first, two.bytes::<32>());
        assert_ne!(first, one.clone().bytes::<32>(), "a clone goes on where the other is");
    }

    #[test]
    fn fractions_lie_between_zero_and_one_and_all_over() {
        let random = Random::seeded(7);
        let fractions: Vec<f64> = (0..1000).map(|_| random.fraction()).collect();
        assert!(fractions.iter().all(|fraction| (0.0..1.0).contains(fraction)));
        assert!(
            fractions.iter().any(|fraction| *fraction < 0.1)
                && fractions.iter().any(|fraction| *fraction > 0.9)
        );
    }

    #[test]
    fn the_system_gives_different_bytes_each_time() {
        let random = Random::system();
        assert_ne!(random.bytes::<32>(), random.bytes::<32>());
    }
}
