//! Flyway: versions, a baseline below which nothing runs, and scripts that run again when they change.

use std::collections::HashMap;

use shared::Result;

use super::compare;
use super::entry::Entry;
use super::keeping::Keeping;
use super::row::{Mark, Row};
use super::state::State;
use crate::layout::flyway::compare as order;
use crate::layout::{Kind, Migration, Project, checksum, versions};

/// So much of a description the table has room for.
const DESCRIPTION: usize = 200;

/// What became of each.
pub fn compare<'a>(
    keeping: &'static Keeping,
    project: &'a Project,
    rows: &[Row],
) -> Result<Vec<Entry<'a>>> {
    let rows: Vec<Row> = rows
        .iter()
        .map(|row| Row {
            version: row.version.as_deref().map(canonical),
            ..row.clone()
        })
        .collect();
    let rows = rows.as_slice();
    let kind = |kind: Kind| {
        project
            .migrations
            .iter()
            .filter(move |one| one.kind == kind)
    };
    let is_fresh = !rows.iter().any(|row| row.version.is_some());
    let mut baseline = rows
        .iter()
        .filter(|row| row.mark == Mark::Baseline)
        .filter_map(|row| row.version.as_deref())
        .max_by(|a, b| order(a, b));
    let mut entries = Vec::new();
    if is_fresh
        && let Some(script) = kind(Kind::Snapshot).max_by(|a, b| order(&a.version, &b.version))
    {
        baseline = Some(&script.version);
        entries.push(Entry::of(script, State::Pending));
    }
    let scripts =
        kind(Kind::Snapshot).filter(|one| !is_fresh && Some(one.version.as_str()) == baseline);
    entries.extend(scripts.map(|script| Entry::of(script, State::Applied)));
    let versioned = compare::by_keys(keeping, kind(Kind::Versioned), rows)?;
    let last = kind(Kind::Versioned)
        .map(|one| one.version.as_str())
        .max_by(|a, b| order(a, b));
    for mut entry in versioned {
        let is_below = baseline.is_some_and(|baseline| order(&entry.version, baseline).is_le());
        let is_future = last.is_none_or(|last| order(&entry.version, last).is_gt());
        match entry.state {
            State::Pending | State::RolledBack | State::MissingThere if is_below => {
                entry = Entry {
                    state: State::BelowBaseline,
                    message: None,
                    halts: false,
                    ..entry
                };
            }
            State::MissingHere if is_future => {
                entry.halts = false;
                let version = &entry.version;
                entry.message = Some(format!(
                    "{version} is applied, and there is no file of it: Flyway takes it for one of a newer release, and goes on"
                ));
            }
            _ => {}
        }
        entries.push(entry);
    }
    repeatable(keeping, kind(Kind::Repeatable), rows, &mut entries)?;
    Ok(entries)
}

/// A version without the zeros that say nothing: 1.0 and 01 are 1 to Flyway.
pub fn canonical(version: &str) -> String {
    let mut numbers: Vec<&str> = version.split('.').map(versions::canonical).collect();
    while numbers.len() > 1 && numbers.last() == Some(&"0") {
        numbers.pop();
    }
    numbers.join(".")
}

/// Whether description and checksum are those of the row: Flyway compares both.
pub fn is_same(migration: &Migration, row: &Row) -> Result<bool> {
    let is_named = row
        .name
        .as_ref()
        .is_none_or(|name| *name == migration.name || name.chars().count() >= DESCRIPTION);
    Ok(is_named && has_sum(migration, row)?)
}

fn has_sum(migration: &Migration, row: &Row) -> Result<bool> {
    let (Some(sum), Some(part)) = (&row.checksum, migration.up.first()) else {
        return Ok(true);
    };
    Ok(checksum::flyway(&part.read()?).to_string() == *sum)
}

fn repeatable<'a>(
    keeping: &'static Keeping,
    scripts: impl Iterator<Item = &'a Migration>,
    rows: &[Row],
    entries: &mut Vec<Entry<'a>>,
) -> Result<()> {
    let mut told: HashMap<&str, &Row> = HashMap::new();
    for row in rows.iter().filter(|row| row.version.is_none()) {
        if let Some(name) = &row.name {
            told.insert(name, row);
        }
    }
    for script in scripts {
        entries.push(match told.remove(script.name.as_str()) {
            None => Entry::of(script, State::Pending),
            Some(row) if row.mark == Mark::RolledBack => Entry::of(script, State::Pending),
            Some(row) if row.mark == Mark::Failed => Entry::told(keeping, script, row, true),
            Some(row) => again(script, row)?,
        });
    }
    let mut gone: Vec<&Row> = told
        .into_values()
        .filter(|row| matches!(row.mark, Mark::Applied | Mark::Failed))
        .collect();
    gone.sort_by(|a, b| a.name.cmp(&b.name));
    entries.extend(gone.into_iter().map(|row| Entry::gone(keeping, row)));
    Ok(())
}

/// One that ran before: next if its text is another one. Of placeholders the checksum has the values.
fn again<'a>(script: &'a Migration, row: &Row) -> Result<Entry<'a>> {
    let name = versions::name_of(&script.path);
    if has_sum(script, row)? {
        return Ok(Entry::of(script, State::Applied).with_row(row));
    }
    let text = match script.up.first() {
        Some(part) => part.read()?,
        None => return Ok(Entry::of(script, State::Applied).with_row(row)),
    };
    Ok(match memchr::memmem::find(&text, b"${") {
        None => Entry::of(script, State::Pending)
            .with_row(row)
            .saying(format!("{name} has changed since it ran: Flyway runs it again")),
        Some(_) => Entry::of(script, State::Applied).with_row(row).saying(format!(
            "{name} has placeholders, whose values its checksum was made of: that it has not changed is not known"
        )),
    })
}
