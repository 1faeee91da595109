//! What is behind the numbers: names of relations, in each database where that is possible, and how
//! far long commands are. One round trip for the connected database, a connection for each other one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use shared::Result;
use shared::connection::{Conninfo, Session as Connection, SessionOptions};

use crate::lookout::Names;
use crate::snapshot::{Row, Session, Snapshot, query};

/// More databases than that are not connected to: the names are not worth it.
const MOST_DATABASES: usize = 8;

/// Nobody waits longer for a name.
const PATIENCE: Duration = Duration::from_millis(500);

/// The first version that says how far COPY is.
const COPY: u32 = 140_000;

/// Fills in names and progress.
pub fn resolve(
    snapshot: &mut Snapshot,
    connection: &mut Connection,
    conninfo: &Conninfo,
    known: &mut Names,
    every_lock: bool,
) -> Result<()> {
    let wanted = wanted(snapshot, every_lock);
    let is_quiet = snapshot.locks.iter().all(|lock| lock.granted);
    if is_quiet && snapshot.safe_snapshots.is_empty() && !every_lock {
        return Ok(());
    }
    let own = snapshot.own_database;
    let with_progress = snapshot.sessions.iter().any(is_long_command);
    let mut missing: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for &(database, relation) in wanted.iter().filter(|place| !known.contains_key(place)) {
        missing.entry(database).or_default().push(relation);
    }
    // The catalogues that all databases share are read in any.
    let mut here = missing.remove(&0).unwrap_or_default();
    let shared = here.len();
    here.extend(missing.remove(&own).unwrap_or_default());
    let answer = ask(
        connection,
        &here,
        snapshot.server_version_num,
        with_progress,
    )?;
    let names = relations(&answer[0])?;
    for (place, relation) in here.iter().enumerate() {
        let database = if place < shared { 0 } else { own };
        known.insert((database, *relation), names.get(relation).cloned());
    }
    add_progress(snapshot, &answer[1])?;
    for (database, relations) in missing.into_iter().take(MOST_DATABASES) {
        elsewhere(snapshot, conninfo, connection, database, &relations, known);
    }
    snapshot.relations = wanted
        .into_iter()
        .filter_map(|place| Some((place.0, place.1, known.get(&place)?.clone()?)))
        .collect();
    Ok(())
}

/// Database and number of each relation of a lock that somebody waits for, or of each lock.
fn wanted(snapshot: &Snapshot, every_lock: bool) -> BTreeSet<(u32, u32)> {
    let awaited = (snapshot.locks.iter()).filter(|lock| every_lock || !lock.granted);
    let mut wanted: BTreeSet<(u32, u32)> = awaited
        .filter_map(|lock| Some((lock.tag.database?, lock.tag.relation?)))
        .collect();
    // Who waits for a transaction holds the row that it is about.
    let rows = snapshot
        .locks
        .iter()
        .filter(|lock| lock.tag.kind == "tuple");
    wanted.extend(rows.filter_map(|lock| Some((lock.tag.database?, lock.tag.relation?))));
    wanted
}

/// Whether anybody does what the server tells the progress of; most often nobody, and to ask costs
/// more than all names.
fn is_long_command(session: &Session) -> bool {
    let words = [
        "vacuum", "analyze", "cluster", "index", "copy", "backup", "refresh",
    ];
    let query = session
        .query
        .as_deref()
        .unwrap_or_default()
        .to_ascii_lowercase();
    session.state.as_deref() == Some("active") && words.iter().any(|word| query.contains(word))
}

fn ask(
    connection: &mut Connection,
    relations: &[u32],
    version: u32,
    with_progress: bool,
) -> Result<Vec<Vec<Row>>> {
    if !with_progress {
        let mut answer = query(connection, &names(relations))?;
        answer.resize_with(2, Vec::new);
        return Ok(answer);
    }
    let progress = match version >= COPY {
        true => include_str!("../sql/progress.14.sql"),
        false => include_str!("../sql/progress.sql"),
    };
    let mut answer = query(connection, &[&names(relations), progress].concat())?;
    answer.resize_with(2, Vec::new);
    Ok(answer)
}

/// The statement for these numbers.
fn names(relations: &[u32]) -> String {
    let numbers: Vec<String> = relations.iter().map(ToString::to_string).collect();
    let numbers = if numbers.is_empty() {
        "0".to_string()
    } else {
        numbers.join(", ")
    };
    include_str!("../sql/names.sql").replace("{relations}", &numbers)
}

fn relations(rows: &[Row]) -> Result<BTreeMap<u32, String>> {
    rows.iter()
        .map(|row| Ok((row.some_number(0)?, row.some_text(1)?)))
        .collect()
}

fn add_progress(snapshot: &mut Snapshot, rows: &[Row]) -> Result<()> {
    for row in rows {
        let pid: i32 = row.some_number(0)?;
        let Some(session) = snapshot
            .sessions
            .iter_mut()
            .find(|session| session.pid == pid)
        else {
            continue;
        };
        session.progress = row.text(1).map(|command| {
            let mut words = command;
            if let Some(phase) = row.text(2).filter(|phase| !phase.is_empty()) {
                words = format!("{words}, {phase}");
            }
            let unit = row.text(5).unwrap_or_default();
            match (row.text(3), row.text(4)) {
                (Some(done), Some(total)) if total != "0" => {
                    format!("{words}, {done} of {total} {unit}")
                }
                (Some(done), None) => format!("{words}, {done} {unit}"),
                _ => words,
            }
        });
    }
    Ok(())
}

/// Names of a database that we are not connected to; it may be forbidden, or gone by now.
fn elsewhere(
    snapshot: &Snapshot,
    conninfo: &Conninfo,
    connection: &Connection,
    database: u32,
    relations_of_it: &[u32],
    known: &mut Names,
) {
    let Some((_, name)) = snapshot
        .databases
        .iter()
        .find(|(number, _)| *number == database)
    else {
        return;
    };
    let quick = SessionOptions {
        lock_timeout: PATIENCE,
        statement_timeout: PATIENCE,
        ..SessionOptions::default()
    };
    let there = conninfo.at(connection).with_database(name);
    let names = Connection::open(&there, &quick)
        .and_then(|mut there| query(&mut there, &names(relations_of_it)))
        .and_then(|answer| relations(answer.first().map_or(&[], Vec::as_slice)));
    // What could not be found out is not asked for again.
    let names = names.unwrap_or_default();
    for relation in relations_of_it {
        known.insert((database, *relation), names.get(relation).cloned());
    }
}
