//! A folder and a history that names each migration.

use std::collections::HashMap;

use shared::Result;

use super::entry::Entry;
use super::keeping::{Keeping, Twin};
use super::row::{Mark, Row};
use super::state::State;
use crate::layout::{Kind, Migration, Project, is_sql, versions};

/// What became of each: the migrations in their order, then what only the history has.
pub fn by_version<'a>(
    keeping: &'static Keeping,
    project: &'a Project,
    rows: &[Row],
) -> Result<Vec<Entry<'a>>> {
    let versioned = |one: &&Migration| one.kind == Kind::Versioned;
    by_keys(keeping, project.migrations.iter().filter(versioned), rows)
}

/// The same for these migrations. Of several rows of one version the last is what counts.
pub fn by_keys<'a>(
    keeping: &'static Keeping,
    migrations: impl Iterator<Item = &'a Migration>,
    rows: &[Row],
) -> Result<Vec<Entry<'a>>> {
    let mut told: HashMap<&str, &Row> = HashMap::with_capacity(rows.len());
    for row in rows {
        if let Some(version) = &row.version {
            told.insert(version, row);
        }
    }
    let is_applied = |row: &&&Row| row.mark != Mark::RolledBack;
    let applied = told.values().filter(is_applied);
    let latest = applied
        .filter_map(|row| row.version.as_deref())
        .max_by(|a, b| (keeping.order)(a, b));
    let mut entries = Vec::new();
    let mut seen: HashMap<String, &Migration> = HashMap::new();
    for migration in migrations {
        let key = (keeping.key)(migration);
        if let Some(first) = seen.get(&key) {
            entries.push(twice(keeping, migration, first));
            continue;
        }
        let row = told.get(key.as_str());
        let run = row.filter(|row| row.mark != Mark::RolledBack);
        entries.push(match run {
            Some(row) => {
                // What a runner makes of another language only its compiler knows.
                let is_known =
                    row.mark == Mark::Applied && is_sql(&versions::name_of(&migration.path));
                let is_same = !is_known || (keeping.is_same)(migration, row)?;
                Entry::told(keeping, migration, row, is_same)
            }
            None => {
                let later = latest.filter(|latest| (keeping.order)(&key, latest).is_lt());
                let entry = Entry::unapplied(keeping, migration, later);
                match row {
                    Some(row) => entry.taken_back(row),
                    None => entry,
                }
            }
        });
        seen.insert(key, migration);
    }
    let gone = rows.iter().filter(|row| {
        let version = row.version.as_deref().unwrap_or_default();
        let is_last = told
            .get(version)
            .is_some_and(|last| std::ptr::eq(*last, *row));
        let counts = matches!(row.mark, Mark::Applied | Mark::Failed | Mark::Dirty);
        is_last && counts && !seen.contains_key(version)
    });
    entries.extend(gone.map(|row| Entry::gone(keeping, row)));
    Ok(entries)
}

/// Two files of one version: what the runner makes of the second.
pub fn twice<'a>(keeping: &Keeping, migration: &'a Migration, first: &Migration) -> Entry<'a> {
    let (name, first) = (
        versions::name_of(&migration.path),
        versions::name_of(&first.path),
    );
    let title = keeping.layout.title();
    let (state, then) = match keeping.twin {
        Twin::Refuses => (State::Refused, format!("{title} refuses both")),
        Twin::Fails => (
            State::Refused,
            format!("{title} fails on the key of its history"),
        ),
        Twin::Skips => (
            State::Skipped,
            format!("{title} takes it for applied where that is, and says nothing"),
        ),
    };
    let entry =
        Entry::of(migration, state).saying(format!("{name} has the version of {first}: {then}"));
    Entry {
        halts: keeping.twin == Twin::Refuses,
        ..entry
    }
}
