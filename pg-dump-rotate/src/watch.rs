//! A pg_dump that nothing reaches any more waits for ever: libpq has no limit on the time
//! between a question and its answer, and what stands in between (a proxy, a VPN, a firewall
//! that forgets connections) may keep both ends open and pass nothing on.
//!
//! When pg_dump has been silent for a while, the server is asked, by a session of its own or by the
//! psql beside a pg_dump that runs elsewhere, whether it still works for it. It may: a lock is
//! waited for, a catalog is large. But when the server can't be reached either, knows no such
//! session, or has sent what never arrives, time and again, pg_dump is ended. That the server
//! refuses to be asked is no such answer; only after hours is it taken for one.

mod question;
mod silence;

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use shared::connection::Conninfo;
use shared::programs::Program;
use shared::units::human_duration;
use shared::{Context, Error, Result};

use self::question::{Answer, Doing, Unknown, ask};
pub use self::silence::{Clock, growth};

/// Soon after its start pg_dump's session is looked for, to be missed later.
const EARLY: Duration = Duration::from_secs(5);
/// How many bad answers in a row are believed.
const STRIKES: u32 = 2;
/// The same where pg_dump's session was never seen, which may have another name than we think.
const UNSEEN: u32 = 6;
/// pg_dump may think so many times its patience, between two questions, about what it knows, and
/// wait as long for a disk.
const THINKING: u32 = 10;
/// How long pg_dump may be silent where nobody can ask: elsewhere, or as the server refuses us.
const BLIND: Duration = Duration::from_secs(6 * 3600);

/// Where pg_dump connects, and what its sessions are called.
#[derive(Debug, Clone)]
pub struct Watched {
    pub conninfo: Conninfo,
    pub application_name: String,
    /// The pg_dump that runs elsewhere: then the psql beside it asks.
    pub elsewhere: Option<Program>,
    /// How long it may be silent before the server is asked.
    pub patience: Duration,
    /// Whether it writes files itself: its silence may be a disk's.
    pub writes_files: bool,
}

/// Watches one pg_dump, or a reading of our own, until it is dropped.
pub struct Watch {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    over: Mutex<bool>,
    ended: Condvar,
    lost: Mutex<Option<Error>>,
}

impl Watch {
    /// Watches; `silence` tells how long nothing has come, zero while it is not waited for. `end`
    /// is done when nothing will come any more.
    pub fn start(
        watched: Watched,
        end: impl FnOnce() + Send + 'static,
        silence: impl FnMut() -> Duration + Send + 'static,
    ) -> Result<Self> {
        let shared = Arc::new(Shared::default());
        let watch = Self {
            shared: Arc::clone(&shared),
        };
        let thread = thread::Builder::new().name("watch".into());
        let spawned = thread.spawn(move || shared.watch(&watched, end, silence));
        spawned.context(|| "could not start a thread".into())?;
        Ok(watch)
    }

    /// Why pg_dump was ended, if it was.
    pub fn lost(&self) -> Option<Error> {
        lock(&self.shared.lost).clone()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        *lock(&self.shared.over) = true;
        self.shared.ended.notify_all();
    }
}

impl Shared {
    fn watch(&self, watched: &Watched, end: impl FnOnce(), mut silence: impl FnMut() -> Duration) {
        if self.is_over_within(watched.patience.min(EARLY)) {
            return;
        }
        let mut seen = ask(watched).is_ok_and(|sessions| sessions.iter().any(|one| one.is_named));
        let mut strikes = Strikes::default();
        while !self.is_over_within(watched.patience) {
            let silent = silence();
            if silent < watched.patience {
                strikes = Strikes::default();
                continue;
            }
            let answer = ask(watched);
            if let Ok(sessions) = &answer {
                seen |= sessions.iter().any(|session| session.is_named);
            }
            let Some(trouble) = judge(answer, seen, silent, watched) else {
                strikes = Strikes::default();
                continue;
            };
            if strikes.are_enough(trouble.believed_after) {
                *lock(&self.lost) = Some(lost(silent, &trouble.words));
                return end();
            }
        }
    }

