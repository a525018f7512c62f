use std::path::Path;

use serde_json::{Value, json};

use super::*;

const USER: &str = "019aa000-0000-7000-8000-000000000001";

fn cache() -> (Cache, Arc<Snapshot>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies");
    let snapshot = Snapshot::load(&folder, &[]).expect("the policies that ship");
    (Cache::new(CacheLimits::default(), Clock::system()), Arc::new(snapshot))
}

fn user() -> EntityUid {
    authz::core_uid("User", USER)
}

/// What a look brings that found the user with a status, and these changes.
fn read(status: &str, position: &str, changes: &[Value]) -> Read {
    let mut facts = Facts::default();
    let fact = json!({ "user": { "id": USER, "status": status } });
    facts.add(serde_json::from_value(fact).expect("a fact"));
    let changes = changes.iter().map(|change| serde_json::from_value(change.clone()).expect("a change"));
    let position = position.parse().expect("a position");
    Read { facts, changes: changes.collect(), trimmed: 0, position, server: "one".into() }
}

fn take_in(cache: &Cache, snapshot: &Arc<Snapshot>, read: Read) -> (Loaded, Arc<State>) {
    let wanted = HashSet::from([user()]);
    let now = Moment::now(&Clock::system());
    let loaded = cache.take_in(read, wanted, Arc::clone(snapshot), cache.writes(), now);
    (loaded, cache.usable(0).expect("just read"))
}

fn walk(cache: &Cache, loaded: Option<&Loaded>, state: &State) -> Option<bool> {
    let walked = cache.walk([user()].iter(), loaded, state)?;
    Some(walked.is_ok_and(|facts| facts.get(&user()).is_some()))
}

// proves PDP-6
#[test]
fn a_walk_during_which_something_changed_is_not_whole() {
    let (cache, snapshot) = cache();
    let (_, before) = take_in(&cache, &snapshot, read("active", "10:10:", &[]));
    assert_eq!(walk(&cache, None, &before), Some(true));
    // Whatever changes: the walk may have met it, and what it met may have been driven out since.
    let other = json!({ "type": "Organization", "id": "elsewhere" });
    let (_, after) = take_in(&cache, &snapshot, read("active", "11:11:", &[other]));
    assert_eq!(walk(&cache, None, &before), None);
    assert_eq!(walk(&cache, None, &after), Some(true));
    let (_, quiet) = take_in(&cache, &snapshot, read("active", "12:12:", &[]));
    assert_eq!(walk(&cache, None, &after), Some(true), "a look that takes nothing away disturbs nobody");
    assert_eq!(quiet.epoch, after.epoch);
}

// proves PDP-6
#[test]
fn what_was_read_before_a_change_is_not_joined_with_what_was_read_after() {
    let (cache, snapshot) = cache();
    let (old, _) = take_in(&cache, &snapshot, read("active", "10:10:", &[]));
    let change = json!({ "type": "User", "id": USER });
    let gone = Read { facts: Facts::default(), ..read("active", "11:11:", &[change]) };
    let (_, after) = take_in(&cache, &snapshot, gone);
    assert_ne!(walk(&cache, Some(&old), &after), Some(true), "the user is no more");
}

// proves PDP-6
#[test]
fn a_cache_that_started_anew_is_not_taken_for_the_one_before() {
    let (cache, snapshot) = cache();
    let (_, before) = take_in(&cache, &snapshot, read("active", "10:10:", &[]));
    cache.reset();
    assert!(cache.usable(0).is_none());
    take_in(&cache, &snapshot, read("active", "11:11:", &[]));
    assert_eq!(walk(&cache, None, &before), None);
}
