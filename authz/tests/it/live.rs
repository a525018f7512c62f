//! Policies follow their folder, and a broken edit changes nothing.

use std::collections::HashMap;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use authz::{Live, Watch};
use chrono::TimeDelta;
use runtime::Clock;

use crate::support::{Folder, noon, permit, place};

/// Longer than any watcher needs, so that only a broken one runs into it.
const BOUND: Duration = Duration::from_secs(20);

fn policy(id: &str) -> String {
    permit(id, "principal is User, action, resource", "")
}

fn open(folder: &Folder) -> Arc<Live> {
    Live::open(folder.path(), &[], Clock::fixed(noon()).clock()).unwrap()
}

fn ids(live: &Live) -> Vec<String> {
    live.snapshot().policies().iter().map(|policy| policy.id.clone()).collect()
}

/// Watches, and waits for the next load that brought news.
struct Watched {
    live: Arc<Live>,
    news: Receiver<()>,
    _watch: Watch,
}

fn watch(folder: &Folder) -> Watched {
    let live = open(folder);
    let (tell, news) = mpsc::channel();
    let watch = live.watch(move |_| tell.send(()).unwrap_or_default()).unwrap();
    Watched { live, news, _watch: watch }
}

impl Watched {
    fn until(&self, holds: impl Fn(&Live) -> bool) {
        while !holds(&self.live) {
            self.news.recv_timeout(BOUND).expect("no news of the folder");
        }
    }
}

#[test]
fn a_broken_folder_does_not_open() {
    // proves POL-2
    let folder = Folder::small("permit");
    let report = Live::open(folder.path(), &[], Clock::system()).unwrap_err();
    assert_eq!(report.errors().count(), 1);
}

#[test]
fn an_edit_is_followed() {
    // proves POL-2
    let folder = Folder::small(&policy("old"));
    let watched = watch(&folder);
    let before = watched.live.snapshot();
    folder.write("rooms.cedar", policy("new"));
    watched.until(|live| ids(live) == ["new"]);
    assert_eq!(before.policies()[0].id, "old", "who holds the old ones keeps them");
    assert_ne!(watched.live.snapshot().hash(), before.hash());
}

#[test]
fn new_files_folders_and_deletions_are_followed() {
    // proves POL-1, POL-2
    let folder = Folder::small(&policy("first"));
    let watched = watch(&folder);
    folder.write("more.cedar", policy("second"));
    watched.until(|live| ids(live) == ["second", "first"]);
    folder.write("apps/notes/notes.cedarschema", crate::support::NOTES_SCHEMA);
    watched.until(|live| live.snapshot().action("Notes::read").is_some());
    folder.remove("more.cedar");
    watched.until(|live| ids(live) == ["first"]);
}

#[test]
fn a_file_that_is_replaced_by_renaming_is_followed() {
    // proves POL-2
    let folder = Folder::small(&policy("old"));
    let watched = watch(&folder);
    folder.write(".rooms.cedar.tmp", policy("new"));
    fs::rename(folder.path().join(".rooms.cedar.tmp"), folder.path().join("rooms.cedar")).unwrap();
    watched.until(|live| ids(live) == ["new"]);
}

#[test]
fn a_config_map_that_swaps_its_link_is_followed() {
    // proves POL-2
    use std::os::unix::fs::symlink;
    let folder = Folder::empty();
    for (version, id) in [("..1", "old"), ("..2", "new")] {
        folder.write(&format!("{version}/core.cedarschema"), crate::support::SCHEMA);
        folder.write(&format!("{version}/plans.json"), "{}");
        folder.write(&format!("{version}/rooms.cedar"), policy(id));
    }
    symlink("..1", folder.path().join("..data")).unwrap();
    for name in ["core.cedarschema", "plans.json", "rooms.cedar"] {
        symlink(format!("..data/{name}"), folder.path().join(name)).unwrap();
    }
    let watched = watch(&folder);
    symlink("..2", folder.path().join("..data_tmp")).unwrap();
    fs::rename(folder.path().join("..data_tmp"), folder.path().join("..data")).unwrap();
    watched.until(|live| ids(live) == ["new"]);
}

#[test]
fn an_edit_gets_through_however_much_is_read() {
    // proves POL-2
    let folder = Folder::small(&policy("a"));
    let watched = watch(&folder);
    // Reading is announced as well: an indexer, a replica on the same disk.
    let stop = Arc::new(AtomicBool::new(false));
    let reader = {
        let (stop, path) = (Arc::clone(&stop), folder.path().join("rooms.cedar"));
        std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                fs::read(&path).unwrap_or_default();
            }
        })
    };
    folder.write("more.cedar", policy("b"));
    watched.until(|live| ids(live).len() == 2);
    stop.store(true, Ordering::Relaxed);
    reader.join().unwrap();
}

#[test]
fn edits_that_never_pause_are_followed_all_the_same() {
    // proves POL-2
    let folder = Folder::small(&policy("a"));
    let watched = watch(&folder);
    let stop = Arc::new(AtomicBool::new(false));
    let writer = {
        let (stop, path) = (Arc::clone(&stop), folder.path().join("log.txt"));
        std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                fs::write(&path, "x").unwrap();
            }
        })
    };
    folder.write("more.cedar", policy("b"));
    watched.until(|live| ids(live).len() == 2);
    stop.store(true, Ordering::Relaxed);
    writer.join().unwrap();
}

