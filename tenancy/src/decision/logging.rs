//! What the decision log is told of an answer.

use std::sync::Arc;
use std::time::Instant;

use super::confinement::is_about_resource;
use super::{Answer, Ask, Session};
use crate::db::Db;
use crate::decision_log::{Entry, Occasion};

impl Session<'_> {
    /// Hands the answers to the decision log.
    pub(super) fn log(&self, db: &Db, asks: &[Result<Ask, String>], answers: &[Answer], started: Instant) {
        let wanted = |(ask, answer): (&Result<Ask, String>, &Answer)| {
            let action = ask.as_ref().map_or("", |ask| &ask.action);
            db.log().wants(answer.id, answer.decision.outcome, action)
        };
        let mut occasion = None;
        for (index, (ask, answer)) in asks.iter().zip(answers).enumerate() {
            if !wanted((ask, answer)) {
                continue;
            }
            let question = &self.questions[index];
            let occasion = occasion.get_or_insert_with(|| {
                Arc::new(Occasion {
                    caller: self.caller.clone(),
                    request: db.request(),
                    revision: self.view.revision,
                    policy_hash: self.snapshot.hash().to_owned(),
                    micros: u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
                })
            });
            // What an organization's key asks is that organization's to read, and nobody else's: a foreign resource
            // was answered as one that does not exist.
            let org = self.confined.clone().or_else(|| {
                question
                    .resource
                    .as_ref()
                    .and_then(|resource| self.view.facts.org_of(resource))
                    .map(str::to_owned)
            });
            let is_withheld = self.confined.is_none()
                && !is_about_resource(&answer.decision)
                && org.as_deref().is_some_and(|org| self.stranger_to(org, question).is_some());
            db.log().record(Entry {
                id: answer.id,
                occasion: Arc::clone(occasion),
                ask: ask.as_ref().ok().cloned(),
                org,
                is_withheld,
                outcome: answer.decision.outcome,
                reason: answer.decision.reason.clone(),
                policies: answer.decision.policies.clone(),
                index: (answers.len() > 1).then_some(index),
            });
        }
    }
}
