//! What of a recovery's failure lies with this machine.

use shared::error::Kind;
use shared::{Error, signals};

use super::limit::Limit;
use super::target;
use super::words::Words;
use crate::restore::{may_be_of_end, server_gone};
use crate::room::MAKE_ROOM;
use crate::server::Server;

/// The error of a server that ended for want of something here, or that somebody ended.
pub fn own_trouble(words: &Words<'_>) -> Option<Error> {
    const FULL: [&str; 6] = [
        "No space left on device",
        "Disk quota exceeded",
        "could not extend file",
        "shared memory",
        "out of memory",
        "Cannot allocate memory",
    ];
    const LACKING: [&str; 4] = [
        "Too many open files",
        "could not fork",
        "could not access file",
        "could not load library",
    ];
    let did_not_start = |last| Error::new(format!("the temporary server did not start: {last}"));
    let error = match (words.last(), words.ended_by()) {
        (Some(last), _) if FULL.iter().any(|sign| last.contains(sign)) => {
            did_not_start(last).with_hint(MAKE_ROOM)
        }
        (Some(last), _) if LACKING.iter().any(|sign| last.contains(sign)) => did_not_start(last),
        // By who looks after memory, as a rule; or all of it, without a word.
        (None, Some("9" | "15") | None) => {
            Error::new("the temporary server was ended before its recovery was")
                .with_hint("the kernel does so where memory is short: its log tells")
        }
        _ => return None,
    };
    Some(error.of_machine())
}

/// In other words, if what failed did so because the server that had recovered is gone or has no room.
pub fn explained(server: &Server, error: Error) -> Error {
    if signals::check().is_err() || error.kind() == Kind::BrokenPipe {
        return error;
    }
    let is_gone = may_be_of_end(&error) && server.connect_to_server().is_err();
    let error = match is_gone {
        true => server_gone(error.in_one_line()),
        false => error,
    };
    error.of_machine()
}

impl Limit {
    /// Whether it ends the WAL: damage before it would.
    pub fn is_end(&self, words: &Words<'_>) -> bool {
        let said = words.damage().filter(|_| self.lsn.is_some());
        let mut places = said
            .unwrap_or_default()
            .split([' ', ':'])
            .filter_map(target::lsn);
        said.is_none() || places.any(|place| Some(place) == self.lsn)
    }
}

/// The error of WAL that would lead the server to another one's files.
pub fn own_tablespace(limit: &Limit) -> Error {
    let Limit {
        file, directory, ..
    } = limit;
    Error::new(format!(
        "{file} creates a tablespace in {directory}, which the recovered server would use on this machine"
    ))
    .with_hint(
        "recover to a moment before that, or take a base backup after it: its tablespaces are put elsewhere",
    )
    .of_machine()
}
