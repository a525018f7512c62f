//! The product's main job: may this principal do this to that?

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use authz::{Decision, EntityUid, Explanation, Outcome, Posed, Question, Ready, Reason, Snapshot, core_uid};
use chrono::{DateTime, Utc};
use metrics::{Counter, Histogram};
use serde_json::{Map, Value};

use crate::action::{KeyOwner, Target as _};
use crate::cache::Moment;
use crate::caller::Caller;
use crate::consistency::Consistency;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::id::{self, DecisionId, ResourceId};
use crate::permits::Permits;
use crate::revision::Revision;
use crate::view::View;

mod confinement;
mod logging;

const ASK: &str = "decision.ask";

/// How often a question is asked again when facts or policies grew old over it.
const TRIES: usize = 4;

/// How long a question may be on its way. Who was stopped meanwhile would decide by a time that is long over.
const PATIENCE: Duration = Duration::from_secs(10);

/// After so many decisions of a batch, other requests get their turn.
const YIELD: usize = 32;

/// A question as a caller puts it.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Who; the caller itself if none.
    pub principal: Option<ResourceId>,
    /// Does what.
    pub action: String,
    /// To what.
    pub resource: ResourceId,
    /// Under which circumstances.
    pub context: Map<String, Value>,
}

/// The answer to one question.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The decision, with policies and reason.
    pub decision: Decision,
    /// Its id.
    pub id: DecisionId,
}

/// Answers, all made from one state of the store with one set of policies.
#[derive(Debug, Clone)]
pub struct Answers<T = Vec<Answer>> {
    /// In the order of the questions.
    pub answers: T,
    /// The state of the store.
    pub revision: Revision,
    /// The policies: [`Snapshot::hash`].
    pub policy_hash: String,
}

impl Db {
    /// Answers questions.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] or [`Error::Forbidden`] if the caller may not ask at all; [`Error::Store`]. What is
    /// wrong with one question is a deny with its reason.
    pub async fn ask(&self, caller: &Caller, asks: &[Ask]) -> Result<Answers> {
        let asks: Vec<_> = asks.iter().cloned().map(Ok).collect();
        self.ask_items(caller, &asks, Consistency::Cached).await
    }

    /// Answers the items of a batch. One that is no question, with what is wrong with it, is denied in its place.
    ///
    /// # Errors
    /// As [`Db::ask`].
    pub async fn ask_items(
        &self,
        caller: &Caller,
        asks: &[Result<Ask, String>],
        consistency: Consistency,
    ) -> Result<Answers> {
        let started = Instant::now();
        for _ in 0..TRIES {
            let session = Session::open(self, caller, asks, consistency).await?;
            let mut answers = Vec::with_capacity(asks.len());
            for (index, question) in session.questions.iter().enumerate() {
                if index % YIELD == YIELD - 1 {
                    tokio::task::yield_now().await;
                }
                let decision = session.decide(question);
                answers.push(Answer { decision, id: DecisionId(id::new(session.now, self.random())) });
            }
            if session.is_young(self) && self.holds(&session.view).await? {
                for answer in &answers {
                    count(answer);
                }
                SECONDS.record(started.elapsed());
                session.log(self, asks, &answers, started);
                return Ok(session.wrap(answers));
            }
        }
        Err(Error::Unreachable)
    }

    /// Answers one question and says what every policy had to say.
    ///
    /// # Errors
    /// As [`Db::ask`].
    pub async fn explain(
        &self,
        caller: &Caller,
        ask: &Ask,
        consistency: Consistency,
    ) -> Result<Answers<(Answer, Explanation)>> {
        let started = Instant::now();
        let asks = [Ok(ask.clone())];
        for _ in 0..TRIES {
            let session = Session::open(self, caller, &asks, consistency).await?;
            let Some(question) = session.questions.first() else { break };
            let mut explanation = session.explain(question);
            let decision =
                std::mem::replace(&mut explanation.decision, Decision::deny(Reason::NoPolicyAllows));
            let answer = Answer { decision, id: DecisionId(id::new(session.now, self.random())) };
            if session.is_young(self) && self.holds(&session.view).await? {
                count(&answer);
                session.log(self, &asks, std::slice::from_ref(&answer), started);
                return Ok(session.wrap((answer, explanation)));
            }
        }
        Err(Error::Unreachable)
    }
}

