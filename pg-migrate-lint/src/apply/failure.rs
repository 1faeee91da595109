//! What a server refused, and where that stands in a file.

use postgres::Client;
use postgres::error::{ErrorPosition, Severity};
use shared::{Context as _, Error};

use super::script::Script;
use super::step::{Sort, Step};

/// What a server refused.
#[derive(Debug)]
pub struct Refusal {
    /// In its words; [`Error::sqlstate`] has the code.
    pub error: Error,
    /// The character of the statement that it is about, from 1.
    pub position: Option<u32>,
    /// Whether the session has ended.
    pub is_closed: bool,
}

impl Refusal {
    /// What a client got for an answer.
    pub fn of(error: postgres::Error, client: &Client) -> Self {
        let position = error.as_db_error().and_then(|error| error.position());
        let position = match position {
            Some(ErrorPosition::Original(position)) => Some(*position),
            _ => None,
        };
        let severity = error
            .as_db_error()
            .and_then(|error| error.parsed_severity());
        let is_fatal = matches!(severity, Some(Severity::Fatal | Severity::Panic));
        let is_closed = is_fatal || client.is_closed() || error.is_closed();
        let error = match is_closed && error.as_db_error().is_none() {
            true => Error::new("the session ended while the statement ran"),
            false => Error::from(error),
        };
        Self {
            error,
            position,
            is_closed,
        }
    }
}

impl Refusal {
    /// What we say against it ourselves.
    pub fn of_ours(error: Error) -> Self {
        Self {
            error,
            position: None,
            is_closed: false,
        }
    }
}

/// Where a script stopped, and why.
#[derive(Debug)]
pub struct Failure {
    /// The file, as it was named.
    pub file: String,
    /// The line that it is about, from 1.
    pub line: usize,
    /// Which of the script's steps; that of the last one where the end of the transaction failed.
    pub step: usize,
    /// The statement; `COMMIT` where the runner's own failed.
    pub statement: String,
    /// In the server's words.
    pub error: Error,
    /// Whether the session has ended with it.
    pub is_closed: bool,
}

impl Failure {
    /// Of a step.
    pub fn of(script: &Script, number: usize, step: &Step, refusal: Refusal) -> Self {
        let characters = refusal.position.map_or(0, |position| position.max(1) - 1);
        let mut before = step.text.char_indices();
        let offset = before.nth(characters as usize).map_or(0, |(at, _)| at);
        Self {
            file: script.source.path.clone(),
            line: script.source.lines().line(step.place.start + offset),
            step: number,
            statement: step.text.clone(),
            error: refusal.error,
            is_closed: refusal.is_closed,
        }
    }

    /// Of a transaction that the script begins and does not end.
    pub fn of_begin(script: &Script) -> Self {
        let is_begin = |step: &&Step| {
            step.sort == Sort::Begin || matches!(step.sort, Sort::End { chain: true, .. })
        };
        let last = script.steps.iter().rfind(is_begin);
        let start = last.map_or(0, |step| step.place.start);
        let error = Error::new(
            "the transaction that begins here is not ended: what is done in it is lost with the session",
        );
        Self {
            file: script.source.path.clone(),
            line: script.source.lines().line(start),
            step: script.steps.len().saturating_sub(1),
            statement: last.map_or("BEGIN", |step| &step.text).to_string(),
            error: error.with_hint("end it with COMMIT"),
            is_closed: false,
        }
    }

    /// Of the COMMIT behind a script's last statement.
    pub fn of_commit(script: &Script, refusal: Refusal) -> Self {
        let last = script.steps.last().map_or(0, |step| step.place.start);
        Self {
            file: script.source.path.clone(),
            line: script.source.lines().line(last),
            step: script.steps.len().saturating_sub(1),
            statement: "COMMIT".to_string(),
            error: refusal.error,
            is_closed: refusal.is_closed,
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let Failure {
            file, line, error, ..
        } = failure;
        let failed: Result<(), Self> = Err(error);
        let failed = failed.context(|| format!("{file}:{line}"));
        failed.err().unwrap_or_else(|| Self::new(file))
    }
}
