//! Runners that keep one number: golang-migrate the version that it came to, tern how many files it ran.
//! Every file up to it counts as applied.

use std::cmp::Ordering;

use shared::{Error, Result};

use super::compare;
use super::entry::Entry;
use super::keeping::Keeping;
use super::row::{Mark, Row};
use super::state::State;
use crate::layout::{Kind, Layout, Migration, Project, versions};

/// What became of each.
pub fn compare<'a>(
    keeping: &'static Keeping,
    project: &'a Project,
    rows: &[Row],
) -> Result<Vec<Entry<'a>>> {
    if rows.len() > 1 {
        let title = keeping.layout.title();
        return Err(Error::new(format!(
            "the history has {} rows, and {title} keeps one",
            rows.len()
        ))
        .with_hint("is it another runner's? --layout says whose migrations they are"));
    }
    let row = rows.first();
    // Below the first file: what golang-migrate keeps after the last way back, and tern at first.
    let is_none = |version: &&str| {
        version.starts_with('-') || *version == "0" && keeping.layout == Layout::Tern
    };
    let reached = row
        .and_then(|row| row.version.as_deref())
        .filter(|version| !is_none(version));
    let mut entries: Vec<Entry> = Vec::new();
    let mut is_met = match reached {
        Some(_) => false,
        None => row.is_none_or(|row| row.mark != Mark::Dirty),
    };
    let versioned: Vec<&Migration> = project
        .migrations
        .iter()
        .filter(|one| one.kind == Kind::Versioned)
        .collect();
    for (place, migration) in versioned.iter().copied().enumerate() {
        let before = place
            .checked_sub(1)
            .and_then(|before| versioned.get(before));
        if let Some(first) = before.filter(|first| first.version == migration.version) {
            entries.push(compare::twice(keeping, migration, first));
            continue;
        }
        let order = reached.map(|reached| versions::by_value(&migration.version, reached));
        entries.push(match (order, row) {
            (Some(Ordering::Equal), Some(row)) => {
                is_met = true;
                let entry = Entry::told(keeping, migration, row, true);
                match (row.mark, versioned.get(place + 1)) {
                    (Mark::Dirty, Some(next)) if !next.down.is_empty() => {
                        entry.saying(dirty(keeping, Some(migration), next))
                    }
                    _ => entry,
                }
            }
            (Some(Ordering::Less), _) => Entry::of(migration, State::Applied),
            _ => Entry::of(migration, State::Pending),
        });
    }
    entries.extend(row.filter(|_| !is_met).map(|row| {
        let entry = Entry::gone(keeping, row);
        match (reached, versioned.first()) {
            (None, Some(first)) => entry.saying(dirty(keeping, None, first)),
            _ => entry,
        }
    }));
    Ok(entries)
}

/// The version that is kept is the one that was to be reached: from below, or from above by a way back.
fn dirty(keeping: &Keeping, own: Option<&Migration>, next: &Migration) -> String {
    let title = keeping.layout.title();
    let back = format!("the way back from {}", versions::name_of(&next.path));
    let what = match own {
        Some(own) => format!("{} broke off, or {back}", versions::name_of(&own.path)),
        None => format!("{back} broke off"),
    };
    format!(
        "{what}: {title} goes no further until somebody has mended the database and forced a version"
    )
}