/// Counters by the code of the reason, looked up once: by its labels, each would be searched for with every decision.
static COUNTERS: LazyLock<Vec<(&'static str, Counter)>> = LazyLock::new(|| {
    let counter = |reason: &'static str| {
        let outcome = if reason.is_empty() { "allow" } else { "deny" };
        metrics::counter!("doorward_decisions_total", "decision" => outcome, "reason" => reason)
    };
    Reason::CODES.iter().chain(&[""]).map(|reason| (*reason, counter(reason))).collect()
});
static SECONDS: LazyLock<Histogram> = LazyLock::new(|| metrics::histogram!("doorward_decision_seconds"));

fn count(answer: &Answer) {
    let reason = answer.decision.reason.as_ref().map_or("", Reason::code);
    if let Some((_, counter)) = COUNTERS.iter().find(|(code, _)| *code == reason) {
        counter.increment(1);
    }
}

/// A question, as far as the policies' schema understands it.
struct Understood {
    principal: Option<EntityUid>,
    resource: Option<EntityUid>,
    posed: Result<Posed, Reason>,
}

/// One caller's questions with the facts for all of them.
struct Session<'c> {
    caller: &'c Caller,
    /// The caller as a principal.
    principal: EntityUid,
    permits: &'c Permits,
    /// The organization that the caller is confined to.
    confined: Option<String>,
    snapshot: Arc<Snapshot>,
    view: View,
    now: DateTime<Utc>,
    asked: Moment,
    questions: Vec<Understood>,
}

impl<'c> Session<'c> {
    async fn open(
        db: &'c Db,
        caller: &'c Caller,
        asks: &[Result<Ask, String>],
        consistency: Consistency,
    ) -> Result<Self> {
        if *caller == Caller::Anonymous {
            return Err(Error::Unauthenticated);
        }
        for _ in 0..TRIES {
            let (snapshot, now, asked) = (db.snapshot(), db.now(), Moment::now(db.clock()));
            let questions: Vec<_> = asks
                .iter()
                .map(|ask| match ask {
                    Ok(ask) => understand(&snapshot, caller, ask, now),
                    Err(message) => Understood {
                        principal: None,
                        resource: None,
                        posed: Err(Reason::Malformed(message.clone())),
                    },
                })
                .collect();
            let principal = caller.uid();
            let mut named = vec![principal.clone()];
            named.extend(
                questions.iter().flat_map(|question| &question.posed).flat_map(Posed::references).cloned(),
            );
            let Some(view) = db.view(&snapshot, named, consistency).await? else { continue };
            let confined = view.facts.org_of(&principal).map(str::to_owned);
            let session = Self {
                caller,
                principal,
                permits: db.permits(),
                confined,
                snapshot,
                view,
                now,
                asked,
                questions,
            };
            let home = match &session.confined {
                Some(org) => core_uid("Organization", org),
                None => KeyOwner::Platform.uid(),
            };
            let may_ask = session.may_ask(&home);
            if !may_ask.is_allow() {
                if !db.holds(&session.view).await? {
                    continue;
                }
                return Err(Error::Forbidden { action: ASK, policies: may_ask.policies });
            }
            return Ok(session);
        }
        Err(Error::Unreachable)
    }

    /// Whether the time that policies compared with is still about now.
    fn is_young(&self, db: &Db) -> bool {
        self.asked.age(db.clock()) <= PATIENCE
    }

    fn wrap<T>(self, answers: T) -> Answers<T> {
        Answers { answers, revision: self.view.revision, policy_hash: self.snapshot.hash().to_owned() }
    }

