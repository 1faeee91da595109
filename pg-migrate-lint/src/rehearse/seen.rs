//! What is seen of a statement, by what was there before and after it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::probe::{Counts, Probe, Relation};
use crate::lock::Mode;

/// A lock that a statement took.
#[derive(Debug)]
pub struct Taken {
    /// On what.
    pub relation: Relation,
    /// How.
    pub mode: Mode,
    /// How long it was seen, where it was let go before the transaction ended.
    pub held_ms: Option<f64>,
}

/// What was seen of a statement.
#[derive(Debug, Default)]
pub struct Seen {
    /// Locks that it took on what was there before the transaction.
    pub locks: Vec<Taken>,
    /// All that the transaction holds after it on what was there before.
    pub held: Vec<(Relation, Mode)>,
    /// Relations that are another file now, with something in it or not.
    pub rewritten: Vec<Relation>,
    /// Relations of which all rows were read; none where that can't be seen.
    pub scanned: Option<Vec<Relation>>,
    /// What was done to rows; none where that can't be seen.
    pub counts: Option<Counts>,
    /// Bytes.
    pub wal: Option<i64>,
    /// How long it took, without what was done to look at it.
    pub took: Duration,
    /// Whether it was over before anybody could look.
    pub is_blind: bool,
    /// Whether shorter locks than were seen may have been held.
    pub is_sampled: bool,
    /// What is claimed of it, and is not so.
    pub mismatch: Option<Vec<String>>,
}

/// What is another thing than when the transaction began.
pub struct Within {
    /// What it held before the statement, and the relations that it has locked so far.
    pub before: Probe,
    /// What the session had counted before.
    pub counted: BTreeMap<u32, Counts>,
}

impl Within {
    /// The statement is over: what it has left is what the next one finds.
    pub fn follow(&mut self, now: Probe) {
        for (number, relation) in &now.relations {
            self.counted.insert(*number, relation.counts);
        }
        self.before = now;
    }
}

/// What a statement took and did.
pub fn compare(there: &Probe, within: &Within, after: &Probe) -> Seen {
    let before = &within.before;
    let mut seen = Seen {
        scanned: Some(Vec::new()),
        wal: Some((after.wal - before.wal).max(0)),
        ..Seen::default()
    };
    // As it was called before the statement, and what is in it now.
    let of = |number: &u32| {
        let known = there.relations.get(number)?;
        let known = before.relations.get(number).unwrap_or(known);
        let now = after.relations.get(number);
        Some(Relation {
            is_filled: now.and_then(|now| now.is_filled),
            ..known.clone()
        })
    };
    for (number, mode) in &after.locks {
        let Some(relation) = of(number) else {
            continue;
        };
        if !before.locks.contains(&(*number, *mode)) {
            seen.locks.push(Taken {
                relation: relation.clone(),
                mode: *mode,
                held_ms: None,
            });
        }
        seen.held.push((relation, *mode));
    }
    let mut all = Counts::default();
    for (number, now) in &after.relations {
        let counted = within.counted.get(number).copied().unwrap_or_default();
        let counts = now.counts.since(counted);
        if !now.is_index() {
            all.inserted += counts.inserted;
            all.updated += counts.updated;
            all.deleted += counts.deleted;
        }
        let Some(relation) = of(number) else {
            seen.rewritten.extend(replaced(there, before, *number, now));
            continue;
        };
        let is_other = relation.file != now.file;
        if is_other {
            seen.rewritten.push(relation.clone());
        }
        // A table that was emptied is looked through for its new indexes; of one that was empty there is nothing to read.
        let was_empty = relation.is_filled == Some(false) && !is_other;
        if counts.scans > 0 && (counts.read > 0 || was_empty) && !now.is_index() {
            seen.scanned.get_or_insert_default().push(relation);
        }
    }
    seen.counts = Some(all);
    seen
}

/// An index that a statement has built anew under its old name, in place of one that was there before it.
fn replaced(there: &Probe, before: &Probe, number: u32, now: &Relation) -> Option<Relation> {
    if !now.is_index() || now.file == 0 || before.relations.contains_key(&number) {
        return None;
    }
    let is_old = |(old, relation): &(&u32, &Relation)| {
        let is_gone_before = !before.relations.contains_key(*old)
            && before.locks.contains(&(**old, Mode::AccessExclusive));
        relation.name == now.name && relation.schema == now.schema && !is_gone_before
    };
    let (_, old) = there.relations.iter().find(is_old)?;
    (old.is_index() && old.file != now.file).then(|| now.clone())
}
