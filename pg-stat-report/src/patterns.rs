//! What is said of single things, and of which of them there is none.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::{Check, Finding, Status};
use crate::limits::{self, Limits};

/// The checks that judge every thing of their kind, and whose things last: of others it can't be told whether a pattern
/// has nothing to fit at all, or at the moment.
const COMPLETE: [&str; 7] = [
    "connections",
    "database_size",
    "freezing",
    "multixact_wraparound",
    "sequences",
    "table_size",
    "wraparound",
];

/// The patterns of thresholds and of what is left out, and which of them fitted.
#[derive(Debug)]
pub struct Patterns<'a> {
    limits: &'a Limits,
    seen: BTreeMap<&'static str, Things<'a>>,
}

/// What a check judged.
#[derive(Debug, Default)]
struct Things<'a> {
    count: usize,
    /// The patterns that fitted one.
    fitted: BTreeSet<&'a str>,
    /// Some were not to be seen.
    is_partial: bool,
}

impl<'a> Patterns<'a> {
    /// Of these thresholds.
    pub fn new(limits: &'a Limits) -> Self {
        Self {
            limits,
            seen: BTreeMap::new(),
        }
    }

    /// Takes what a check judged.
    pub fn hear(&mut self, check: &'static Check, findings: &[Finding]) {
        let patterns = self.limits.patterns(check);
        let objects = findings.iter().filter_map(|one| one.object.as_deref());
        if patterns.is_empty() || !COMPLETE.contains(&check.name) {
            return;
        }
        let things = self.seen.entry(check.name).or_default();
        for object in objects {
            things.count += 1;
            let fitting = patterns.iter().filter(|one| limits::matches(one, object));
            things.fitted.extend(fitting);
        }
        let is_unseen = |one: &Finding| one.status == Status::Unknown && one.object.is_none();
        things.is_partial |= findings.iter().any(is_unseen);
    }

    /// What is to be said of those that fitted nothing.
    pub fn unfit(&self, check: &'static Check) -> Vec<String> {
        let things = self.seen.get(check.name);
        let Some(things) = things.filter(|things| !things.is_partial) else {
            return Vec::new();
        };
        let (name, count) = (check.name, things.count);
        let patterns = self.limits.patterns(check).into_iter();
        let unfit = patterns.filter(|pattern| !things.fitted.contains(pattern));
        unfit
            .map(|pattern| {
                format!("{name}:{pattern} fits none of the {count} things that {name} looked at")
            })
            .collect()
    }
}