    /// May the caller ask about what belongs to `home`, an organization or the platform?
    fn may_ask(&self, home: &EntityUid) -> Decision {
        let (key, facts) = ((self.principal.clone(), home.clone()), &self.view.facts);
        if self.permits.knows(&key, &self.snapshot, facts, self.now) {
            return Decision { outcome: Outcome::Allow, policies: vec![], reason: None, is_permitted: true };
        }
        let decision = self.ask_policies(home);
        if decision.is_allow() {
            self.permits.remember(key, &self.snapshot, facts, self.now);
        }
        decision
    }

    fn ask_policies(&self, home: &EntityUid) -> Decision {
        let Some(action) = self.snapshot.action(ASK) else {
            return Decision::deny(Reason::UnknownAction(ASK.into()));
        };
        let question = Question {
            principal: self.principal.clone(),
            action,
            resource: home.clone(),
            context: Map::new(),
            now: self.now,
        };
        match self.snapshot.pose(&question) {
            Ok(posed) => match self.slice(&posed) {
                Ok(slice) => self.snapshot.decide(&posed, &slice),
                Err(reason) => Decision::deny(reason),
            },
            Err(reason) => Decision::deny(reason),
        }
    }

    fn slice(&self, posed: &Posed) -> Result<Vec<Ready>, Reason> {
        self.view.facts.slice(&self.snapshot, posed.references(), self.now).map_err(Reason::IncompleteFacts)
    }

    /// The question with its facts, if the caller may ask it; a foreign resource is one that does not exist.
    fn admit<'q>(&self, question: &'q Understood) -> Result<(&'q Posed, Vec<Ready>), Reason> {
        let posed = question.posed.as_ref().map_err(Clone::clone)?;
        if let Some(resource) = &question.resource {
            let home = match self.view.facts.org_of(resource) {
                Some(org) => core_uid("Organization", org),
                None => KeyOwner::Platform.uid(),
            };
            if !self.may_ask(&home).is_allow() {
                return Err(Reason::UnknownResource(resource.to_string()));
            }
        }
        Ok((posed, self.slice(posed)?))
    }

    fn decide(&self, question: &Understood) -> Decision {
        let decision = match self.admit(question) {
            Ok((posed, slice)) => self.snapshot.decide(posed, &slice),
            Err(reason) => Decision::deny(reason),
        };
        self.withhold(question, decision)
    }

    fn explain(&self, question: &Understood) -> Explanation {
        let nothing =
            |decision| Explanation { decision, opinions: vec![], not_applicable: 0, entities: vec![] };
        let (posed, slice) = match self.admit(question) {
            Ok(admitted) => admitted,
            Err(reason) => return nothing(self.withhold(question, Decision::deny(reason))),
        };
        let mut explanation = self.snapshot.explain(posed, &slice);
        if self.stranger(question).is_some() {
            return nothing(self.withhold(question, explanation.decision));
        }
        if let Some(org) = &self.confined {
            explanation.entities.retain_mut(|entity| self.confine(org, entity));
        }
        explanation
    }
}

fn understand(snapshot: &Snapshot, caller: &Caller, ask: &Ask, now: DateTime<Utc>) -> Understood {
    let principal = match &ask.principal {
        Some(principal) => snapshot.uid(&principal.kind, &principal.id),
        None => Some(caller.uid()),
    };
    let resource = snapshot.uid(&ask.resource.kind, &ask.resource.id);
    let posed = match (&principal, &resource, snapshot.action(&ask.action)) {
        (Some(principal), Some(resource), Some(action)) => snapshot.pose(&Question {
            principal: principal.clone(),
            action,
            resource: resource.clone(),
            context: ask.context.clone(),
            now,
        }),
        (None, _, _) => Err(Reason::UnknownPrincipal(named(ask.principal.as_ref()))),
        (_, None, _) => Err(Reason::UnknownResource(named(Some(&ask.resource)))),
        (_, _, None) => Err(Reason::UnknownAction(format!("{:?}", ask.action))),
    };
    Understood { principal, resource, posed }
}

fn named(id: Option<&ResourceId>) -> String {
    id.map_or_else(String::new, |id| format!("{}::{:?}", id.kind, id.id))
}
