//! The policy folder as it is now: reloaded when a file changes, the last good state kept.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use notify::{Event, EventKind, RecursiveMode, Watcher};
use runtime::Clock;

use crate::diagnostic::Report;
use crate::snapshot::Snapshot;
use crate::source::Source;
use crate::{folder, load};

/// Pause between two looks at the folder.
const DEBOUNCE: Duration = Duration::from_millis(100);
/// After so many looks at a folder that never comes to rest, it is taken as it is.
const MOST_LOOKS: usize = 50;
/// How often the folder is compared without being told, for file systems that do not tell.
const RECHECK: Duration = Duration::from_secs(2);

/// The last attempt to load the folder.
#[derive(Debug, Clone)]
pub struct Status {
    /// When the policies in force were loaded.
    pub loaded_at: DateTime<Utc>,
    /// The folder on disk is broken since then, with what is wrong; the policies in force are older.
    pub broken: Option<(DateTime<Utc>, Report)>,
}

/// Policies that follow their folder.
#[derive(Debug)]
pub struct Live {
    folder: PathBuf,
    actions: Vec<&'static str>,
    clock: Clock,
    current: ArcSwap<Snapshot>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    status: Status,
    /// Hash of the files that were looked at last, good or bad; none if they could not be read.
    seen: Option<String>,
}

impl Live {
    /// Loads a folder. `actions` are those that the program itself asks about.
    ///
    /// # Errors
    /// Everything that is wrong with the folder: a broken folder does not start.
    pub fn open(folder: &Path, actions: &[&'static str], clock: Clock) -> Result<Arc<Self>, Report> {
        let snapshot = Snapshot::load(folder, actions)?;
        let status = Status { loaded_at: clock.now(), broken: None };
        Ok(Arc::new(Self {
            folder: folder.to_owned(),
            actions: actions.to_vec(),
            clock,
            state: Mutex::new(State { status, seen: Some(snapshot.hash().to_owned()) }),
            current: ArcSwap::from_pointee(snapshot),
        }))
    }

    /// The policies in force. Hold it for as long as one answer takes.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// How the last load went.
    #[must_use]
    pub fn status(&self) -> Status {
        self.state().status.clone()
    }

    /// Reads the folder again if its files differ from those last looked at. A broken folder changes
    /// nothing but the status.
    ///
    /// Returns whether that brought news.
    pub fn reload(&self) -> bool {
        let mut state = self.state();
        let Some(read) = self.settled(state.seen.as_deref()) else { return false };
        state.seen = read.as_ref().ok().map(folder::hash);
        match read.and_then(|sources| load::sources(&self.folder, &sources, &self.actions)) {
            Ok(snapshot) => {
                tracing::info!(
                    hash = snapshot.hash(),
                    policies = snapshot.policies().len(),
                    "policies reloaded"
                );
                state.status = Status { loaded_at: self.clock.now(), broken: None };
                self.current.store(Arc::new(snapshot));
                metrics::counter!("doorward_policy_reloads_total", "result" => "loaded").increment(1);
                true
            }
            Err(report) => {
                if state.status.broken.as_ref().is_some_and(|(_, known)| *known == report) {
                    return false;
                }
                tracing::error!(%report, "policies are broken on disk; the last good ones stay in force");
                let since =
                    state.status.broken.as_ref().map_or_else(|| self.clock.now(), |(since, _)| *since);
                state.status.broken = Some((since, report));
                metrics::counter!("doorward_policy_reloads_total", "result" => "broken").increment(1);
                true
            }
        }
    }

    /// The files, once two looks with a pause between them saw the same: whoever writes several files, or one in
    /// several steps, should not have half of it loaded. None if they are those that were seen last.
    fn settled(&self, seen: Option<&str>) -> Option<Result<Vec<Source>, Report>> {
        let mut read = folder::read(&self.folder);
        for _ in 0..MOST_LOOKS {
            let hash = read.as_ref().ok().map(folder::hash);
            if hash.is_some() && hash.as_deref() == seen {
                return None;
            }
            std::thread::sleep(DEBOUNCE);
            let again = folder::read(&self.folder);
            let is_settled = again.as_ref().ok().map(folder::hash) == hash;
            read = again;
            if is_settled {
                break;
            }
        }
        Some(read)
    }

    /// Follows the folder until the handle is dropped. `changed` is called after every load that
    /// brought news, good or bad.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn watch(self: &Arc<Self>, changed: impl Fn(&Live) + Send + 'static) -> std::io::Result<Watch> {
        let (told, listen) = mpsc::channel();
        let tell = told.clone();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            // Reading is announced too, our own as well: it would set off one reload after the other.
            if !event.is_ok_and(|event| matches!(event.kind, EventKind::Access(_))) {
                let _ = tell.send(Told::Changed);
            }
        });
        if let Ok(watcher) = &mut watcher
            && let Err(error) = watcher.watch(&self.folder, RecursiveMode::Recursive)
        {
            tracing::warn!(%error, "file changes are not announced here; comparing every {RECHECK:?} instead");
        }
        let live = Arc::clone(self);
        std::thread::Builder::new().name("policy-watch".into()).spawn(move || {
            let _watcher = watcher;
            loop {
                match listen.recv_timeout(RECHECK) {
                    Ok(Told::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                    Ok(Told::Changed) => {
                        // Wait for silence, but not for a folder that is never silent.
                        let patience = Instant::now() + RECHECK;
                        while Instant::now() < patience {
                            match listen.recv_timeout(DEBOUNCE) {
                                Ok(Told::Changed) => {}
                                Ok(Told::Stop) => return,
                                Err(_) => break,
                            }
                        }
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                }
                if live.reload() {
                    changed(&live);
                }
            }
        })?;
        Ok(Watch(told))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Told {
    Changed,
    Stop,
}

/// Ends the watching when dropped.
#[derive(Debug)]
pub struct Watch(mpsc::Sender<Told>);

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.0.send(Told::Stop);
    }
}
