//! Units of a script, run on several connections beside each other.

use std::cmp::Reverse;
use std::sync::{Condvar, Mutex, PoisonError};

use postgres::Client;
use shared::dump::QualifiedName;
use shared::{Error, Result, signals};

use super::Refusal;
use super::units::Unit;
use crate::rows::Early;
use crate::threads::{beside, lock, on_threads};

/// Runs the units, those of large tables first, each on one of the sessions; the errors of their
/// statements, in the order of the script. `bytes_of` tells how large a unit's table is. Where not
/// all of the `most` sessions that there may be have work, rows are read back meanwhile, of tables
/// that no unit needs for itself.
///
/// # Errors
/// When our side fails. What the server says of a statement is a refusal.
pub fn run(
    units: Vec<Unit>,
    mut sessions: Vec<&mut Client>,
    most: usize,
    bytes_of: impl Fn(&Unit) -> u64,
    mut early: Option<&mut Early>,
) -> Result<Vec<Refusal>> {
    let mut waiting: Vec<(usize, Unit)> = units.into_iter().enumerate().collect();
    waiting.sort_by_cached_key(|(_, unit)| Reverse(bytes_of(unit)));
    let queue = Queue {
        state: Mutex::new(State {
            waiting,
            running: Vec::new(),
            refused: Vec::new(),
            deadlocked: Vec::new(),
            is_reading: false,
            held_up: 0,
            is_over: false,
        }),
        ended: Condvar::new(),
        most,
    };
    let count = sessions.len();
    let idle = Mutex::new(sessions.iter_mut());
    let work = || {
        let session = lock(&idle).next();
        session.map_or(Ok(()), |session| queue.work(session))
    };
    let read = || {
        if let Some(early) = &mut early {
            early.read(|table| queue.lets_read(table));
            queue.ends_reading();
        }
    };
    let ((), worked) = beside(read, || {
        let _over = Over(&queue);
        on_threads(count, work)
    });
    worked?;
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
    /// Who may be at work at once, whoever reads among them.
    most: usize,
}

struct State {
    waiting: Vec<(usize, Unit)>,
    running: Vec<(usize, Unit)>,
    refused: Vec<(Place, Refusal)>,
    deadlocked: Vec<Work>,
    /// Whether rows are being read back.
    is_reading: bool,
    /// How many wait for that alone.
    held_up: usize,
    is_over: bool,
}

/// Nobody works any more, be it because of a panic.
struct Over<'a>(&'a Queue);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).is_over = true;
    }
}

/// A unit that somebody works at, and that is in nobody's way any more when that ends, be it by a
/// panic.
struct Running<'a> {
    queue: &'a Queue,
    unit: usize,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.queue.state);
        state.running.retain(|(running, _)| *running != self.unit);
        self.queue.ended.notify_all();
    }
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
            let running = Running {
                queue: self,
                unit: work.place.0,
            };
            let done = work.run(session, OnDeadlock::Leave);
            drop(running);
            let mut state = lock(&self.state);
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

    /// Whether nobody needs a table for himself, and there is a session to read it by, which lasts
    /// until the next is asked for; nothing once all is done.
    fn lets_read(&self, table: &QualifiedName) -> Option<bool> {
        self.ends_reading();
        let mut state = lock(&self.state);
        let mut units = state.waiting.iter().chain(&state.running);
        let is_needed = units.any(|(_, unit)| unit.locks_readers_out_of(table));
        let has_room = state.held_up == 0 && state.running.len() < self.most;
        state.is_reading = has_room && !is_needed && !state.is_over;
        (!state.is_over).then_some(state.is_reading)
    }

    fn ends_reading(&self) {
        lock(&self.state).is_reading = false;
        self.ended.notify_all();
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
            let at_work = state.running.len() + usize::from(state.is_reading);
            if next.is_some() && at_work >= self.most {
                state.held_up += 1;
                let waited = self.ended.wait(state);
                state = waited.unwrap_or_else(PoisonError::into_inner);
                state.held_up -= 1;
                continue;
            }
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

#[cfg(test)]
mod test {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use shared::dump::Entry;

    use super::*;

    fn keys(count: usize) -> Vec<(usize, Unit)> {
        let sql = "ALTER TABLE ONLY s.t ADD CONSTRAINT k PRIMARY KEY (a);";
        let entry = Entry {
            kind: "CONSTRAINT".to_string(),
            schema: "s".to_string(),
            name: "t k".to_string(),
            owner: "o".to_string(),
        };
        let unit = |place| (place, Unit::of(&entry, sql, "k").unwrap());
        (0..count).map(unit).collect()
    }

    fn queue(waiting: Vec<(usize, Unit)>) -> Queue {
        queue_of(waiting, 3)
    }

    fn queue_of(waiting: Vec<(usize, Unit)>, most: usize) -> Queue {
        Queue {
            state: Mutex::new(State {
                waiting,
                running: Vec::new(),
                refused: Vec::new(),
                deadlocked: Vec::new(),
                is_reading: false,
                held_up: 0,
                is_over: false,
            }),
            ended: Condvar::new(),
            most,
        }
    }

    #[test]
    fn a_thread_that_panics_is_in_nobodys_way() {
        let queue = queue(keys(2));
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let work = queue.next().unwrap();
            let _running = Running {
                queue: &queue,
                unit: work.place.0,
            };
            std::panic::resume_unwind(Box::new("at work"));
        }));
        assert!(panicked.is_err());
        assert_eq!(queue.next().map(|work| work.place), Some((1, 0)));
    }

    #[test]
    fn a_table_is_read_while_nobody_needs_it_for_himself() {
        let queue = queue(keys(1));
        let [table, other] = ["t", "u"].map(|name| QualifiedName {
            schema: Some("s".to_string()),
            name: name.to_string(),
        });
        assert_eq!(queue.lets_read(&other), Some(true));
        assert_eq!(queue.lets_read(&table), Some(false));
        let work = queue.next().unwrap();
        assert_eq!(queue.lets_read(&table), Some(false));
        let unit = work.place.0;
        drop(Running {
            queue: &queue,
            unit,
        });
        assert_eq!(queue.lets_read(&table), Some(true));
        drop(Over(&queue));
        assert_eq!(queue.lets_read(&other), None);
    }

    #[test]
    fn whoever_reads_is_one_of_those_at_work() {
        let queue = queue_of(keys(1), 1);
        let other = QualifiedName {
            schema: Some("s".to_string()),
            name: "u".to_string(),
        };
        assert_eq!(queue.lets_read(&other), Some(true));
        std::thread::scope(|scope| {
            let works = scope.spawn(|| queue.next().map(|work| work.place));
            while lock(&queue.state).held_up == 0 {
                std::thread::yield_now();
            }
            assert!(lock(&queue.state).running.is_empty());
            queue.ends_reading();
            assert_eq!(works.join().unwrap(), Some((0, 0)));
        });
        assert_eq!(queue.lets_read(&other), Some(false));
    }
}
