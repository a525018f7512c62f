//! The facts that were asked about before, as they were at one position of the change feed.
//!
//! Only the feed writes here (`feed.rs`); readers take what is there and then see whether the feed took something away
//! meanwhile. So what one reader gets is always one state of the store, never a mixture of two.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use authz::{EntityUid, LEVEL, Snapshot};
use quick_cache::Weighter;
use runtime::Clock;

use crate::change::{Changed, MOST_CHANGES};
use crate::facts::Facts;
use crate::id::ResourceId;
use crate::lookup::{self, Read};
use crate::node::Node;
use crate::revision::Position;

mod moment;
#[cfg(test)]
mod tests;
mod tokens;

pub(crate) use moment::Moment;
use tokens::Tokens;

/// What an unknown id takes, in bytes.
const ABSENT: u64 = 200;
/// The part of the memory that unknown ids may take: one in so many. They have a place of their own, so that a flood of
/// them drives nothing else out.
const ABSENT_SHARE: u64 = 16;

/// What the cache may take and how old it may be.
#[derive(Debug, Clone, Copy)]
pub struct CacheLimits {
    /// Memory, in bytes.
    pub bytes: u64,
    /// The oldest facts that an answer is given from.
    pub staleness: Duration,
}

impl Default for CacheLimits {
    fn default() -> Self {
        Self { bytes: 512 << 20, staleness: Duration::from_secs(2) }
    }
}

/// Where the cache stands.
#[derive(Debug)]
pub(crate) struct State {
    /// The policies that the cached entities were checked against.
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) position: Position,
    /// Which server it was read from; another one may give the same numbers to other transactions.
    server: Arc<str>,
    /// Which of the [`Cache`]'s epochs this is: nothing was taken away since it began.
    epoch: u64,
    /// Something is being taken away right now.
    is_changing: bool,
    /// How many local writes had been committed before the store was read.
    writes: u64,
    as_of: Moment,
}

#[derive(Clone)]
struct Bytes;

impl Weighter<EntityUid, Arc<Node>> for Bytes {
    fn weight(&self, _: &EntityUid, node: &Arc<Node>) -> u64 {
        node.bytes() as u64
    }
}

impl Weighter<EntityUid, ()> for Bytes {
    fn weight(&self, uid: &EntityUid, (): &()) -> u64 {
        ABSENT + 2 * uid.id().unescaped().len() as u64
    }
}

/// What is cached.
pub(crate) struct Cache {
    pub(crate) limits: CacheLimits,
    clock: Clock,
    state: ArcSwapOption<State>,
    nodes: quick_cache::sync::Cache<EntityUid, Arc<Node>, Bytes>,
    absent: quick_cache::sync::Cache<EntityUid, (), Bytes>,
    pub(crate) tokens: Tokens,
    /// Local transactions that were committed, or may have been.
    writes: AtomicU64,
    /// How often something was taken away, or everything begun anew.
    epochs: AtomicU64,
}

/// An entity on the way of a walk.
struct Step {
    uid: EntityUid,
    /// How many attributes of applications led here.
    depth: usize,
    /// How many levels of parents led here.
    height: i32,
}

/// What was found of an entity.
enum Found {
    Node(Arc<Node>),
    /// The store has no such entity.
    Absent,
    /// Nobody has looked yet.
    Unknown,
}

impl Cache {
    pub(crate) fn new(limits: CacheLimits, clock: Clock) -> Self {
        let absent = limits.bytes / ABSENT_SHARE;
        let bytes = limits.bytes - absent;
        let expected = usize::try_from(bytes / 4_500).unwrap_or(usize::MAX).clamp(16, 1 << 20);
        Self {
            limits,
            clock,
            state: ArcSwapOption::empty(),
            nodes: quick_cache::sync::Cache::with_weighter(expected, bytes, Bytes),
            absent: quick_cache::sync::Cache::with_weighter(16, absent, Bytes),
            tokens: Tokens::default(),
            writes: AtomicU64::new(0),
            epochs: AtomicU64::new(0),
        }
    }

    /// A local transaction was committed: what was read before is too old for the next question.
    pub(crate) fn wrote(&self) {
        self.writes.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn writes(&self) -> u64 {
        self.writes.load(Ordering::SeqCst)
    }

    /// Where the cache stands, if what is in it can be used for a question that came when there had been `writes`.
    pub(crate) fn usable(&self, writes: u64) -> Option<Arc<State>> {
        self.state
            .load_full()
            .filter(|state| !state.is_changing && state.writes >= writes && self.is_fresh(state.as_of))
    }

    /// Forgets everything, and where it stood.
    pub(crate) fn reset(&self) {
        self.state.store(None);
        self.nodes.clear();
        self.absent.clear();
        self.tokens.forget();
    }

    /// Whether facts of that moment may still be answered from.
    pub(crate) fn is_fresh(&self, moment: Moment) -> bool {
        moment.age(&self.clock) <= self.limits.staleness
    }

    /// The age of what was read last; none if nothing was.
    pub(crate) fn age(&self) -> Option<Duration> {
        Some(self.state.load().as_ref()?.as_of.age(&self.clock))
    }

    /// The position up to which changes are known.
    pub(crate) fn position(&self) -> Option<Position> {
        Some(self.state.load().as_ref()?.position.clone())
    }

    /// Everything that can be reached from entities, or what is missing for it. `loaded` is what was just read for the
    /// same question. None if the feed took something away meanwhile.
    pub(crate) fn walk<'u>(
        &self,
        named: impl Iterator<Item = &'u EntityUid>,
        loaded: Option<&Loaded>,
        state: &State,
    ) -> Option<Result<Facts, Vec<EntityUid>>> {
        let loaded = loaded.filter(|loaded| loaded.epoch == state.epoch);
        let (mut facts, mut missing) = (Facts::default(), vec![]);
        // The nearest first: what is reached by a short way and a long one is climbed from at its lower height.
        let mut open: VecDeque<Step> =
            named.map(|uid| Step { uid: uid.clone(), depth: 0, height: 0 }).collect();
        while let Some(Step { uid, depth, height }) = open.pop_front() {
            if facts.get(&uid).is_some() {
                continue;
            }
            let node = match self.find(&uid, loaded) {
                Found::Node(node) => node,
                Found::Absent => continue,
                Found::Unknown => {
                    if lookup::is_storable(&state.snapshot, &uid) {
                        missing.push(uid);
                    }
                    continue;
                }
            };
            if height <= ResourceId::MAX_HEIGHT {
                let up = |uid: &EntityUid| Step { uid: uid.clone(), depth, height: height + 1 };
                open.extend(node.links.iter().map(up));
            }
            if depth + 1 < LEVEL {
                let along = |uid: &EntityUid| Step { uid: uid.clone(), depth: depth + 1, height: 0 };
                open.extend(node.named.iter().map(along));
            }
            facts.include(node);
        }
        let now = self.state.load();
        let is_whole = now.as_ref().is_some_and(|now| !now.is_changing && now.epoch == state.epoch);
        is_whole.then_some(if missing.is_empty() { Ok(facts) } else { Err(missing) })
    }

