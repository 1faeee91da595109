//! For how long nothing has come: of a pipe, of a server, of the files that pg_dump writes itself.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use shared::backup::Place;

/// For how long something has been waited for.
#[derive(Debug, Clone)]
pub struct Clock {
    began: Instant,
    /// Milliseconds from there to the beginning of the wait, and one; zero: nothing is waited for.
    since: Arc<AtomicU64>,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            since: Arc::default(),
        }
    }
}

impl Clock {
    /// Measures how long `wait` takes, while it does.
    pub fn time<T>(&self, wait: impl FnOnce() -> T) -> T {
        self.since.store(self.now() + 1, Ordering::Relaxed);
        let done = wait();
        self.since.store(0, Ordering::Relaxed);
        done
    }

    /// For how long it has been waited; zero while it is not.
    pub fn waited(&self) -> Duration {
        match self.since.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            since => Duration::from_millis((self.now() + 1).saturating_sub(since)),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// For how long the files in a folder have not grown, from look to look.
pub fn growth(folder: &Path) -> impl FnMut() -> Duration + Send + 'static {
    let place = Place::new(folder);
    let mut last = (0, Instant::now());
    move || {
        let mut size = 0;
        // One that can't be read does not grow.
        let _ = place.each(|name, _| {
            let found = name.to_str().and_then(|name| place.find(name).ok());
            size += found.map_or(0, |found| found.bytes() + 1);
        });
        if size != last.0 {
            last = (size, Instant::now());
        }
        last.1.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn only_waiting_counts() {
        let clock = Clock::default();
        assert_eq!(clock.waited(), Duration::ZERO);
        clock.time(|| {
            thread::sleep(Duration::from_millis(5));
            assert!(clock.waited() >= Duration::from_millis(4));
        });
        assert_eq!(clock.waited(), Duration::ZERO);
    }
}
