//! Objects looked at side by side, the largest first.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use postgres::Client;
use shared::{Error, Result, signals};

use super::btrees::Amcheck;
use super::session::Session;
use super::{Origin, Outcome, Seen};
use crate::server::Database;
use crate::threads::{lock, on_threads};

type Work = Box<dyn FnOnce(&mut Client) -> Result<Vec<Seen>> + Send>;

/// Something to look at.
pub struct Job {
    check: &'static str,
    object: String,
    pages: i64,
    work: Work,
}

/// What was seen of one kind.
pub struct Done {
    /// Which check.
    pub check: &'static str,
    /// The objects.
    pub seen: Vec<Seen>,
    /// How long it took.
    pub took: Duration,
}

impl Done {
    /// Nothing of this kind could be looked at.
    pub fn of_none(check: &'static str, error: Error) -> Result<Self> {
        let outcome = about(error)?;
        Ok(Self {
            check,
            seen: vec![Seen {
                object: "all of them".to_string(),
                outcome,
            }],
            took: Duration::ZERO,
        })
    }
}

impl Job {
    /// Work that says itself what it saw; an error of the server is about `object`.
    pub fn of_many(
        check: &'static str,
        object: String,
        pages: i64,
        work: impl FnOnce(&mut Client) -> Result<Vec<Seen>> + Send + 'static,
    ) -> Self {
        Self {
            check,
            object,
            pages,
            work: Box::new(work),
        }
    }

    /// Work on one object, of so many pages.
    pub fn of_one(
        check: &'static str,
        object: String,
        pages: i64,
        work: impl FnOnce(&mut Client) -> Result<Outcome> + Send + 'static,
    ) -> Self {
        let name = object.clone();
        Self::of_many(check, object, pages, |client| {
            let outcome = work(client)?;
            Ok(vec![Seen {
                object: name,
                outcome,
            }])
        })
    }

    fn work(self, session: &mut Session) -> Result<Done> {
        let began = Instant::now();
        let work = self.work;
        let seen = match session.alone(work)? {
            Ok(seen) => seen,
            Err(error) => vec![Seen {
                outcome: about(error)?,
                object: self.object,
            }],
        };
        Ok(Done {
            check: self.check,
            seen,
            took: began.elapsed(),
        })
    }
}

/// What an error says about an object. One that a signal brought about says nothing.
fn about(error: Error) -> Result<Outcome> {
    signals::check()?;
    Outcome::of_error(error)
}

/// Does all jobs on at most so many connections; what they saw, in their order.
pub fn run(
    jobs: Vec<Job>,
    database: &Database,
    origin: Origin<'_>,
    amcheck: &Amcheck,
    connections: usize,
) -> Result<Vec<Done>> {
    let connections = connections.min(jobs.len());
    let mut queue: Vec<(usize, Job)> = jobs.into_iter().enumerate().collect();
    queue.sort_by_key(|(_, job)| Reverse(job.pages));
    let queue = Mutex::new(VecDeque::from(queue));
    let done: Mutex<Vec<(usize, Done)>> = Mutex::default();
    let work = || -> Result<()> {
        let mut session = Session::open(database, origin, amcheck)?;
        // Not in the loop's head, where it would be locked through the whole body.
        let next = || lock(&queue).pop_front();
        while let Some((place, job)) = next() {
            signals::check()?;
            let seen = job.work(&mut session)?;
            lock(&done).push((place, seen));
        }
        Ok(())
    };
    on_threads(connections, work)?;
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(place, _)| *place);
    Ok(done.into_iter().map(|(_, done)| done).collect())
}
