//! How many are connected, by what.

use serde_json::Value;
use tests::Database;

use crate::watched::rows;

/// Who is connected, by each of the ways to count.
pub fn connections(database: &Database) -> Vec<Value> {
    rows(database, &["connections"])
}

pub fn of<'a>(rows: &'a [Value], by: &str, name: &str) -> &'a Value {
    let found = rows
        .iter()
        .find(|row| row["by"] == by && row["name"] == name);
    found.unwrap_or_else(|| panic!("no {by} {name} in {rows:#?}"))
}