#[test]
fn a_broken_edit_keeps_the_last_good_policies_and_shows_since_when() {
    // proves POL-2
    let folder = Folder::small(&policy("good"));
    let clock = Clock::fixed(noon());
    let live = Live::open(folder.path(), &[], clock.clock()).unwrap();
    let hash = live.snapshot().hash().to_owned();
    assert_eq!(live.status().loaded_at, noon());
    assert!(live.status().broken.is_none());

    let minutes = TimeDelta::minutes;
    clock.set(noon() + minutes(1));
    folder.write("rooms.cedar", "\npermit (principal, action resource);");
    assert!(live.reload());
    let (since, report) = live.status().broken.expect("broken");
    assert_eq!(since, noon() + minutes(1));
    assert_eq!(place(&report.0[0]), "policies/rooms.cedar:2:27");
    assert_eq!((ids(&live), live.snapshot().hash()), (vec!["good".to_owned()], hash.as_str()));
    assert_eq!(live.status().loaded_at, noon(), "the policies in force are older");

    clock.set(noon() + minutes(2));
    assert!(!live.reload(), "nothing new");
    folder.write("rooms.cedar", "permit (principal, action resource);");
    assert!(live.reload());
    let (since, report) = live.status().broken.expect("still broken");
    assert_eq!(since, noon() + minutes(1), "since the first broken edit");
    assert_eq!(place(&report.0[0]), "policies/rooms.cedar:1:27", "with what is wrong now");

    clock.set(noon() + minutes(3));
    folder.write("rooms.cedar", policy("mended"));
    assert!(live.reload());
    assert!(live.status().broken.is_none());
    assert_eq!(live.status().loaded_at, noon() + minutes(3));
    assert_eq!(ids(&live), ["mended"]);
}

#[test]
fn taking_a_broken_edit_back_mends_it() {
    // proves POL-2
    let folder = Folder::small(&policy("good"));
    let live = open(&folder);
    folder.write("rooms.cedar", "permit");
    assert!(live.reload());
    folder.write("rooms.cedar", policy("good"));
    assert!(live.reload());
    assert!(live.status().broken.is_none());
    assert!(!live.reload());
}

#[test]
fn a_folder_that_vanishes_and_returns_is_told_once_each() {
    // proves POL-2
    let folder = Folder::small(&policy("good"));
    let live = open(&folder);
    let away = folder.path().with_file_name("away");
    fs::rename(folder.path(), &away).unwrap();
    assert!(live.reload());
    assert!(live.status().broken.is_some());
    assert!(!live.reload(), "no news twice");
    assert_eq!(ids(&live), ["good"]);
    fs::rename(&away, folder.path()).unwrap();
    assert!(live.reload());
    assert!(live.status().broken.is_none());
}

#[test]
fn a_file_written_in_two_halves_ends_well() {
    // proves POL-2
    let folder = Folder::small(&policy("old"));
    let watched = watch(&folder);
    let whole = policy("new");
    folder.write("rooms.cedar", &whole[..whole.len() / 2]);
    watched.until(|live| live.status().broken.is_some());
    assert_eq!(ids(&watched.live), ["old"]);
    folder.write("rooms.cedar", &whole);
    watched.until(|live| live.status().broken.is_none());
    assert_eq!(ids(&watched.live), ["new"]);
}

#[test]
fn nothing_is_called_after_the_watch_was_dropped() {
    // proves POL-2
    let folder = Folder::small(&policy("old"));
    let live = open(&folder);
    let (tell, news) = mpsc::channel();
    let watch = live.watch(move |_| tell.send(()).unwrap_or_default()).unwrap();
    drop(watch);
    // The thread drops its sender when it ends.
    assert_eq!(news.recv_timeout(BOUND), Err(mpsc::RecvTimeoutError::Disconnected));
    folder.write("rooms.cedar", policy("new"));
    assert_eq!(ids(&live), ["old"]);
}

#[test]
fn readers_always_see_one_whole_snapshot_while_fifty_edits_come_in() {
    // proves POL-2
    let folder = Folder::small(&policy("p0"));
    let live = open(&folder);
    // Which policies belong to which hash, as the readers saw them.
    let seen = Mutex::new(HashMap::<String, Vec<String>>::new());
    let (stop, reads) = (AtomicBool::new(false), AtomicUsize::new(0));
    let mut loaded = HashMap::from([(live.snapshot().hash().to_owned(), ids(&live))]);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let snapshot = live.snapshot();
                    let ids: Vec<_> = snapshot.policies().iter().map(|policy| policy.id.clone()).collect();
                    let mut seen = seen.lock().unwrap();
                    let known = seen.entry(snapshot.hash().to_owned()).or_insert_with(|| ids.clone());
                    assert_eq!(*known, ids);
                    drop(seen);
                    reads.fetch_add(1, Ordering::Relaxed);
                    std::thread::yield_now();
                }
            });
        }
        for n in 1..=50 {
            folder
                .write("rooms.cedar", (0..=n % 7).map(|k| policy(&format!("p{n}-{k}"))).collect::<String>());
            assert!(live.reload());
            loaded.insert(live.snapshot().hash().to_owned(), ids(&live));
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(loaded.len(), 51);
    assert!(reads.load(Ordering::Relaxed) > 0);
    for (hash, ids) in seen.into_inner().unwrap() {
        assert_eq!(loaded.get(&hash), Some(&ids));
    }
}

#[test]
fn a_file_rewritten_over_and_over_leaves_nothing_broken_behind() {
    // proves POL-2
    // A writer truncates and writes the same text again and again. Whatever moment each reload catches,
    // once the text stands, the next reload takes it.
    let folder = Folder::small(&policy("a"));
    let live = open(&folder);
    let text = policy("b");
    for _ in 0..20 {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..200 {
                    folder.write("rooms.cedar", &text);
                }
            });
            live.reload();
            live.reload();
        });
        live.reload();
        assert!(live.status().broken.is_none(), "{:?}", live.status());
        assert_eq!(ids(&live), ["b"]);
    }
}
