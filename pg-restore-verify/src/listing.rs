//! What would be restored: `--list`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use shared::cli::Context;
use shared::error::Kind;
use shared::records::Writer;
use shared::{Exit, Result, signals};

use crate::archive::Archive;
use crate::contents::TableData;
use crate::reading::{self, Object, Reading};

/// One object of a backup.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Listed {
    /// The backup.
    pub path: String,
    /// `TABLE`, `INDEX`, …; `LARGE OBJECTS` for all of them together.
    pub kind: String,
    /// Its schema and name.
    pub object: String,
    /// How many rows, or large objects; none where the backup has only the definition.
    pub rows: Option<u64>,
    /// How long its rows are as text, or the large objects, not compressed.
    pub bytes: Option<u64>,
}

/// Lists each of the backups, by kind and name. One that is damaged, or can't be read at all, is
/// told of and stops no other.
///
/// # Errors
/// When it holds for all: nobody reads, or a signal came.
pub fn list(
    backups: impl Iterator<Item = Result<PathBuf>>,
    jobs: usize,
    context: &Context,
) -> Result<Exit> {
    let mut records = context.records();
    let (mut any_damaged, mut any_unread) = (false, false);
    for path in backups {
        let path = path?;
        let named = path.display().to_string();
        context.progress().show(|| format!("reading {named}"));
        match one(&path, &named, jobs, &mut records) {
            Ok(None) => {}
            Ok(Some(damage)) => {
                context.warn(format!("{named} can't be read to its end: {damage}"));
                any_damaged = true;
            }
            Err(error) if matches!(error.kind(), Kind::BrokenPipe | Kind::Interrupted) => {
                return Err(error);
            }
            Err(error) => {
                signals::check()?;
                context.report().error(&error);
                any_unread = true;
            }
        }
    }
    records.finish()?;
    Ok(match (any_damaged, any_unread) {
        (true, _) => Exit::Found,
        (false, true) => Exit::Incomplete,
        (false, false) => Exit::Ok,
    })
}

/// Lists one; what is wrong with it, if anything is.
fn one(
    path: &Path,
    named: &str,
    jobs: usize,
    records: &mut Writer<Listed>,
) -> Result<Option<String>> {
    match Archive::open(path)? {
        Ok(archive) => {
            let reading = Reading::of(&archive, jobs)?;
            write(named, &reading, records)?;
            Ok(reading.damage)
        }
        Err(damage) => Ok(Some(damage)),
    }
}

fn write(path: &str, reading: &Reading, records: &mut Writer<Listed>) -> Result<()> {
    let tables = reading.contents.tables.iter();
    let mut tables: BTreeMap<String, &TableData> = tables
        .map(|(table, data)| (reading::label(table), data))
        .collect();
    let record = |kind: &str, object: String, data: Option<&TableData>| Listed {
        path: path.to_string(),
        kind: kind.to_string(),
        object,
        rows: data.map(|data| data.digest.rows),
        bytes: data.map(|data| data.bytes),
    };
    for Object { kind, name } in &reading.objects {
        let data = match kind.as_str() {
            "TABLE" => tables.remove(name),
            _ => None,
        };
        records.write(&record(kind, name.clone(), data))?;
    }
    // Of a dump without definitions.
    for (table, data) in tables {
        records.write(&record("TABLE DATA", table, Some(data)))?;
    }
    let objects = &reading.contents.large_objects;
    if !objects.is_empty() {
        let bytes = objects.values().map(|object| object.bytes()).sum();
        records.write(&Listed {
            rows: Some(objects.len() as u64),
            bytes: Some(bytes),
            ..record("LARGE OBJECTS", String::new(), None)
        })?;
    }
    records.flush()
}
