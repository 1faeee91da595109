//! The positions of the restored sequences.

use std::collections::BTreeMap;

use postgres::Client;
use shared::Result;
use shared::dump::QualifiedName;

use crate::contents::SequencePosition;

/// The position of a sequence, or why it can't be read.
pub fn position(
    client: &mut Client,
    sequence: &QualifiedName,
) -> Result<std::result::Result<SequencePosition, String>> {
    let sql = format!("SELECT last_value, is_called FROM {}", sequence.to_sql());
    match client.query_typed(&sql, &[]) {
        Ok(rows) => {
            let row = rows.first();
            let Some(row) = row else {
                return Ok(Err("it has no position".to_string()));
            };
            Ok(Ok(SequencePosition {
                last_value: row.try_get(0)?,
                is_called: row.try_get(1)?,
            }))
        }
        Err(error) if error.as_db_error().is_some() => {
            Ok(Err(shared::Error::from(error).message().to_string()))
        }
        Err(error) => Err(error.into()),
    }
}

/// The sequences that are not where the backup says, with what they are instead.
pub fn differences<'a>(
    client: &mut Client,
    expected: &'a BTreeMap<QualifiedName, SequencePosition>,
) -> Result<Vec<(&'a QualifiedName, SequencePosition, String)>> {
    let mut found = Vec::new();
    for (sequence, wanted) in expected {
        match position(client, sequence)? {
            Ok(actual) if actual == *wanted => {}
            Ok(actual) => found.push((sequence, *wanted, actual.to_string())),
            Err(why) => found.push((sequence, *wanted, why)),
        }
    }
    Ok(found)
}

/// A restored sequence of which the backup does not hold the position.
pub struct LeftOut {
    /// Its name.
    pub name: QualifiedName,
    /// Whether a standby would have left it out.
    pub unlogged: bool,
}

/// The sequences of which the backup does not hold the position.
pub fn left_out(
    client: &mut Client,
    held: &BTreeMap<QualifiedName, SequencePosition>,
) -> Result<Vec<LeftOut>> {
    let mut found = Vec::new();
    for row in client.query_typed(include_str!("../sql/restored_sequences.sql"), &[])? {
        let name = QualifiedName {
            schema: Some(row.try_get("schema")?),
            name: row.try_get("name")?,
        };
        if !held.contains_key(&name) {
            let unlogged = row.try_get("unlogged")?;
            found.push(LeftOut { name, unlogged });
        }
    }
    Ok(found)
}

impl std::fmt::Display for SequencePosition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let next = if self.is_called {
            "called"
        } else {
            "not called"
        };
        write!(f, "{} {next}", self.last_value)
    }
}
