//! A stack for work that recurses as deeply as policies are nested: parsing, validating, explaining.

/// Text that passes [`nesting::check`](crate::nesting::check) fits into this, also in builds without optimization.
const SIZE: usize = 64 << 20;

/// Runs on a thread of its own and waits for it.
///
/// # Errors
/// What happened, if there was no thread or it panicked.
pub(crate) fn on_a_large_one<T: Send>(run: impl FnOnce() -> T + Send) -> Result<T, String> {
    std::thread::scope(|scope| {
        let thread =
            std::thread::Builder::new().name("policy-stack".into()).stack_size(SIZE).spawn_scoped(scope, run);
        match thread {
            Ok(thread) => thread.join().map_err(|_| "the policy parser panicked".to_owned()),
            Err(error) => Err(format!("no thread to read policies on: {error}")),
        }
    })
}
