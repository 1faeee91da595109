//! What is behind the numbers: names of roles, databases, relations and other objects, in each database
//! where that is possible, and how far long commands are. One round trip for the connected database, a
//! connection for each other one.
//!
//! Who blocks whom is known without them: where they can't be had, as when somebody has locked the
//! catalogues, numbers stand for them.

mod elsewhere;
mod objects;
mod progress;
mod roles;

use std::collections::{BTreeMap, HashMap};

use shared::Result;

use crate::connection::Connection;
use crate::snapshot::{Snapshot, query};

use objects::Place;

/// What is known of names, and of what there is none.
pub type Names = HashMap<Place, Option<String>>;

/// What part of the answer is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Roles,
    Databases,
    Objects,
    Renamed,
    Progress,
}

/// What could not be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// In words.
    pub words: String,
    /// Whether that may be otherwise the next time.
    pub passes: bool,
}

/// What is to be named.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// What every lock is on, or else what somebody waits for.
    pub every_lock: bool,
    /// Names decide who matches: they are waited for as long as any other answer, in all databases.
    pub decides: bool,
}

/// Fills in names and progress, of all databases where the names are needed; what there is to say about those that could not be had.
pub fn resolve(
    snapshot: &mut Snapshot,
    connection: &mut Connection,
    known: &mut Names,
    need: Wanted,
) -> Result<Option<Trouble>> {
    let wanted = objects::wanted(snapshot, need.every_lock);
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
    let asked = ask(snapshot, connection, (&here, need.decides), known);
    let mut trouble = None;
    if let Err(error) = asked {
        if error.sqlstate().is_none() || connection.is_lost() {
            return Err(error);
        }
        trouble = Some(Trouble {
            words: format!("numbers stand for names: {}", error.in_one_line()),
            passes: true,
        });
        snapshot.unnamed.push(snapshot.own_database);
        // Of whom the role is not known, nobody is ended.
        let statement = roles::statement_of_names(snapshot).unwrap_or_default();
        if let Ok(answer) = query(connection, &statement) {
            roles::add(snapshot, answer.first().map_or(&[], Vec::as_slice))?;
        }
        roles::add_databases(snapshot, &[])?;
    }
    let elsewhere = elsewhere::resolve(snapshot, connection, known, missing, need.decides)?;
    for place in wanted {
        if let Some(Some(name)) = known.get(&place) {
            objects::add(snapshot, place, name.clone());
        }
    }
    Ok(trouble.or(elsewhere))
}

fn ask(
    snapshot: &mut Snapshot,
    connection: &mut Connection,
    (here, decides): (&[Place], bool),
    known: &mut Names,
) -> Result<()> {
    let renamed = decides.then(|| objects::statement_of_renamed(here));
    let parts = [
        (Part::Roles, roles::statement(snapshot)),
        (Part::Databases, roles::statement_of_databases(snapshot)),
        (
            Part::Objects,
            objects::statement(here, snapshot.server_version_num),
        ),
        (Part::Renamed, renamed.flatten()),
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
    objects::add_renamed(snapshot, snapshot.own_database, rows(Part::Renamed))?;
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
