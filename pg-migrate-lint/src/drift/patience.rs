//! Nobody waits behind us for long: pg_dump bounds how long it waits for the lock of a table, but not for what it asks
//! the server to write out (`pg_get_viewdef` of a view that another session has dropped and not committed), and it
//! holds a lock on each table meanwhile.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use postgres::types::Type;
use shared::connection::Session;
use shared::{Error, Result, signals};

/// So long it may wait for a lock.
const LIMIT: Duration = Duration::from_secs(10);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// Watches over pg_dump's session as long as it lives.
pub struct Patience {
    done: Option<Sender<()>>,
    watch: Option<JoinHandle<Result<bool>>>,
}

impl Patience {
    /// Of the session whose application_name is this.
    pub fn start(session: Session, name: String) -> Self {
        let (done, ended) = mpsc::channel();
        Self {
            done: Some(done),
            watch: Some(thread::spawn(move || watch(session, &name, &ended))),
        }
    }

    /// Whether it was ended for what it waited for.
    ///
    /// # Errors
    /// Where nobody could look.
    pub fn end(mut self) -> Result<bool> {
        drop(self.done.take());
        match self.watch.take().map(JoinHandle::join) {
            Some(Ok(ended)) => ended,
            Some(Err(_)) | None => Err(Error::new("pg_dump was not watched over")),
        }
    }
}

fn watch(mut session: Session, name: &str, ended: &Receiver<()>) -> Result<bool> {
    let mut since = None;
    while ended.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
        let parameters: [(&(dyn postgres::types::ToSql + Sync), Type); 1] = [(&name, Type::TEXT)];
        let sql = include_str!("../../sql/drift_waits.sql");
        let row = session.client().query_typed_one(sql, &parameters)?;
        since = match row.try_get("waits")? {
            true => since.or_else(|| Some(Instant::now())),
            false => None,
        };
        let is_over = since.is_some_and(|since| since.elapsed() >= LIMIT);
        if is_over || signals::check().is_err() {
            let sql = include_str!("../../sql/drift_end.sql");
            session.client().query_typed(sql, &parameters)?;
            return Ok(is_over);
        }
    }
    Ok(false)
}
