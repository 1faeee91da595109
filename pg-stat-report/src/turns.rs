//! Taking turns, where only so much is done at once.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use shared::{Result, signals};

use crate::patience::Patience;
use crate::servers::GLANCE;

/// How many may begin.
#[derive(Debug)]
pub struct Turns {
    free: Mutex<usize>,
    given_back: Condvar,
}

/// One of them, until it is dropped.
#[derive(Debug)]
pub struct Turn<'a>(&'a Turns);

impl Turns {
    /// So many at once.
    pub fn new(at_once: usize) -> Self {
        Self {
            free: Mutex::new(at_once),
            given_back: Condvar::new(),
        }
    }

    /// Waits for one; an error is a signal, or that the time is over.
    pub fn take(&self, patience: &Patience) -> Result<Turn<'_>> {
        let mut free = self.free();
        while *free == 0 {
            let waited = self.given_back.wait_timeout(free, GLANCE);
            (free, _) = waited.unwrap_or_else(PoisonError::into_inner);
            signals::check()?;
            patience.check()?;
        }
        *free -= 1;
        Ok(Turn(self))
    }

    fn free(&self) -> MutexGuard<'_, usize> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.free() += 1;
        self.0.given_back.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn no_more_at_once_than_was_said() {
        let over = Patience::new(Duration::ZERO, Some(Instant::now()));
        let turns = Turns::new(2);
        let first = turns.take(&over).unwrap();
        let _second = turns.take(&over).unwrap();
        assert!(turns.take(&over).is_err());
        drop(first);
        assert!(turns.take(&over).is_ok());
    }
}