    fn is_over_within(&self, time: Duration) -> bool {
        let over = lock(&self.over);
        let waited = self.ended.wait_timeout_while(over, time, |over| !*over);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

fn lost(silent: Duration, trouble: &str) -> Error {
    let silent = human_duration(Duration::from_secs(silent.as_secs()));
    Error::new(format!(
        "lost the connection to the server: nothing came for {silent}, and {trouble}"
    ))
    .with_hint(
        "something in between has dropped it, a proxy, a VPN or a firewall; connect around it, or \
         have it keep idle connections longer",
    )
}

/// Answers of one kind in a row.
#[derive(Default)]
struct Strikes {
    count: u32,
    believed_after: u32,
}

impl Strikes {
    /// Whether another answer that is believed after so many is the last.
    fn are_enough(&mut self, believed_after: u32) -> bool {
        if self.believed_after != believed_after {
            *self = Self {
                count: 0,
                believed_after,
            };
        }
        self.count += 1;
        self.count >= believed_after
    }
}

/// What an answer says against waiting.
struct Trouble {
    words: String,
    /// How many such answers in a row are believed.
    believed_after: u32,
}

/// Why nothing will come any more, if that may be so.
fn judge(answer: Answer, seen: bool, silent: Duration, watched: &Watched) -> Option<Trouble> {
    let (words, believed_after) = match answer {
        // It may be there by another name, such as a pooler gives.
        Ok(sessions) if !seen => match sessions.is_empty() {
            true => ("the server has no session of pg_dump".into(), UNSEEN),
            false => return None,
        },
        Ok(mut sessions) => {
            sessions.retain(|session| session.is_named);
            (trouble(&sessions, silent, watched)?, STRIKES)
        }
        Err(Unknown::Refused(_)) if silent < BLIND => return None,
        Err(Unknown::Refused(why)) => (format!("the server refuses to be asked: {why}"), STRIKES),
        Err(Unknown::Unreachable(why)) => {
            let words = format!("it can't be asked: {why}");
            match (&watched.elsewhere, seen) {
                (None, _) => (words, STRIKES),
                (Some(_), true) => (words, UNSEEN),
                // There may be no psql at all.
                (Some(_), false) if silent < BLIND => return None,
                (Some(_), false) => (words, STRIKES),
            }
        }
    };
    Some(Trouble {
        words,
        believed_after,
    })
}

/// Why nothing will come any more, if that is so: no session works for pg_dump or waits for a
/// pg_dump that may be thinking, or writing.
fn trouble(sessions: &[Doing], silent: Duration, watched: &Watched) -> Option<String> {
    let thinking = watched.patience * THINKING;
    let may_be_writing = watched.writes_files && silent < thinking;
    let is_alive = |doing: &Doing| match doing.is_active {
        true => !doing.is_sending || may_be_writing,
        false => doing.since < thinking,
    };
    if sessions.iter().any(is_alive) {
        return None;
    }
    Some(match sessions.iter().any(|doing| doing.is_active) {
        true => "what the server sends does not arrive".into(),
        false if sessions.is_empty() => "the server has no session of pg_dump any more".into(),
        false => "the server waits for pg_dump, and pg_dump for the server".into(),
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use shared::programs::Version;

    use super::*;

    fn doing(is_active: bool, is_sending: bool, seconds: u64) -> Doing {
        Doing {
            is_named: true,
            is_active,
            is_sending,
            since: Duration::from_secs(seconds),
        }
    }

    #[test]
    fn a_server_that_works_is_waited_for() {
        let silent = Duration::from_secs(120);
        let watched = watched(false);
        for (sessions, words) in [
            (&[doing(true, false, 9000)][..], None),
            (&[doing(false, false, 599)], None),
            (&[doing(true, true, 1), doing(true, false, 1)], None),
            (&[doing(false, false, 9000), doing(true, false, 1)], None),
            (&[], Some("no session")),
            (&[doing(true, true, 1)], Some("does not arrive")),
            (&[doing(false, false, 9000)], Some("waits for pg_dump")),
        ] {
            let trouble = trouble(sessions, silent, &watched);
            assert_eq!(trouble.is_some(), words.is_some(), "{sessions:?}");
            if let (Some(trouble), Some(words)) = (trouble, words) {
                assert!(trouble.contains(words), "{trouble}");
            }
        }
    }

    pub(super) fn watched(writes_files: bool) -> Watched {
        Watched {
            conninfo: Conninfo::for_cluster(Path::new("/tmp"), 5432, "u", "d"),
            application_name: "pg_dump".into(),
            elsewhere: None,
            patience: Duration::from_secs(60),
            writes_files,
        }
    }

    #[test]
    fn who_was_never_seen_is_missed_later() {
        let silent = Duration::from_secs(120);
        let mut watched = watched(false);
        let stranger = Doing {
            is_named: false,
            ..doing(true, false, 1)
        };
        let none = || Ok(Vec::new());
        let failed = || Err(Unknown::Unreachable("no route".into()));
        let after = |answer, seen, watched: &Watched| {
            judge(answer, seen, silent, watched).map(|trouble| trouble.believed_after)
        };
        assert_eq!(after(none(), false, &watched), Some(UNSEEN));
        assert_eq!(after(Ok(vec![stranger]), false, &watched), None);
        assert_eq!(after(Ok(vec![stranger]), true, &watched), Some(STRIKES));
        assert_eq!(after(failed(), false, &watched), Some(STRIKES));
        watched.elsewhere = Some(Program {
            words: vec!["ssh".into(), "pg_dump".into()],
            name: "pg_dump".into(),
            version: Version::parse("15.1").unwrap(),
        });
        assert_eq!(after(failed(), false, &watched), None);
        assert_eq!(after(failed(), true, &watched), Some(UNSEEN));
    }

    #[test]
    fn a_server_that_refuses_to_be_asked_may_be_at_work() {
        let watched = watched(false);
        let refused = || Err(Unknown::Refused("sorry, too many clients already".into()));
        for seen in [false, true] {
            let hours = |hours: u64| Duration::from_secs(hours * 3600);
            assert!(judge(refused(), seen, hours(5), &watched).is_none());
            let trouble = judge(refused(), seen, hours(6), &watched).unwrap();
            assert_eq!(trouble.believed_after, STRIKES);
            assert!(trouble.words.contains("refuses to be asked: sorry"));
        }
    }

    #[test]
    fn answers_of_one_kind_are_counted() {
        let mut strikes = Strikes::default();
        assert!(!strikes.are_enough(3) && !strikes.are_enough(3));
        assert!(!strikes.are_enough(2) && !strikes.are_enough(3));
        assert!(!strikes.are_enough(2) && strikes.are_enough(2));
    }

    #[test]
    fn a_disk_that_stalls_is_waited_for() {
        let sending = [doing(true, true, 9000)];
        for (writes_files, silent, is_lost) in [
            (false, 120, true),
            (true, 120, false),
            (true, 599, false),
            (true, 600, true),
        ] {
            let trouble = trouble(
                &sending,
                Duration::from_secs(silent),
                &watched(writes_files),
            );
            assert_eq!(trouble.is_some(), is_lost, "{silent} s");
        }
    }
}
