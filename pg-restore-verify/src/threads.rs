//! The same work on several threads.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use shared::Result;

/// Runs the same work on so many threads, to the end of all of them.
pub fn on_threads(count: usize, work: impl Fn() -> Result<()> + Sync) -> Result<()> {
    thread::scope(|scope| {
        let workers: Vec<_> = (0..count).map(|_| scope.spawn(&work)).collect();
        let ended = workers.into_iter().map(|worker| match worker.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        ended.collect()
    })
}

/// What a mutex holds. A thread that panicked ends the program all the same.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
