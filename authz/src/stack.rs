//! A stack for work that recurses as deeply as policies are nested: parsing, validating, explaining.

use std::sync::{Mutex, PoisonError};
use std::thread::{Scope, ScopedJoinHandle};

/// Text that passes [`nesting::check`](crate::nesting::check) fits into this, also in builds without optimization.
const SIZE: usize = 64 << 20;

/// Runs on a thread of its own and waits for it.
///
/// # Errors
/// What happened, if there was no thread or it panicked.
pub(crate) fn on_a_large_one<T: Send>(run: impl FnOnce() -> T + Send) -> Result<T, String> {
    std::thread::scope(|scope| wait(spawn(scope, run)?))
}

/// Runs every piece of work, as many at a time as the machine can, and returns what came of them in their order.
///
/// # Errors
/// As [`on_a_large_one`].
pub(crate) fn on_large_ones<W: Send, T: Send>(
    work: Vec<W>,
    run: impl Fn(W) -> T + Sync,
) -> Result<Vec<T>, String> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(work.len());
    let queue = Mutex::new(work.into_iter().enumerate());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let take = || std::iter::from_fn(next).map(|(index, work)| (index, run(work))).collect::<Vec<_>>();
    let done = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| spawn(scope, take)).collect();
        let done: Result<Vec<_>, String> = threads.into_iter().map(|thread| wait(thread?)).collect();
        done
    })?;
    let mut done: Vec<(usize, T)> = done.into_iter().flatten().collect();
    done.sort_unstable_by_key(|(index, _)| *index);
    Ok(done.into_iter().map(|(_, result)| result).collect())
}

fn spawn<'s, T: Send + 's>(
    scope: &'s Scope<'s, '_>,
    run: impl FnOnce() -> T + Send + 's,
) -> Result<ScopedJoinHandle<'s, T>, String> {
    let thread = std::thread::Builder::new().name("policy-stack".into()).stack_size(SIZE);
    thread.spawn_scoped(scope, run).map_err(|error| format!("no thread to read policies on: {error}"))
}

fn wait<T>(thread: ScopedJoinHandle<'_, T>) -> Result<T, String> {
    thread.join().map_err(|_| "the policy parser panicked".to_owned())
}
