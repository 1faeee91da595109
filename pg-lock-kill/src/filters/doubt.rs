//! Whom the filters may mean or not: what relations are called is not always to be seen.

use super::Seen;
use crate::cli::{Filters, Test};
use crate::snapshot::{Lock, Snapshot};
use crate::words;

/// What each reason begins with.
const BEGINNING: &str = "it is not known whether --";

/// Why it can't be said whether a session matches.
#[derive(Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The names of a whole database could not be had.
    Unnamed,
    /// What it locks has a name that nobody but its own transaction sees; in words.
    Unseen(String),
}

/// Whether a record says so of its session: it is protected, as far as is known.
pub fn is_one(protected: &str) -> bool {
    protected.starts_with(BEGINNING)
}

impl Filters {
    /// Why it can't be said of this session.
    pub(super) fn doubt(&self, seen: &Seen<'_>) -> Doubt {
        let is_open = |lock: &&&Lock, name: &str| called(lock, name, seen.snapshot).is_none();
        let open = self.conditions.iter().filter_map(|condition| {
            let Test::Relation(name) = &condition.test else {
                return None;
            };
            let lock = seen.locks.iter().find(|lock| is_open(lock, name))?;
            Some((condition.is_not, *lock))
        });
        let open: Vec<(bool, &Lock)> = open.collect();
        let is_nameless = |(_, lock): &(bool, &Lock)| words::is_nameless(&lock.tag, seen.snapshot);
        match open.first() {
            Some((is_not, lock)) if !open.iter().any(is_nameless) => {
                let not = if *is_not { "not-" } else { "" };
                let why = unseen(lock, seen.snapshot);
                Doubt::Unseen(format!("{BEGINNING}{not}relation means it: {why}"))
            }
            _ => Doubt::Unnamed,
        }
    }
}

/// Whether what is locked has this name; none where that can't be said.
pub fn called(lock: &Lock, name: &str, snapshot: &Snapshot) -> Option<bool> {
    let tag = &lock.tag;
    let Some(relation) = words::known_relation(tag, snapshot) else {
        return tag.relation.is_none().then_some(false);
    };
    if super::is_called(relation, name) {
        return Some(true);
    }
    // Whoever waits for it asked for it by the old name.
    let number = (tag.database.unwrap_or_default(), tag.relation?);
    let is_renamed = lock.granted && snapshot.renamed.contains(&number);
    (!is_renamed).then_some(false)
}

fn unseen(lock: &Lock, snapshot: &Snapshot) -> String {
    let relation = words::relation(&lock.tag, snapshot).unwrap_or_default();
    match words::known_relation(&lock.tag, snapshot) {
        Some(_) => format!(
            "{relation}, which it locks, may have another name in a transaction that is still open"
        ),
        None => format!(
            "{relation}, which it locks, has no name that others see, as one that was made in a transaction that is \
             still open"
        ),
    }
}
