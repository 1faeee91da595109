//! A signal to a session that still is what was seen, and to no other.
//!
//! The process number alone names nobody: it is given out again, and a pooler lends the same session to
//! the next client within milliseconds. So the server itself compares when the session and its transaction
//! began in the statement that signals.

use std::time::SystemTime;

use postgres::types::Type;
use shared::connection::Session as Connection;
use shared::time::Time;
use shared::{Error, Result};

use crate::snapshot::Session;

/// SQLSTATE insufficient_privilege.
const DENIED: &str = "42501";

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Ends the statement.
    Cancel,
    /// Ends the session.
    Terminate,
}

/// What a session must still be when it is signalled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// Its process.
    pub pid: i32,
    /// The session began then.
    pub backend_start: Time,
    /// Its transaction began then; none if it is in none.
    pub xact_start: Option<Time>,
    /// It has been in its state since then, where that matters.
    pub state_change: Option<Time>,
    /// Its statement began then: needed to cancel that one and no other.
    pub query_start: Option<Time>,
    /// It must wait: it was chosen because it does.
    pub waits: bool,
}

/// Whom the statement lets pass, whatever it is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Passes {
    /// Superusers.
    pub superusers: bool,
    /// Autovacuum workers that don't prevent wraparound.
    pub autovacuum: bool,
}

/// What the server said.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// The signal was sent.
    Sent,
    /// The session had ended.
    Gone,
    /// It is something else now.
    Changed(&'static str),
    /// It is a session of a kind that is never ended, or not without a flag.
    Protected,
    /// We may not; the server's words.
    Denied(String),
}

impl Guard {
    /// What identifies this session and what it is in; an error in words where it doesn't suffice. With
    /// `by_state` it must not have done anything since either, because it was chosen by what it does.
    pub fn of(session: &Session, by_state: bool) -> std::result::Result<Self, String> {
        let Some(backend_start) = session.backend_start else {
            return Err("when it began can't be seen".into());
        };
        let is_worker = session.backend_type != "client backend";
        let state = session.state.as_deref().unwrap_or_default();
        if !is_worker && matches!(state, "" | "disabled") {
            return Err("what it does can't be seen: is track_activities off for it?".into());
        }
        let rests = session.xact_start.is_none();
        let state_change = (rests || by_state).then_some(session.state_change);
        if state_change == Some(None) && !is_worker {
            return Err("since when it has been in its state can't be seen".into());
        }
        Ok(Self {
            pid: session.pid,
            backend_start,
            xact_start: session.xact_start,
            state_change: state_change.flatten(),
            query_start: None,
            waits: false,
        })
    }

    /// The same for this very statement.
    pub fn with_statement(mut self, session: &Session) -> std::result::Result<Self, String> {
        let Some(start) = session.query_start else {
            return Err("when its statement began can't be seen".into());
        };
        self.query_start = Some(start);
        Ok(self)
    }

    /// The same for whatever statement it runs by now.
    pub fn without_statement(&self) -> Self {
        Self {
            query_start: None,
            waits: false,
            state_change: self.state_change.filter(|_| self.xact_start.is_none()),
            ..self.clone()
        }
    }
}

/// Sends the signal if all of the guard still holds.
pub fn send(
    connection: &mut Connection,
    guard: &Guard,
    signal: Signal,
    passes: Passes,
) -> Result<Answer> {
    let time = |time: Option<Time>| time.map(SystemTime::from);
    let (start, xact) = (time(Some(guard.backend_start)), time(guard.xact_start));
    let (state, query) = (time(guard.state_change), time(guard.query_start));
    let terminates = signal == Signal::Terminate;
    let rows = connection.client().query_typed(
        include_str!("../sql/signal.sql"),
        &[
            (&guard.pid, Type::INT4),
            (&start, Type::TIMESTAMPTZ),
            (&xact, Type::TIMESTAMPTZ),
            (&state, Type::TIMESTAMPTZ),
            (&query, Type::TIMESTAMPTZ),
            (&passes.superusers, Type::BOOL),
            (&passes.autovacuum, Type::BOOL),
            (&terminates, Type::BOOL),
            (&guard.waits, Type::BOOL),
        ],
    );
    let rows = match rows.map_err(Error::from) {
        Err(error) if error.sqlstate() == Some(DENIED) => {
            return Ok(Answer::Denied(error.in_one_line()));
        }
        rows => rows?,
    };
    let Some(row) = rows.first() else {
        return Ok(Answer::Gone);
    };
    let holds = |column: &str| row.try_get::<_, bool>(column);
    Ok(match row.try_get::<_, Option<bool>>("was_signalled")? {
        Some(true) => Answer::Sent,
        Some(false) => Answer::Gone,
        None if !holds("is_same_session")? => Answer::Gone,
        None if !holds("is_same_transaction")? => {
            Answer::Changed("it is in another transaction, or in none")
        }
        None if !holds("is_same_state")? => Answer::Changed("it has done something since"),
        None => Answer::Protected,
    })
}

#[cfg(test)]
mod tests;
