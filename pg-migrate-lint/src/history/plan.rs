//! Sqitch: changes in the order of a plan, of one of the projects that a database may have. One that is
//! planned again is deployed again: the rows of a name are in the order of the plan.

use std::collections::HashMap;

use shared::Result;

use super::compare;
use super::entry::Entry;
use super::keeping::Keeping;
use super::row::{Mark, Row};
use super::state::State;
use crate::layout::{Project, read_file};

const PLAN: &str = "sqitch.plan";

/// What became of each.
pub fn compare<'a>(
    keeping: &'static Keeping,
    project: &'a Project,
    rows: &[Row],
) -> Result<Vec<Entry<'a>>> {
    let text = read_file(&project.root.join(PLAN))?;
    let text = String::from_utf8_lossy(&text);
    let own = text.lines().find_map(|line| line.strip_prefix("%project="));
    let own = own.map(str::trim);
    let is_ours = |row: &&Row| own.is_none() || row.name.as_deref() == own;
    let mut stems: HashMap<&str, Vec<&str>> = HashMap::new();
    for migration in &project.migrations {
        stems
            .entry(&migration.name)
            .or_default()
            .push(&migration.version);
    }
    let mut deployed: HashMap<String, usize> = HashMap::new();
    let mut named = Vec::new();
    // An event tells of what comes next of its name.
    let (changes, events): (Vec<_>, Vec<_>) = rows
        .iter()
        .filter(is_ours)
        .partition(|row| row.mark == Mark::Applied);
    for row in changes.into_iter().chain(events) {
        let change = row.version.clone().unwrap_or_default();
        let place = deployed.entry(change.clone()).or_default();
        let stem = stems
            .get(change.as_str())
            .and_then(|stems| stems.get(*place));
        let stem = stem.map(|stem| (*stem).to_string());
        match row.mark {
            Mark::Applied => *place += 1,
            _ if stem.is_none() => continue,
            _ => {}
        }
        named.push(Row {
            version: Some(stem.unwrap_or(change)),
            name: None,
            ..row.clone()
        });
    }
    let mut entries = compare::by_version(keeping, project, &named)?;
    in_order(keeping, &mut entries);
    Ok(entries)
}

/// What is not deployed though a later one of the plan is: the plan decides, not the name.
fn in_order(keeping: &'static Keeping, entries: &mut [Entry]) {
    let is_there = |entry: &Entry| {
        entry.migration.is_some() && matches!(entry.state, State::Applied | State::Edited)
    };
    let last = entries.iter().rposition(is_there);
    let later = last.and_then(|last| Some((last, entries.get(last)?.version.clone())));
    let Some((last, later)) = later else { return };
    for entry in entries.iter_mut().take(last) {
        if let (true, Some(migration)) = (entry.state.is_next(), entry.migration) {
            let late = Entry::unapplied(keeping, migration, Some(&later));
            (entry.state, entry.message) = (late.state, late.message);
            entry.halts = late.halts;
        }
    }
}
