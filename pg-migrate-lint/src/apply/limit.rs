//! A limit for how long a statement may take, kept by us: a migration may set the server's own as it likes.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

/// Ends a statement that takes longer, again and again until it has ended.
const AGAIN: Duration = Duration::from_secs(1);

/// Watches over a statement as long as it lives.
pub struct Limit {
    done: Option<Sender<()>>,
    watch: Option<thread::JoinHandle<()>>,
    began: Instant,
    limit: Duration,
}

impl Limit {
    /// From now on; zero is for ever.
    pub fn start(limit: Duration, cancel: Arc<dyn Fn() + Send + Sync>) -> Self {
        let (done, ended) = mpsc::channel::<()>();
        let watch = (!limit.is_zero()).then(|| {
            thread::spawn(move || {
                let mut patience = limit;
                while ended.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
                    cancel();
                    patience = AGAIN;
                }
            })
        });
        Self {
            done: Some(done),
            watch,
            began: Instant::now(),
            limit,
        }
    }

    /// Whether the time is over.
    pub fn is_over(&self) -> bool {
        !self.limit.is_zero() && self.began.elapsed() >= self.limit
    }
}

impl Drop for Limit {
    fn drop(&mut self) {
        drop(self.done.take());
        // A request to cancel that is under way must not meet the next statement.
        if let Some(watch) = self.watch.take() {
            let _ = watch.join();
        }
    }
}