    fn find(&self, uid: &EntityUid, loaded: Option<&Loaded>) -> Found {
        if let Some(node) = loaded.and_then(|loaded| loaded.facts.get(uid)) {
            return Found::Node(Arc::clone(node));
        }
        if let Some(node) = self.nodes.get(uid) {
            return Found::Node(node);
        }
        let is_absent = loaded.is_some_and(|loaded| loaded.looked_for(uid)) || self.absent.get(uid).is_some();
        if is_absent { Found::Absent } else { Found::Unknown }
    }

    /// Takes in what was read from the store. Only the feed calls it, one read after the other.
    pub(crate) fn take_in(
        &self,
        read: Read,
        wanted: HashSet<EntityUid>,
        snapshot: Arc<Snapshot>,
        writes: u64,
        as_of: Moment,
    ) -> Loaded {
        let before = self.state.load_full();
        let next = || self.epochs.fetch_add(1, Ordering::SeqCst);
        let mut epoch = before.as_ref().map_or_else(next, |before| before.epoch);
        if let Some(before) = &before {
            let is_older = !Arc::ptr_eq(&before.snapshot, &snapshot)
                || !before.position.is_past(read.trimmed)
                || before.position.is_after(&read.position)
                || *before.server != *read.server
                || i32::try_from(read.changes.len()).is_ok_and(|count| count > MOST_CHANGES);
            if is_older || !read.changes.is_empty() {
                epoch = next();
                self.state.store(Some(Arc::new(State {
                    snapshot: Arc::clone(&before.snapshot),
                    position: before.position.clone(),
                    server: Arc::clone(&before.server),
                    epoch,
                    is_changing: true,
                    writes: before.writes,
                    as_of: before.as_of,
                })));
                self.forget(read.changes, is_older);
            }
        }
        for node in read.facts.nodes() {
            self.absent.remove(&node.uid);
            self.nodes.insert(node.uid.clone(), Arc::clone(node));
        }
        // What cannot be in the store at all needs no memory to be known as unknown.
        let is_missing =
            |uid: &&EntityUid| read.facts.get(uid).is_none() && lookup::is_storable(&snapshot, uid);
        for uid in wanted.iter().filter(is_missing) {
            self.absent.insert(uid.clone(), ());
        }
        let (position, server) = (read.position, read.server.into());
        let state = State { snapshot, position, server, epoch, is_changing: false, writes, as_of };
        self.state.store(Some(Arc::new(state)));
        Loaded { facts: read.facts, wanted, epoch }
    }

    fn forget(&self, changes: Vec<Changed>, everything: bool) {
        let changed: Option<Vec<EntityUid>> =
            if everything { None } else { changes.into_iter().map(Changed::uid).collect() };
        let Some(changed) = changed else {
            self.nodes.clear();
            self.absent.clear();
            self.tokens.forget();
            return;
        };
        for uid in changed {
            self.nodes.remove(&uid);
            self.absent.remove(&uid);
            if uid.type_name().basename() == "ApiKey" {
                self.tokens.forget();
            }
        }
    }

    /// Shows operators how full it is.
    pub(crate) fn report(&self) {
        #[allow(clippy::cast_precision_loss)] // figures for a graph
        for (figure, value) in [
            ("doorward_cache_bytes", self.nodes.weight() as f64),
            ("doorward_cache_entities", self.nodes.len() as f64),
            ("doorward_cache_unknown_ids", self.absent.len() as f64),
            ("doorward_cache_hits", self.nodes.hits() as f64),
            ("doorward_cache_misses", self.nodes.misses() as f64),
            ("doorward_facts_age_seconds", self.age().unwrap_or_default().as_secs_f64()),
        ] {
            metrics::gauge!(figure).set(value);
        }
    }
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache").field("limits", &self.limits).field("nodes", &self.nodes.len()).finish()
    }
}

/// What one look at the store brought, for those who asked for it: it need not stay in the cache for long enough.
#[derive(Debug)]
pub(crate) struct Loaded {
    facts: Facts,
    /// Those of them that are not among the facts are not in the store.
    wanted: HashSet<EntityUid>,
    epoch: u64,
}

impl Loaded {
    fn looked_for(&self, uid: &EntityUid) -> bool {
        self.wanted.contains(uid)
    }
}

impl State {
    pub(crate) fn as_of(&self) -> Moment {
        self.as_of
    }
}
