//! The facts for one caller's questions: all from one state of the store, and as new as the caller wants them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use authz::{EntityUid, LEVEL, Snapshot};

use crate::cache::{Loaded, Moment, State};
use crate::consistency::Consistency;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::facts::Facts;
use crate::lookup::{self, Wanted};
use crate::revision::Revision;

/// How often the cache is tried. Each try may lack entities that the one before has named, or meet a change.
const TRIES: usize = LEVEL + 5;
/// How long an answer waits for a revision that the store has not come to.
const WAIT: Duration = Duration::from_secs(2);
/// The pause between two looks for it.
const PAUSE: Duration = Duration::from_millis(100);

/// Facts of one moment.
pub(crate) struct View {
    pub(crate) facts: Facts,
    pub(crate) revision: Revision,
    as_of: Moment,
    named: Vec<EntityUid>,
}

impl Db {
    /// Everything that policies can reach from the named entities. None if the policies were changed meanwhile.
    ///
    /// # Errors
    /// [`Error::Unreachable`], [`Error::NotReached`], [`Error::Store`].
    pub(crate) async fn view(
        &self,
        snapshot: &Arc<Snapshot>,
        named: Vec<EntityUid>,
        consistency: Consistency,
    ) -> Result<Option<View>> {
        let mut loaded = match consistency {
            Consistency::Cached => None,
            Consistency::Fresh => Some(self.feed().look(named.clone()).await?),
            Consistency::AtLeast(revision) => self.reach(revision).await?,
        };
        let writes = self.cache().writes();
        for _ in 0..TRIES {
            let Some(state) = self.usable(writes).await? else { continue };
            if !Arc::ptr_eq(&state.snapshot, snapshot) {
                if !Arc::ptr_eq(&self.snapshot(), snapshot) {
                    return Ok(None);
                }
                loaded = Some(self.feed().look(vec![]).await?);
                continue;
            }
            match self.cache().walk(named.iter(), loaded.as_deref(), &state) {
                Some(Ok(facts)) => {
                    let (revision, as_of) = (state.position.revision(), state.as_of());
                    return Ok(Some(View { facts, revision, as_of, named }));
                }
                Some(Err(missing)) => loaded = Some(self.feed().look(missing).await?),
                None => {}
            }
        }
        // Whatever changes so fast is read past the cache.
        let wanted = Wanted::of(snapshot, &named);
        let as_of = Moment::now(self.clock());
        // Several statements, and one state.
        let mut transaction =
            self.pool().begin_with("begin isolation level repeatable read read only").await?;
        let (facts, revision) = lookup::facts(&mut transaction, snapshot, wanted, self.now()).await?;
        Ok(Some(View { facts, revision, as_of, named }))
    }

    /// Whether a view may still be answered from: much can happen between a question and its answer, up to a process
    /// that was stopped and woke an hour later. An old view still holds if nothing in it has changed.
    ///
    /// # Errors
    /// [`Error::Unreachable`]
    pub(crate) async fn holds(&self, view: &View) -> Result<bool> {
        if self.cache().is_fresh(view.as_of) {
            return Ok(true);
        }
        let Some(state) = self.usable(self.cache().writes()).await? else { return Ok(false) };
        let now = self.cache().walk(view.named.iter(), None, &state);
        Ok(now.is_some_and(|now| now.is_ok_and(|now| now.is_same(&view.facts))))
    }

    /// Where the cache stands, after a look at the store unless what was read last can still be used: it has seen these
    /// local writes, and is young enough.
    ///
    /// # Errors
    /// [`Error::Unreachable`]
    pub(crate) async fn usable(&self, writes: u64) -> Result<Option<Arc<State>>> {
        if let Some(state) = self.cache().usable(writes) {
            return Ok(Some(state));
        }
        self.feed().look(vec![]).await?;
        Ok(self.cache().usable(writes))
    }

    /// The age of the facts that decisions are made from, and shows it and how full the cache is in the metrics.
    /// None before the first decision.
    #[must_use]
    pub fn facts_age(&self) -> Option<Duration> {
        self.cache().report();
        self.cache().age()
    }

    /// Sees to it that the cache has come to a revision.
    async fn reach(&self, revision: Revision) -> Result<Option<Arc<Loaded>>> {
        let is_reached = |position: &crate::revision::Position| position.revision() >= revision;
        if self.cache().position().as_ref().is_some_and(is_reached) {
            return Ok(None);
        }
        let begun = Instant::now();
        loop {
            // Who holds a revision has it from something that was committed before this look begins.
            let loaded = self.feed().look(vec![]).await?;
            if self.cache().position().is_some_and(|position| position.may_know(revision)) {
                return Ok(Some(loaded));
            }
            if begun.elapsed() >= WAIT {
                return Err(Error::NotReached(revision));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
