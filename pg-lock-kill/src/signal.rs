//! A signal to a session that still is what was seen, and to no other.
//!
//! The process number alone names nobody: it is given out again, and a pooler lends the same session to
//! the next client within milliseconds. So the server itself compares when the session and its transaction
//! began in the statement that signals.

use std::time::SystemTime;

use postgres::types::Type;
use postgres::{Client, Row};
use shared::Result;
use shared::time::Time;

use crate::connection::Connection;
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
    /// It is in another transaction.
    Changed(&'static str),
    /// It is in the same one, but not at what it was at.
    Active(&'static str),
    /// It is in the same one, and does not wait at the moment.
    Waitless,
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

/// So many at most are signalled by one statement, which takes it a fraction of a millisecond: how long
/// what it compares may be old.
pub const AT_ONCE: usize = 20;

/// Sends the signals to those of whom all of the guard still holds; an answer for each.
pub fn send(
    connection: &mut Connection,
    shots: &[(Guard, Signal)],
    passes: Passes,
) -> Result<Vec<Answer>> {
    match send_together(connection, shots, passes) {
        Err(error) if error.sqlstate() == Some(DENIED) => match shots {
            [_] => Ok(vec![Answer::Denied(error.in_one_line())]),
            _ => one_by_one(connection, shots, passes),
        },
        answers => answers,
    }
}

/// One of them was refused, and that ended the statement: those before it have had their signal, which
/// does no harm a second time.
fn one_by_one(
    connection: &mut Connection,
    shots: &[(Guard, Signal)],
    passes: Passes,
) -> Result<Vec<Answer>> {
    let mut answers = Vec::new();
    let mut was_refused = false;
    for shot in shots {
        let answer = send(connection, std::slice::from_ref(shot), passes)?.pop();
        let answer = answer.unwrap_or(Answer::Gone);
        was_refused |= matches!(answer, Answer::Denied(_));
        answers.push(match answer {
            Answer::Gone | Answer::Changed(_) | Answer::Active(_) | Answer::Waitless
                if !was_refused =>
            {
                Answer::Sent
            }
            answer => answer,
        });
    }
    Ok(answers)
}

fn send_together(
    connection: &mut Connection,
    shots: &[(Guard, Signal)],
    passes: Passes,
) -> Result<Vec<Answer>> {
    let asked = shots.to_vec();
    let rows = connection.ask(move |server| ask(server.client(), &asked, passes))?;
    // Of whom there is no row, there is no process.
    let mut answers: Vec<Answer> = shots.iter().map(|_| Answer::Gone).collect();
    for row in &rows {
        let place: i64 = row.try_get("place")?;
        let known = usize::try_from(place - 1).ok();
        if let Some(one) = known.and_then(|place| answers.get_mut(place)) {
            *one = answer(row)?;
        }
    }
    Ok(answers)
}

fn ask(client: &mut Client, shots: &[(Guard, Signal)], passes: Passes) -> Result<Vec<Row>> {
    let times = |time: fn(&Guard) -> Option<Time>| -> Vec<Option<SystemTime>> {
        let times = shots.iter().map(|(guard, _)| time(guard));
        times.map(|time| time.map(SystemTime::from)).collect()
    };
    let guards = || shots.iter().map(|(guard, _)| guard);
    let pids: Vec<i32> = guards().map(|guard| guard.pid).collect();
    let waits: Vec<bool> = guards().map(|guard| guard.waits).collect();
    let terminates: Vec<bool> = shots
        .iter()
        .map(|(_, signal)| *signal == Signal::Terminate)
        .collect();
    let rows = client.query_typed(
        include_str!("../sql/signal.sql"),
        &[
            (&pids, Type::INT4_ARRAY),
            (
                &times(|guard| Some(guard.backend_start)),
                Type::TIMESTAMPTZ_ARRAY,
            ),
            (&times(|guard| guard.xact_start), Type::TIMESTAMPTZ_ARRAY),
            (&times(|guard| guard.state_change), Type::TIMESTAMPTZ_ARRAY),
            (&times(|guard| guard.query_start), Type::TIMESTAMPTZ_ARRAY),
            (&waits, Type::BOOL_ARRAY),
            (&terminates, Type::BOOL_ARRAY),
            (&passes.superusers, Type::BOOL),
            (&passes.autovacuum, Type::BOOL),
        ],
    )?;
    Ok(rows)
}

fn answer(row: &Row) -> Result<Answer> {
    let holds = |column: &str| row.try_get::<_, bool>(column);
    Ok(match row.try_get::<_, Option<bool>>("was_signalled")? {
        Some(true) => Answer::Sent,
        Some(false) => Answer::Gone,
        None if !holds("is_same_session")? => Answer::Gone,
        None if !holds("is_same_transaction")? => {
            Answer::Changed("it is in another transaction, or in none")
        }
        None if holds("is_same_state")? && !holds("is_same_wait")? => Answer::Waitless,
        None if !holds("is_same_state")? => Answer::Active("it has done something since"),
        None => Answer::Protected,
    })
}

#[cfg(test)]
mod tests;
