//! A limit for how long a statement may take, kept by us: a migration may set the server's own as it likes, and may
//! catch what ends a statement.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use shared::signals;

use super::connection::Connection;

/// Ends a statement that takes longer, again and again until it has ended.
const AGAIN: Duration = Duration::from_secs(1);
/// After so many tries its session is ended.
const TRIES: u32 = 5;

/// Watches over a statement as long as it lives.
pub struct Limit {
    done: Option<Sender<()>>,
    watch: Option<thread::JoinHandle<()>>,
    began: Instant,
    limit: Duration,
}

impl Limit {
    /// From now on; zero is until a signal comes.
    pub fn start(limit: Duration, connection: &Connection) -> Self {
        let (done, ended) = mpsc::channel::<()>();
        let (cancel, end) = (connection.canceller(), connection.ender());
        let began = Instant::now();
        let watch = thread::spawn(move || {
            let mut tries = 0;
            loop {
                let left = limit.saturating_sub(began.elapsed());
                let patience = match limit.is_zero() || left.is_zero() {
                    true => AGAIN,
                    false => left.min(AGAIN),
                };
                if ended.recv_timeout(patience) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
                let is_over = !limit.is_zero() && began.elapsed() >= limit;
                if is_over || signals::received().is_some() {
                    tries += 1;
                    cancel();
                }
                if tries > TRIES {
                    end();
                }
            }
        });
        Self {
            done: Some(done),
            watch: Some(watch),
            began,
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
