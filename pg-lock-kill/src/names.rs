//! What is behind the numbers: names of roles, databases, relations and other objects, in each database
//! where that is possible, and how far long commands are. One round trip for the connected database, a
//! connection for each other one.
//!
//! Who blocks whom is known without them: where they can't be had, as when somebody has locked the
//! catalogues, numbers stand for them.

mod objects;
mod progress;
mod roles;

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use shared::connection::{Session as Server, SessionOptions, within};
use shared::{Error, Result};

use crate::connection::Connection;
use crate::snapshot::{Row, Snapshot, query, query_of};

use objects::Place;

/// More databases than that are not connected to: the names are not worth it.
const MOST_DATABASES: usize = 8;

/// Nobody waits longer for a name, nor for those of all other databases.
const PATIENCE: Duration = Duration::from_millis(500);
const PATIENCE_FOR_ALL: Duration = Duration::from_secs(1);
/// But where they decide who is ended.
const PATIENCE_WHERE_NEEDED: Duration = Duration::from_secs(5);

/// What is known of names, and of what there is none.
pub type Names = HashMap<Place, Option<String>>;

/// What part of the answer is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Roles,
    Databases,
    Objects,
    Progress,
}

/// Fills in names and progress, of all databases where the names are needed; what there is to say about those that could not be had.
pub fn resolve(
    snapshot: &mut Snapshot,
    connection: &mut Connection,
    known: &mut Names,
    every_lock: bool,
    is_needed: bool,
) -> Result<Option<String>> {
    let wanted = objects::wanted(snapshot, every_lock);
    let mut missing: BTreeMap<u32, Vec<Place>> = BTreeMap::new();
    for &place in wanted.iter().filter(|place| !known.contains_key(place)) {
        missing.entry(place.0).or_default().push(place);
    }
    // The catalogues that all databases share are read in any, and each has its own by the same numbers.
    let mut here = missing.remove(&0).unwrap_or_default();
    here.extend(missing.remove(&snapshot.own_database).unwrap_or_default());
    for places in missing.values_mut() {
        here.extend(places.extract_if(.., |place| objects::is_catalog(*place)));
    }
    missing.retain(|_, places| !places.is_empty());
    let asked = ask(snapshot, connection, &here, known);
    let mut trouble = None;
    if let Err(error) = asked {
        if error.sqlstate().is_none() || connection.is_lost() {
            return Err(error);
        }
        trouble = Some(format!("numbers stand for names: {}", error.in_one_line()));
        snapshot.unnamed.push(snapshot.own_database);
        // Of whom the role is not known, nobody is ended.
        let statement = roles::statement_of_names(snapshot).unwrap_or_default();
        if let Ok(answer) = query(connection, &statement) {
            roles::add(snapshot, answer.first().map_or(&[], Vec::as_slice))?;
        }
        roles::add_databases(snapshot, &[])?;
    }
    let (most, patience) = match is_needed {
        true => (usize::MAX, PATIENCE_WHERE_NEEDED),
        false => (MOST_DATABASES, PATIENCE_FOR_ALL),
    };
    if missing.len() > most {
        let many = missing.len() - most;
        trouble.get_or_insert(format!("numbers stand for names in {many} databases"));
    }
    let end = Instant::now() + patience;
    for (place, (database, places)) in missing.into_iter().enumerate() {
        let left = end.saturating_duration_since(Instant::now());
        let names = match place < most {
            true => elsewhere(snapshot, connection, database, &places, left).ok(),
            false => None,
        };
        if names.is_none() {
            snapshot.unnamed.push(database);
        }
        keep(known, &places, names.unwrap_or_default());
    }
    for place in wanted {
        if let Some(Some(name)) = known.get(&place) {
            objects::add(snapshot, place, name.clone());
        }
    }
    Ok(trouble)
}

fn ask(
    snapshot: &mut Snapshot,
    connection: &mut Connection,
    here: &[Place],
    known: &mut Names,
) -> Result<()> {
    let parts = [
        (Part::Roles, roles::statement(snapshot)),
        (Part::Databases, roles::statement_of_databases(snapshot)),
        (
            Part::Objects,
            objects::statement(here, snapshot.server_version_num),
        ),
        (
            Part::Progress,
            progress::statement(snapshot).map(str::to_string),
        ),
    ];
    let (parts, statements): (Vec<Part>, Vec<String>) = parts
        .into_iter()
        .filter_map(|(part, statement)| Some((part, statement?)))
        .unzip();
    let answer = query(connection, &statements.concat())?;
    let rows = |part: Part| {
        let place = parts.iter().position(|other| *other == part);
        let rows = place.and_then(|place| answer.get(place));
        rows.map_or(&[][..], Vec::as_slice)
    };
    roles::add(snapshot, rows(Part::Roles))?;
    roles::add_databases(snapshot, rows(Part::Databases))?;
    keep(known, here, objects::named(rows(Part::Objects))?);
    progress::add(snapshot, rows(Part::Progress))
}

/// What has no name by now is not asked for again.
fn keep(known: &mut Names, places: &[Place], names: Vec<((u32, u32), String)>) {
    let names: HashMap<(u32, u32), String> = names.into_iter().collect();
    for &(database, catalog, object) in places {
        let name = names.get(&(catalog, object)).cloned();
        known.insert((database, catalog, object), name);
    }
}

/// Names of a database that we are not connected to; it may be forbidden, or gone by now.
fn elsewhere(
    snapshot: &Snapshot,
    connection: &Connection,
    database: u32,
    places: &[Place],
    patience: Duration,
) -> Result<Vec<((u32, u32), String)>> {
    let mut databases = snapshot.databases.iter();
    let Some((_, name)) = databases.find(|(number, _)| *number == database) else {
        return Err(Error::new("there is no such database any more"));
    };
    let Some(statement) = objects::statement(places, snapshot.server_version_num) else {
        return Ok(Vec::new());
    };
    let quick = SessionOptions {
        lock_timeout: PATIENCE,
        statement_timeout: PATIENCE,
        ..SessionOptions::default()
    };
    let there = connection.place().with_database(name);
    let answer: Vec<Vec<Row>> = within(Some(patience), move || {
        Server::open(&there, &quick).and_then(|mut there| query_of(&mut there, &statement))
    })??;
    let rows = answer.first().map_or(&[][..], Vec::as_slice);
    objects::named(rows)
}
