//! Names in databases that we are not connected to: a connection for each.
//!
//! Where they are only shown, nobody is kept waiting for them: it may be that very database that hangs. Where they
//! decide who matches, a slow machine takes its time.

use std::collections::BTreeMap;
use std::panic;
use std::thread;
use std::time::{Duration, Instant};

use shared::connection::{Conninfo, Session as Server, SessionOptions, within};
use shared::{Context, Error, Result, signals};

use super::objects::{self, Place};
use super::{Names, Trouble, keep};
use crate::connection::Connection;
use crate::lookout::{LONGEST_STATEMENT, LONGEST_WAIT};
use crate::snapshot::{Row, Snapshot, query_of};

/// More databases than that are not connected to for names that are only shown.
const MOST_DATABASES: usize = 8;

/// So many are looked into at a time: each costs the server a connection.
const AT_ONCE: usize = 4;

/// So long is waited for such names behind a lock, and for those of all databases together.
const PATIENCE_WITH_LOCKS: Duration = Duration::from_millis(500);
const PATIENCE_FOR_ALL: Duration = Duration::from_secs(3);

/// What the server says of a statement that waited too long, for a lock or otherwise.
const LATE: [&str; 2] = ["55P03", "57014"];

/// Looks into these databases; what there is to say about those where that was in vain.
pub fn resolve(
    snapshot: &mut Snapshot,
    connection: &Connection,
    known: &mut Names,
    missing: BTreeMap<u32, Vec<Place>>,
    decides: bool,
) -> Result<Option<Trouble>> {
    let end = Instant::now() + PATIENCE_FOR_ALL;
    let mut missing: Vec<_> = missing.into_iter().collect();
    let beyond = match decides {
        true => Vec::new(),
        false => missing.split_off(missing.len().min(MOST_DATABASES)),
    };
    let mut answers = Vec::new();
    for some in missing.chunks(AT_ONCE) {
        let patience = match decides {
            true => connection.patience(),
            false => end.saturating_duration_since(Instant::now()),
        };
        let (here, place) = (&*snapshot, connection.place());
        let look = |wanted| look(here, place, wanted, (patience, decides));
        answers.extend(thread::scope(|scope| {
            let looks = some.iter().map(|wanted| scope.spawn(move || look(wanted)));
            let looks: Vec<_> = looks.collect();
            let answers = looks.into_iter().map(|look| match look.join() {
                Ok(answer) => answer,
                Err(panic) => panic::resume_unwind(panic),
            });
            answers.collect::<Vec<_>>()
        }));
        signals::check()?;
    }
    let too_many = || Err(Error::new("there are too many databases"));
    answers.extend(beyond.iter().map(|_| too_many()));
    let mut troubles = Vec::new();
    for ((database, places), answer) in missing.iter().chain(&beyond).zip(answers) {
        let database = *database;
        match answer {
            Ok((names, renamed)) => {
                keep(known, places, names);
                objects::add_renamed(snapshot, database, &renamed)?;
            }
            Err(error) => {
                snapshot.unnamed.push(database);
                keep(known, places, Vec::new());
                troubles.push((
                    error.sqlstate().is_none_or(|state| LATE.contains(&state)),
                    error,
                ));
            }
        }
    }
    Ok(told(&troubles))
}

type Answer = (Vec<((u32, u32), String)>, Vec<Row>);

/// Names in a database that we are not connected to; it may be forbidden, or gone by now.
fn look(
    snapshot: &Snapshot,
    place: &Conninfo,
    (database, places): &(u32, Vec<Place>),
    (patience, decides): (Duration, bool),
) -> Result<Answer> {
    let mut databases = snapshot.databases.iter();
    let Some((_, name)) = databases.find(|(number, _)| number == database) else {
        return Err(Error::new("there is no such database any more"));
    };
    let Some(statement) = objects::statement(places, snapshot.server_version_num) else {
        return Ok((Vec::new(), Vec::new()));
    };
    let renamed = decides.then(|| objects::statement_of_renamed(places));
    let statements = statement + &renamed.flatten().unwrap_or_default();
    let (lock_timeout, statement_timeout) = match decides {
        true => (LONGEST_WAIT, LONGEST_STATEMENT),
        false => (PATIENCE_WITH_LOCKS, PATIENCE_FOR_ALL),
    };
    let options = SessionOptions {
        lock_timeout,
        statement_timeout,
        ..SessionOptions::default()
    };
    let there = place.with_database(name);
    let answered = within(Some(patience), move || {
        Server::open(&there, &options).and_then(|mut there| query_of(&mut there, &statements))
    });
    let answered: Result<Vec<Vec<Row>>> = answered.and_then(|answer| answer);
    let mut answer = answered
        .context(|| format!("the database {name:?}"))?
        .into_iter();
    let named = objects::named(&answer.next().unwrap_or_default())?;
    Ok((named, answer.next().unwrap_or_default()))
}

/// Of the first one that may be otherwise the next time, else of the first.
fn told(troubles: &[(bool, Error)]) -> Option<Trouble> {
    let mut passing = troubles.iter().filter(|(passes, _)| *passes);
    let (passes, error) = passing.next().or(troubles.first())?;
    let more = match troubles.len() - 1 {
        0 => String::new(),
        more => format!("; and so it is with {more} more databases"),
    };
    Some(Trouble {
        words: format!("numbers stand for names: {}{more}", error.in_one_line()),
        passes: *passes,
    })
}
