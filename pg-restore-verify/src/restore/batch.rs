//! Units of a script, run on several connections beside each other.

use std::cmp::Reverse;
use std::sync::{Condvar, Mutex, PoisonError};

use postgres::Client;
use shared::{Error, Result, signals};

use super::Refusal;
use super::units::Unit;
use crate::threads::{lock, on_threads};

/// Runs the units, those of large tables first, each on one of the sessions; the errors of their
/// statements, in the order of the script. `bytes_of` tells how large a unit's table is.
///
/// # Errors
/// When our side fails. What the server says of a statement is a refusal.
pub fn run(
    units: Vec<Unit>,
    sessions: &mut [Client],
    bytes_of: impl Fn(&Unit) -> u64,
) -> Result<Vec<Refusal>> {
    let mut waiting: Vec<(usize, Unit)> = units.into_iter().enumerate().collect();
    waiting.sort_by_key(|(_, unit)| Reverse(bytes_of(unit)));
    let queue = Queue {
        state: Mutex::new(State {
            waiting,
            running: Vec::new(),
            refused: Vec::new(),
            deadlocked: Vec::new(),
        }),
        ended: Condvar::new(),
    };
    let count = sessions.len();
    let idle = Mutex::new(sessions.iter_mut());
    on_threads(count, || {
        let session = lock(&idle).next();
        session.map_or(Ok(()), |session| queue.work(session))
    })?;
    let state = queue.state.into_inner();
    let State {
        mut refused,
        mut deadlocked,
        ..
    } = state.unwrap_or_else(PoisonError::into_inner);
    deadlocked.sort_by_key(|work| work.place);
    if let Some(session) = sessions.first_mut() {
        for work in deadlocked {
            refused.extend(work.run(session, OnDeadlock::Refuse)?.refused);
        }
    }
    refused.sort_by_key(|(place, _)| *place);
    Ok(refused.into_iter().map(|(_, refusal)| refusal).collect())
}

struct Queue {
    state: Mutex<State>,
    ended: Condvar,
}

struct State {
    waiting: Vec<(usize, Unit)>,
    running: Vec<(usize, Unit)>,
    refused: Vec<(Place, Refusal)>,
    deadlocked: Vec<Work>,
}

/// A unit's and a statement's.
type Place = (usize, usize);

/// What is left to do of a unit.
struct Work {
    place: Place,
    statements: Vec<(String, String)>,
}

/// What came of it.
#[derive(Default)]
struct Done {
    refused: Vec<(Place, Refusal)>,
    left: Option<Work>,
}

/// Sessions can stand in each other's way (a deadlock between two indexes of one partitioned
/// table), which says nothing about the backup: then the rest of a unit is left for later.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OnDeadlock {
    Leave,
    Refuse,
}

impl Queue {
    fn work(&self, session: &mut Client) -> Result<()> {
        while let Some(work) = self.next() {
            let unit = work.place.0;
            let done = work.run(session, OnDeadlock::Leave);
            let mut state = lock(&self.state);
            state.running.retain(|(running, _)| *running != unit);
            self.ended.notify_all();
            match done {
                Ok(done) => {
                    state.refused.extend(done.refused);
                    state.deadlocked.extend(done.left);
                }
                Err(error) => {
                    state.waiting.clear();
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// The first unit that nothing which runs is in the way of; waits for one.
    fn next(&self) -> Option<Work> {
        let mut state = lock(&self.state);
        loop {
            if state.waiting.is_empty() {
                return None;
            }
            let free = |unit: &Unit| {
                let mut running = state.running.iter();
                !running.any(|(_, running)| running.is_in_the_way_of(unit))
            };
            let next = state.waiting.iter().position(|(_, unit)| free(unit));
            if let Some(next) = next {
                let (place, mut unit) = state.waiting.remove(next);
                let statements = std::mem::take(&mut unit.statements);
                state.running.push((place, unit));
                let place = (place, 0);
                return Some(Work { place, statements });
            }
            // Something runs: nothing would be in the way otherwise.
            let waited = self.ended.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Work {
    fn run(mut self, session: &mut Client, on_deadlock: OnDeadlock) -> Result<Done> {
        let mut done = Done::default();
        while let Some((sql, label)) = self.statements.first() {
            signals::check()?;
            if let Err(error) = session.batch_execute(sql) {
                let error = Error::from(error);
                match error.sqlstate() {
                    None => return Err(error),
                    Some(DEADLOCK | LOCK_TIMEOUT) if on_deadlock == OnDeadlock::Leave => {
                        done.left = Some(self);
                        break;
                    }
                    code => {
                        let refusal = Refusal::new(label, error.message(), sql).with_code(code);
                        done.refused.push((self.place, refusal));
                    }
                }
            }
            self.statements.remove(0);
            self.place.1 += 1;
        }
        Ok(done)
    }
}

const DEADLOCK: &str = "40P01";
const LOCK_TIMEOUT: &str = "55P03";
