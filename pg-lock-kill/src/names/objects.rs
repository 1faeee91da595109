//! Relations, and objects of other catalogues, by their numbers.

use std::collections::BTreeSet;

use shared::Result;

use crate::snapshot::{Lock, Object, Row, Snapshot};
use crate::words::CATALOGS;

/// pg_class.
const RELATIONS: u32 = 1259;

/// Before it, pg_identify_object fails on what is not there.
const IDENTIFIES: u32 = 140_000;

/// Numbers below it are those of the server's own catalogues (FirstGenbkiObjectId): the same in all databases.
const FIRST_OTHER: u32 = 10_000;

/// Something that can be locked: its database (0 for what all share), its catalogue and its number.
pub type Place = (u32, u32, u32);

/// What of a snapshot is to be named: what somebody waits for, or every lock is on.
pub fn wanted(snapshot: &Snapshot, every_lock: bool) -> BTreeSet<Place> {
    let locks = snapshot.locks.iter();
    // Who waits for a transaction holds the row that it is about.
    let locks = locks.filter(|lock| every_lock || !lock.granted || lock.tag.kind == "tuple");
    locks.filter_map(place).collect()
}

fn place(lock: &Lock) -> Option<Place> {
    let tag = &lock.tag;
    match tag.relation {
        Some(relation) => Some((tag.database?, RELATIONS, relation)),
        None if tag.kind == "object" => {
            let catalog = tag.class.filter(|class| is_known(*class))?;
            Some((tag.database?, catalog, tag.object?))
        }
        None => None,
    }
}

/// Whether it is a catalogue, or an index of one, and so has the same name everywhere.
pub fn is_catalog((_, catalog, object): Place) -> bool {
    catalog == RELATIONS && object < FIRST_OTHER
}

/// Of others, some versions of the server say that they do not know them, and answer nothing else.
fn is_known(catalog: u32) -> bool {
    CATALOGS.iter().any(|(number, _)| *number == catalog)
}

/// What to ask for the names of these, all of one database.
pub fn statement(places: &[Place], version: u32) -> Option<String> {
    let statement = match version >= IDENTIFIES {
        true => include_str!("../../sql/names.sql"),
        false => include_str!("../../sql/names.13.sql"),
    };
    let asked = places
        .iter()
        .filter(|(_, catalog, _)| version >= IDENTIFIES || *catalog == RELATIONS);
    let asked: Vec<&Place> = asked.collect();
    let list = |number: fn(&Place) -> u32| {
        let numbers = asked.iter().map(|place| number(place).to_string());
        numbers.collect::<Vec<_>>().join(", ")
    };
    (!asked.is_empty()).then(|| {
        statement
            .replace("{catalogs}", &list(|place| place.1))
            .replace("{objects}", &list(|place| place.2))
    })
}

/// What to ask about which of these relations may have another name in a transaction that is still open.
pub fn statement_of_renamed(places: &[Place]) -> Option<String> {
    let relations = places.iter().filter(|place| place.1 == RELATIONS);
    let numbers: Vec<String> = relations.map(|place| place.2.to_string()).collect();
    (!numbers.is_empty())
        .then(|| include_str!("../../sql/renamed.sql").replace("{objects}", &numbers.join(", ")))
}

/// The answer: catalogue, number and name of those that have one.
pub fn named(rows: &[Row]) -> Result<Vec<((u32, u32), String)>> {
    let mut named = Vec::new();
    for row in rows {
        let catalog: u32 = row.some_number(0)?;
        let Some(identity) = row.text(3) else {
            continue;
        };
        let name = match row.text(2).filter(|_| catalog != RELATIONS) {
            Some(kind) => format!("{kind} {identity}"),
            None => identity,
        };
        named.push(((catalog, row.some_number(1)?), name));
    }
    Ok(named)
}

/// Keeps with the snapshot which relations of this database may have another name.
pub fn add_renamed(snapshot: &mut Snapshot, database: u32, rows: &[Row]) -> Result<()> {
    for row in rows {
        snapshot.renamed.push((database, row.some_number(0)?));
    }
    Ok(())
}

/// Keeps a name with the snapshot.
pub fn add(snapshot: &mut Snapshot, (database, catalog, number): Place, name: String) {
    match catalog {
        RELATIONS => snapshot.relations.push((database, number, name)),
        _ => snapshot.objects.push(Object {
            database,
            catalog,
            number,
            words: name,
        }),
    }
}
