//! Who may ask about what, remembered for a moment: the same application asks about the same organization all the time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use authz::{EntityUid, Snapshot};
use chrono::{DateTime, TimeDelta, Utc};
use quick_cache::DefaultHashBuilder;

use crate::facts::Facts;
use crate::node::Node;

/// How long a permission is taken for granted while policies and facts are the same: they may compare the time.
const TRUSTED: TimeDelta = TimeDelta::seconds(1);
/// Most permissions that are remembered.
const MOST: usize = 10_000;

/// Permissions by caller and by organization or platform. Refusals are not remembered: they are rare, and are told with
/// their policies.
#[derive(Debug, Default)]
pub(crate) struct Permits(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// By which policies all of them were decided.
    snapshot: Option<Arc<Snapshot>>,
    permits: HashMap<(EntityUid, EntityUid), Permit, DefaultHashBuilder>,
}

/// What a permission was decided on.
#[derive(Debug)]
struct Permit {
    caller: Vec<Arc<Node>>,
    home: Vec<Arc<Node>>,
    at: DateTime<Utc>,
}

impl Permits {
    /// Whether the same was permitted a moment ago, by the same policies on the same facts.
    pub(crate) fn knows(
        &self,
        key @ (caller, home): &(EntityUid, EntityUid),
        snapshot: &Arc<Snapshot>,
        facts: &Facts,
        now: DateTime<Utc>,
    ) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.snapshot.as_ref().is_some_and(|known| Arc::ptr_eq(known, snapshot))
            && known.permits.get(key).is_some_and(|permit| {
                permit.at <= now
                    && now < permit.at + TRUSTED
                    && is_same(&permit.caller, facts, caller)
                    && is_same(&permit.home, facts, home)
            })
    }

    pub(crate) fn remember(
        &self,
        (caller, home): (EntityUid, EntityUid),
        snapshot: &Arc<Snapshot>,
        facts: &Facts,
        now: DateTime<Utc>,
    ) {
        let permit = Permit {
            caller: reached(facts, &caller).cloned().collect(),
            home: reached(facts, &home).cloned().collect(),
            at: now,
        };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = known.snapshot.as_ref().is_some_and(|known| Arc::ptr_eq(known, snapshot));
        if !is_same || known.permits.len() >= MOST {
            *known = Known { snapshot: Some(Arc::clone(snapshot)), permits: HashMap::default() };
        }
        known.permits.insert((caller, home), permit);
    }
}

/// What is known of an application or an organization: itself, and what it belongs to.
fn reached<'f>(facts: &'f Facts, uid: &EntityUid) -> impl Iterator<Item = &'f Arc<Node>> {
    let node = facts.get(uid);
    let links = node.into_iter().flat_map(|node| &node.links).filter_map(|link| facts.get(link));
    node.into_iter().chain(links)
}

fn is_same(known: &[Arc<Node>], facts: &Facts, uid: &EntityUid) -> bool {
    let mut now = reached(facts, uid);
    known.iter().all(|known| now.next().is_some_and(|now| Arc::ptr_eq(known, now))) && now.next().is_none()
}
