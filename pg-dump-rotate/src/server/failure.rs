//! What to do about a dump that failed, where pg_dump itself does not say so.

use std::time::Duration;

use shared::Error;
use shared::connection::{Conninfo, Session, SessionOptions};
use shared::units::human_duration;

use super::locks;
use super::surroundings::Surroundings;

/// What was asked for, as far as it matters for what to do next.
pub struct Attempt<'a> {
    pub conninfo: &'a Conninfo,
    pub surroundings: &'a Surroundings,
    pub lock_wait: Duration,
}

impl Attempt<'_> {
    /// The error of a dump with what is to be done about it, as far as that can be told.
    pub fn explain(&self, error: Error) -> Error {
        let said = format!("{} {}", error.message(), error.detail().unwrap_or_default());
        match self.remedy(&said) {
            Some(remedy) => error.with_hint(remedy),
            None => error,
        }
    }

    fn remedy(&self, said: &str) -> Option<String> {
        let says = |words: &str| said.contains(words);
        let waited = ["statement timeout", "lock timeout", "could not obtain lock"];
        let waited = waited.iter().any(|words| says(words));
        if says("LOCK TABLE") && waited {
            return Some(self.locked(said));
        }
        if says("conflict with recovery") {
            return Some(self.conflict());
        }
        // A session that is between two queries is ended, and often can't say why.
        if self.surroundings.is_standby && says("server closed the connection unexpectedly") {
            let conflict = self.conflict();
            return Some(format!(
                "the standby may have ended it to go on with its recovery: {conflict}"
            ));
        }
        if says("does not exist") && (says("relation") || says("schema")) {
            return Some("somebody dropped it while the dump began: run it again".into());
        }
        None
    }

    /// Who is in the way is asked at once: he may be gone in a moment.
    fn locked(&self, said: &str) -> String {
        let waited = human_duration(self.lock_wait);
        let longer = format!("end that, or give --lock-wait more than {waited}");
        let options = SessionOptions {
            application_name: "pg-dump-rotate".into(),
            read_only: true,
            ..SessionOptions::default()
        };
        let found = Session::open(self.conninfo, &options)
            .and_then(|mut session| locks::holders(&mut session, said));
        match found.as_deref() {
            Ok([first, ..]) => format!("{}; {longer}", first.sentence()),
            _ => format!(
                "somebody held a lock on a table for longer than --lock-wait ({waited}), and is \
                 gone by now: run it again, or when nobody changes tables"
            ),
        }
    }

    fn conflict(&self) -> String {
        let delay = &self.surroundings.max_standby_streaming_delay;
        let feedback = match self.surroundings.hot_standby_feedback {
            true => "",
            false => "hot_standby_feedback = on, and ",
        };
        format!(
            "on the standby, set {feedback}max_standby_streaming_delay (now {delay}) to longer \
             than the dump takes, or -1; or dump from the primary"
        )
    }
}
