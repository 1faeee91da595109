//! Roles and databases by their numbers.

use std::collections::{BTreeSet, HashMap};

use shared::Result;

use crate::snapshot::{Row, Snapshot};

/// What the server calls a role that is not there any more.
const UNKNOWN: &str = "unknown (OID=";

/// What to ask about the roles of the sessions.
pub fn statement(snapshot: &Snapshot) -> Option<String> {
    of_roles(snapshot, include_str!("../../sql/roles.sql"))
}

/// What to ask where that could not be had.
pub fn statement_of_names(snapshot: &Snapshot) -> Option<String> {
    of_roles(snapshot, include_str!("../../sql/role_names.sql"))
}

fn of_roles(snapshot: &Snapshot, statement: &str) -> Option<String> {
    let roles = snapshot.sessions.iter().filter_map(|one| one.user_oid);
    let roles = list(roles.filter(|role| *role != 0).collect())?;
    Some(statement.replace("{roles}", &roles))
}

/// Adds the answer. Of whom nothing is said, nobody knows what it is.
pub fn add(snapshot: &mut Snapshot, rows: &[Row]) -> Result<()> {
    let mut roles: HashMap<u32, (String, bool)> = HashMap::new();
    for row in rows {
        let name = row.some_text(1)?;
        if !name.starts_with(UNKNOWN) {
            roles.insert(row.some_number(0)?, (name, row.is(2)));
        }
    }
    for session in &mut snapshot.sessions {
        if let Some((name, is_superuser)) = session.user_oid.and_then(|oid| roles.get(&oid)) {
            session.user = Some(name.clone());
            session.is_superuser = *is_superuser;
        }
    }
    Ok(())
}

/// What to ask about databases that are not ours.
pub fn statement_of_databases(snapshot: &Snapshot) -> Option<String> {
    let sessions = snapshot.sessions.iter();
    let databases = sessions.filter_map(|session| session.database_oid);
    let locked = snapshot.locks.iter().filter(|lock| !lock.granted);
    let databases = databases.chain(locked.filter_map(|lock| lock.tag.names_database()));
    let others = databases.filter(|database| ![0, snapshot.own_database].contains(database));
    let others = list(others.collect())?;
    Some(include_str!("../../sql/databases.sql").replace("{databases}", &others))
}

fn list(numbers: BTreeSet<u32>) -> Option<String> {
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    (!numbers.is_empty()).then(|| numbers.join(", "))
}

/// Adds the answer.
pub fn add_databases(snapshot: &mut Snapshot, rows: &[Row]) -> Result<()> {
    for row in rows {
        let database = (row.some_number(0)?, row.some_text(1)?);
        snapshot.databases.push(database);
    }
    snapshot.databases.sort();
    let names: HashMap<u32, String> = snapshot.databases.iter().cloned().collect();
    for session in &mut snapshot.sessions {
        session.database = session
            .database_oid
            .and_then(|oid| names.get(&oid).cloned());
    }
    Ok(())
}
