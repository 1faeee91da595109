//! The same work on several threads, and work that is left behind.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use shared::{Result, signals};

/// Between two looks whether we should stop.
const BETWEEN: Duration = Duration::from_millis(20);
/// How long work that can stop is waited for then.
const STOPS_WITHIN: Duration = Duration::from_secs(2);

/// Runs the same work on so many threads, to the end of all of them: this one, and as many more as
/// can be started.
pub fn on_threads(count: usize, work: impl Fn() -> Result<()> + Sync) -> Result<()> {
    if count == 0 {
        return Ok(());
    }
    thread::scope(|scope| {
        let start = |_| thread::Builder::new().spawn_scoped(scope, &work).ok();
        let workers: Vec<_> = (1..count).map_while(start).collect();
        let own = work();
        let ended = workers.into_iter().map(joined);
        std::iter::once(own).chain(ended).collect()
    })
}

/// Does the work on a thread of its own, which is left behind if it does not end when a signal or
/// a time limit asks us to stop: a file on a mount that is gone may never be read.
pub fn apart<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let (done, ends) = mpsc::channel();
    let worker = thread::Builder::new().spawn(move || done.send(work()))?;
    loop {
        match ends.recv_timeout(BETWEEN) {
            Ok(result) => return result,
            Err(RecvTimeoutError::Timeout) => {
                if let Err(stop) = signals::check() {
                    let _ = ends.recv_timeout(STOPS_WITHIN);
                    return Err(stop);
                }
            }
            Err(RecvTimeoutError::Disconnected) => match worker.join() {
                Err(panic) => std::panic::resume_unwind(panic),
                Ok(_) => return Err(shared::Error::interrupted()),
            },
        }
    }
}

/// Does both at the same time, or `own` first where no more threads can be started.
pub fn beside<A: Send, B>(other: impl FnMut() -> A + Send, own: impl FnOnce() -> B) -> (A, B) {
    let other = Mutex::new(other);
    let work = || (lock(&other))();
    thread::scope(|scope| {
        let worker = thread::Builder::new().spawn_scoped(scope, work);
        let own = own();
        let other = match worker {
            Ok(worker) => joined(worker),
            Err(_) => work(),
        };
        (other, own)
    })
}

/// What a thread came to. If it panicked, so do we.
pub fn joined<T>(worker: ScopedJoinHandle<'_, T>) -> T {
    worker
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// What a mutex holds. A thread that panicked ends the program all the same.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn both_are_done() {
        let mut worked = 0;
        let work = || {
            worked += 1;
            worked
        };
        assert_eq!(beside(work, || "own"), (1, "own"));
    }

    #[test]
    fn all_of_them_work_and_any_error_is_told() {
        for count in [0, 1, 3] {
            let worked = AtomicUsize::new(0);
            let work = || {
                worked.fetch_add(1, Ordering::Relaxed);
                Ok(())
            };
            on_threads(count, work).unwrap();
            assert_eq!(worked.into_inner(), count);
            let failing = || Err(shared::Error::new("failed"));
            assert_eq!(on_threads(count, failing).is_err(), count > 0);
        }
    }
}
