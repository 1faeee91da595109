//! A limit on the time that a program may take to answer.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use shared::Result;
use shared::programs::Ender;

/// Ends a program that takes longer than it may.
pub struct Late {
    over: Sender<()>,
    ended: JoinHandle<bool>,
}

impl Late {
    /// None: it may take as long as it likes.
    pub fn after(limit: Option<Duration>, ender: Ender) -> Result<Self> {
        let (over, ended) = channel();
        let ended = thread::Builder::new().spawn(move || {
            let waited = limit.map(|limit| ended.recv_timeout(limit));
            let is_late = waited == Some(Err(RecvTimeoutError::Timeout));
            if is_late {
                ender.end();
            }
            is_late
        })?;
        Ok(Self { over, ended })
    }

    /// Whether it was, once it has ended.
    pub fn was(self) -> bool {
        drop(self.over);
        self.ended.join().unwrap_or(false)
    }
}
