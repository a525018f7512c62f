//! Which allows are logged.

use runtime::{Pattern, SampleRule};

use crate::id::DecisionId;

/// The random bits at the end of a UUIDv7; the two before them are fixed.
const RANDOM: u64 = u64::MAX >> 2;

/// Rules, the first of which counts for an action. An action without one is logged always.
#[derive(Debug)]
pub(super) struct Sampling(Vec<(Pattern, u64)>);

impl Sampling {
    pub(super) fn new(rules: &[SampleRule]) -> Self {
        Self(rules.iter().map(|rule| (rule.action.clone(), bound(rule.rate))).collect())
    }

    /// The id is the dice: it is random, it is there already, and every replica would choose the same.
    pub(super) fn chooses(&self, id: DecisionId, action: &str) -> bool {
        match self.0.iter().find(|(pattern, _)| pattern.matches(action)) {
            Some((_, bound)) => id.0.as_u64_pair().1 & RANDOM < *bound,
            None => true,
        }
    }
}

/// The random bits below which an id is chosen.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss)] // a rate is 0 to 1
fn bound(rate: f64) -> u64 {
    if rate >= 1.0 { RANDOM + 1 } else { (rate * RANDOM as f64) as u64 }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use runtime::Random;

    use super::*;
    use crate::id;

    fn chosen(rules: &str, action: &str) -> usize {
        let rules: Vec<SampleRule> = rules.split(',').map(|rule| rule.parse().unwrap()).collect();
        let (sampling, random) = (Sampling::new(&rules), Random::seeded(7));
        let id = || DecisionId(id::new(DateTime::UNIX_EPOCH, &random));
        (0..10_000).filter(|_| sampling.chooses(id(), action)).count()
    }

    #[test]
    fn the_first_rule_for_an_action_says_which_part_of_its_allows_is_logged() {
        // proves PDP-7
        assert_eq!(chosen("*=1", "Docs::read"), 10_000);
        assert_eq!(chosen("*=0", "Docs::read"), 0);
        assert_eq!(chosen("Docs::*=0,*=1", "resource.read"), 10_000);
        assert_eq!(chosen("*=1,Docs::read=0", "Docs::read"), 10_000);
        assert_eq!(chosen("Docs::write=0", "Docs::read"), 10_000, "no rule leaves nothing out");
        let tenth = chosen("Docs::read=0.1", "Docs::read");
        assert!((900..1_100).contains(&tenth), "{tenth}");
    }
}
