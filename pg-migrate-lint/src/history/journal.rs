//! Drizzle: rows are told by the journal's times. What is not later than the latest row is never run;
//! the hashes are kept and never compared. From 1.0 on folders have the time in their names, and rows
//! the names.

use std::collections::HashMap;

use serde::Deserialize;
use shared::time::parse;
use shared::{Context, Error, Result};

use super::entry::Entry;
use super::keeping::Keeping;
use super::row::Row;
use super::state::State;
use crate::layout::{Kind, Migration, Project, checksum, read_file, versions};

const JOURNAL: &str = "meta/_journal.json";

#[derive(Debug, Deserialize)]
struct Journal {
    entries: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
struct Tag {
    when: f64,
    tag: String,
}

/// A migration as it is compared.
struct Own<'a> {
    migration: &'a Migration,
    /// Milliseconds since 1970, by the journal or the folder's name.
    when: Option<i64>,
    sums: [String; 2],
}

/// What became of each.
pub fn compare<'a>(
    keeping: &'static Keeping,
    project: &'a Project,
    rows: &[Row],
) -> Result<Vec<Entry<'a>>> {
    let journal = journal(project)?;
    let versioned = project
        .migrations
        .iter()
        .filter(|one| one.kind == Kind::Versioned);
    let mut own = Vec::new();
    for migration in versioned {
        let when = match &journal {
            Some(journal) => journal.get(&migration.version).copied(),
            None => by_name(&migration.version),
        };
        let part = migration.up.first();
        let text = part.map(|part| part.read()).transpose()?;
        own.push(Own {
            migration,
            when,
            sums: checksum::drizzle(text.as_deref().unwrap_or_default()),
        });
    }
    let mut found = Matches::of(&own, rows, journal.is_some());
    let latest = rows.iter().filter_map(when).max();
    let last = own
        .iter()
        .enumerate()
        .rposition(|(place, _)| found.rows.contains_key(&place));
    let mut entries = Vec::new();
    for (place, own) in own.iter().enumerate() {
        let row = found.rows.remove(&place);
        entries.push(match row {
            Some(row) => told(keeping, own, row, latest),
            None if journal.is_some() => skipped(own, latest),
            None => {
                let later = last.filter(|last| place < *last);
                let later = later.and_then(|last| project.migrations.get(last));
                Entry::unapplied(
                    keeping,
                    own.migration,
                    later.map(|one| one.version.as_str()),
                )
            }
        });
    }
    entries.extend(found.left.into_iter().map(|row| Entry::gone(keeping, row)));
    Ok(entries)
}

/// Which rows tell of which migrations: by name, by time and hash, by time, by hash.
struct Matches<'r> {
    rows: HashMap<usize, &'r Row>,
    left: Vec<&'r Row>,
}

impl<'r> Matches<'r> {
    fn of(own: &[Own], rows: &'r [Row], has_journal: bool) -> Self {
        let mut matches = Self {
            rows: HashMap::new(),
            left: rows.iter().collect(),
        };
        let has_sum = |own: &Own, row: &Row| {
            let sum = row.checksum.as_deref().unwrap_or_default();
            own.sums.iter().any(|known| known == sum)
        };
        let has_time = |own: &Own, row: &Row| own.when.is_some() && own.when == when(row);
        if !has_journal {
            matches.take(own, |own, row| {
                row.name.as_deref() == Some(own.migration.version.as_str())
            });
        }
        matches.take(own, |own, row| has_time(own, row) && has_sum(own, row));
        matches.take(own, has_time);
        matches.take(own, has_sum);
        matches
    }

    fn take(&mut self, own: &[Own], fits: impl Fn(&Own, &Row) -> bool) {
        // Nearly always they are in the same order: what is left is looked through from its beginning.
        for (place, own) in own.iter().enumerate() {
            if self.left.is_empty() {
                return;
            }
            if self.rows.contains_key(&place) {
                continue;
            }
            if let Some(at) = self.left.iter().position(|row| fits(own, row)) {
                self.rows.insert(place, self.left.remove(at));
            }
        }
    }
}

fn told<'a>(keeping: &Keeping, own: &Own<'a>, row: &Row, latest: Option<i64>) -> Entry<'a> {
    let sum = row.checksum.as_deref().unwrap_or_default();
    let is_same = own.sums.iter().any(|known| known == sum);
    let mut entry = Entry::told(keeping, own.migration, row, is_same);
    let is_later = own
        .when
        .zip(latest)
        .is_some_and(|(own, latest)| own > latest);
    if is_later && own.when != when(row) && row.name.is_none() {
        let name = versions::name_of(&own.migration.path);
        entry.state = State::Edited;
        entry.message = Some(format!(
            "{name} is applied, and has a later time in the journal now: Drizzle would run it again"
        ));
    }
    entry
}

fn skipped<'a>(own: &Own<'a>, latest: Option<i64>) -> Entry<'a> {
    let is_late = own
        .when
        .zip(latest)
        .is_some_and(|(own, latest)| own <= latest);
    if !is_late {
        return Entry::of(own.migration, State::Pending);
    }
    let name = versions::name_of(&own.migration.path);
    let (when, latest) = (own.when.unwrap_or_default(), latest.unwrap_or_default());
    Entry::of(own.migration, State::Skipped).saying(format!(
        "{name} is not applied, and its `when` {when} is not later than {latest}, the latest that is: Drizzle never runs it, and says nothing"
    ))
}

fn when(row: &Row) -> Option<i64> {
    row.version.as_deref()?.parse().ok()
}

fn journal(project: &Project) -> Result<Option<HashMap<String, i64>>> {
    let path = project.root.join(JOURNAL);
    if !path.is_file() {
        return Ok(None);
    }
    let journal: Journal = serde_json::from_slice(&read_file(&path)?)
        .map_err(|error| Error::new(error.to_string()))
        .context(|| format!("{} is not a journal of Drizzle's", path.display()))?;
    // Whole milliseconds, as they are stored.
    #[allow(clippy::cast_possible_truncation)]
    let times = journal
        .entries
        .into_iter()
        .map(|tag| (tag.tag, tag.when as i64));
    Ok(Some(times.collect()))
}

/// The time in a folder's name: 14 digits, in UTC.
fn by_name(name: &str) -> Option<i64> {
    let digits = versions::leading_digits(name).0;
    let part = |from: usize, to: usize| digits.get(from..to);
    let text = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12)?,
        part(12, 14)?
    );
    Some(parse(&text).ok()?.unix_timestamp() * 1000)
}
