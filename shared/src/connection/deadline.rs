//! A limit on the time that something may take which can't be told to hurry.

use super::conninfo::Conninfo;
use super::refusal;
use crate::error::{Error, Result};
use crate::signals;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// How long one server is waited for when nobody says.
pub const USUAL: Duration = Duration::from_secs(30);

/// How often a signal is looked for while waiting.
const GLANCE: Duration = Duration::from_millis(100);

/// `connect_timeout` as libpq reads it: at least two seconds; zero or less is no limit.
pub fn of(conninfo: &Conninfo) -> Result<Option<Duration>> {
    Ok(
        match refusal::number(&conninfo.settings, "connect_timeout")? {
            None => Some(USUAL),
            Some(seconds) if seconds <= 0 => None,
            Some(seconds) => Some(Duration::from_secs(
                u64::from(seconds.unsigned_abs()).max(2),
            )),
        },
    )
}

/// Runs `work` on a thread of its own and waits for it no longer than `limit`. A
/// thread that is late is left alone: what it opens is closed again when it is done.
pub fn within<T: Send + 'static>(
    limit: Option<Duration>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let (sender, receiver) = mpsc::channel();
    thread::Builder::new()
        .name("connect".into())
        .spawn(move || sender.send(work()))?;
    let end = limit.map(|limit| Instant::now() + limit);
    loop {
        signals::check()?;
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        match receiver.recv_timeout(left.map_or(GLANCE, |left| left.min(GLANCE))) {
            Ok(result) => return Ok(result),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Error::new("the attempt ended unexpectedly"));
            }
            Err(RecvTimeoutError::Timeout) if left == Some(Duration::ZERO) => {
                return Err(late(limit));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

fn late(limit: Option<Duration>) -> Error {
    let seconds = limit.unwrap_or_default().as_secs();
    // Whoever logs in looks into these two, and waits for a lock on them for ever.
    Error::new(format!("no answer within {seconds} s")).with_hint(
        "connect_timeout (PGCONNECT_TIMEOUT) sets how many seconds to wait; a server that runs and \
         lets nobody in may have a session that locks pg_authid or pg_database",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_late_is_not_waited_for() {
        let (_keep, never) = mpsc::channel::<()>();
        let error = within(Some(Duration::from_millis(1)), move || never.recv()).unwrap_err();
        assert!(error.message().contains("no answer"));
        assert_eq!(within(None, || 1).unwrap(), 1);
    }
}
