//! What the server is asked of pg_dump's sessions, and what it says.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use postgres::types::Type;
use shared::connection::{Session, SessionOptions};
use shared::dump::quote_literal;
use shared::programs::Program;
use shared::units::human_duration;
use shared::{Error, Result};

use super::Watched;
use crate::psql;

const SESSIONS: &str = include_str!("../../sql/dump_sessions.sql");
/// What psql repeats of a server that lets nobody in, and no network says, nor a container or a shell.
const REFUSED: &str = "FATAL:";

/// What a session of the user does, who is pg_dump's too.
#[derive(Debug, Clone, Copy)]
pub(super) struct Doing {
    /// It is called as pg_dump's are.
    pub is_named: bool,
    pub is_active: bool,
    /// It waits for somebody to take what it sends.
    pub is_sending: bool,
    /// For how long it has been active, or not.
    pub since: Duration,
}

/// What the server says of its sessions.
pub(super) type Answer = std::result::Result<Vec<Doing>, Unknown>;

/// Why it says nothing of them.
#[derive(Debug)]
pub(super) enum Unknown {
    /// It refuses to be asked: no room for another session, it is ending or beginning, the role may
    /// not connect any more. It lives, and what it does for pg_dump is not known.
    Refused(String),
    Unreachable(String),
}

impl From<Error> for Unknown {
    fn from(error: Error) -> Self {
        let message = error.message().to_string();
        match error.sqlstate() {
            Some(_) => Self::Refused(message),
            None => Self::Unreachable(message),
        }
    }
}

/// Asks the server, within the time in which it would be reached.
pub(super) fn ask(watched: &Watched) -> Answer {
    let (sender, receiver) = channel();
    let copy = watched.clone();
    // One that never hears an answer is left alone.
    let spawned = thread::Builder::new().name("ask".into()).spawn(move || {
        sender.send(match &copy.elsewhere {
            Some(pg_dump) => sessions_by_psql(pg_dump, &copy),
            None => sessions(&copy).map_err(Unknown::from),
        })
    });
    spawned.map_err(Error::from)?;
    match receiver.recv_timeout(watched.patience) {
        Ok(answer) => answer,
        Err(RecvTimeoutError::Timeout) => Err(Unknown::Unreachable(format!(
            "no answer within {}",
            human_duration(watched.patience)
        ))),
        Err(RecvTimeoutError::Disconnected) => {
            Err(Unknown::Unreachable("the question was lost".into()))
        }
    }
}

fn sessions(watched: &Watched) -> Result<Vec<Doing>> {
    let options = SessionOptions {
        application_name: "pg-dump-rotate".into(),
        read_only: true,
        ..SessionOptions::default()
    };
    let mut session = Session::open(&watched.conninfo, &options)?;
    let name = &watched.application_name;
    let rows = session
        .client()
        .query_typed(SESSIONS, &[(name, Type::TEXT)])?;
    let doing = rows.iter().map(|row| {
        Ok(Doing {
            is_named: row.try_get("is_named")?,
            is_active: row.try_get("is_active")?,
            is_sending: row.try_get("is_sending")?,
            since: seconds(row.try_get("seconds")?),
        })
    });
    doing.collect()
}

fn sessions_by_psql(pg_dump: &Program, watched: &Watched) -> Answer {
    let start = SESSIONS.find("SELECT").unwrap_or(0);
    let question = SESSIONS[start..].replace("$1", &quote_literal(&watched.application_name));
    let limit = Some(watched.patience);
    let (finished, said) = psql::ask(pg_dump, &watched.conninfo, &[&question], limit)?;
    let is_refused = finished.stderr.contains(REFUSED);
    if let Err(error) = finished.success_or(|| "could not ask what pg_dump does".into()) {
        return Err(match is_refused {
            true => Unknown::Refused(error.in_one_line()),
            false => error.into(),
        });
    }
    let fields: Vec<&str> = said.split('\0').collect();
    let rows = fields.chunks_exact(4);
    let doing = rows.map(|row| Doing {
        is_named: row[0] == "t",
        is_active: row[1] == "t",
        is_sending: row[2] == "t",
        since: seconds(row[3].parse().unwrap_or_default()),
    });
    Ok(doing.collect())
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {

    use shared::programs::Version;

    use super::super::tests::watched;
    use super::*;

    #[test]
    fn psql_tells_a_server_that_refuses_from_one_that_is_not_there() {
        let bin = tempfile::tempdir().unwrap();
        let psql = bin.path().join("psql");
        let pg_dump = Program {
            words: vec!["env".into(), bin.path().join("pg_dump").into()],
            name: "pg_dump".into(),
            version: Version::parse("15.1").unwrap(),
        };
        let answer = |says: &str| {
            let version = "[ \"$1\" = --version ] && exec echo psql 15.1";
            ::tests::write_script(
                &psql,
                format!("#!/bin/sh\n{version}\necho '{says}' >&2\nexit 2\n"),
            );
            sessions_by_psql(&pg_dump, &watched(false)).unwrap_err()
        };
        let refused = answer("psql: error: connection failed: FATAL:  sorry, too many clients");
        assert!(matches!(refused, Unknown::Refused(_)), "{refused:?}");
        let missing = answer("psql: error: could not connect: No route to host");
        assert!(matches!(missing, Unknown::Unreachable(_)), "{missing:?}");
    }
}
