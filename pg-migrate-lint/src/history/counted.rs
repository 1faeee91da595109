//! Runners that keep one number: golang-migrate the version that it came to, tern how many files it ran.
//! Every file up to it counts as applied.

use std::cmp::Ordering;

use shared::{Error, Result};

use super::entry::Entry;
use super::keeping::Keeping;
use super::row::{Mark, Row};
use super::state::State;
use crate::layout::{Kind, Layout, Project, versions};

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
    let mut entries = Vec::new();
    let mut is_met = match reached {
        Some(_) => false,
        None => row.is_none_or(|row| row.mark != Mark::Dirty),
    };
    let versioned = project
        .migrations
        .iter()
        .filter(|one| one.kind == Kind::Versioned);
    for migration in versioned {
        let order = reached.map(|reached| versions::by_value(&migration.version, reached));
        entries.push(match (order, row) {
            (Some(Ordering::Equal), Some(row)) => {
                is_met = true;
                Entry::told(keeping, migration, row, true)
            }
            (Some(Ordering::Less), _) => Entry::of(migration, State::Applied),
            _ => Entry::of(migration, State::Pending),
        });
    }
    entries.extend(row.filter(|_| !is_met).map(|row| Entry::gone(keeping, row)));
    Ok(entries)
}
