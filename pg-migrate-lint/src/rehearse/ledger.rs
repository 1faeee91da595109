//! The records of what was run, filled in as far as it is known, and completed when their transaction ends.

use std::collections::BTreeSet;
use std::time::Instant;

use shared::Error;

use super::load::{Load, Part};
use super::observer::milliseconds;
use super::probe::Relation;
use super::record::{FAILED, Lock, OK, Record};
use super::seen::{Seen, Taken};
use crate::apply::{Refusal, Script, Step};
use crate::lock::{Blocks, Mode};

/// What was not seen of a statement that was over at once.
const BLIND: &str = "it was over before anybody could look: what it locked is not known";
/// What was not seen of code that ends transactions.
const SAMPLED: &str = "it ends transactions on the way: what it held was looked at from outside, and shorter locks may have been missed";

/// The records, and what is open of them.
#[derive(Default)]
pub struct Ledger {
    records: Vec<Record>,
    /// The records of the transaction that is open, and when the statement of each began.
    open: Vec<(usize, Instant)>,
    transaction: usize,
    is_open: bool,
    /// Who reads and writes meanwhile, if that is asked for.
    pub load: Option<Load>,
    /// Locked tables that nobody read and wrote.
    pub unmeasured: BTreeSet<String>,
}

impl Ledger {
    /// What was written down since this was asked last.
    pub fn take(&mut self) -> Vec<Record> {
        self.open.clear();
        std::mem::take(&mut self.records)
    }

    /// A transaction begins.
    pub fn begin(&mut self) {
        self.transaction += 1;
        self.is_open = true;
    }

    /// None is open, because there is another session.
    pub fn close(&mut self) {
        self.is_open = false;
    }

    /// The transaction ends.
    pub fn end(&mut self) {
        self.settle();
        self.is_open = false;
    }

    /// Writes down a statement.
    pub fn write(
        &mut self,
        script: &Script,
        step: &Step,
        began: Instant,
        refusal: Option<&Refusal>,
        seen: Option<&Seen>,
    ) {
        let lines = script.source.lines();
        let start = lines.position(step.place.start);
        let end = lines.position(step.place.end);
        let mut record = Record {
            file: script.source.path.clone(),
            line: start.line,
            column: start.column,
            end_line: end.line,
            statement: crate::record::cut(&step.text),
            state: OK.to_string(),
            duration_ms: milliseconds(began.elapsed()),
            transaction: self.is_open.then_some(self.transaction),
            ..Record::default()
        };
        if let Some(refusal) = refusal {
            record.state = FAILED.to_string();
            record.sqlstate = refusal.error.sqlstate().map(str::to_string);
            record.message = Some(refusal.error.in_one_line());
        }
        if let Some(seen) = seen {
            fill(&mut record, seen);
        }
        self.open.push((self.records.len(), began));
        self.records.push(record);
        if !self.is_open {
            self.settle();
        }
    }

    /// The end of the transaction was refused.
    pub fn refuse_commit(&mut self, error: &Error) {
        if let Some(record) = self.records.last() {
            let commit = Record {
                statement: "COMMIT".to_string(),
                state: FAILED.to_string(),
                sqlstate: error.sqlstate().map(str::to_string),
                message: Some(error.in_one_line()),
                file: record.file.clone(),
                line: record.line,
                column: record.column,
                end_line: record.end_line,
                transaction: record.transaction,
                ..Record::default()
            };
            self.records.push(commit);
        }
    }

    /// The locks of the transaction are let go.
    fn settle(&mut self) {
        let now = Instant::now();
        for (number, began) in self.open.drain(..) {
            let Some(record) = self.records.get_mut(number) else {
                continue;
            };
            let held = milliseconds(now.duration_since(began));
            let locks = record.locks.iter_mut().flatten();
            for lock in locks.filter(|lock| lock.kept) {
                lock.held_ms = Some(held);
            }
            let Some(load) = &self.load else {
                continue;
            };
            let tables: Vec<&str> = record
                .locks
                .iter()
                .flatten()
                .map(|lock| lock.relation.as_str())
                .collect();
            let waited = |part| load.waited(&tables, part, began, now).map(milliseconds);
            record.blocked_reads_ms = waited(Part::Reader);
            record.blocked_writes_ms = waited(Part::Writer);
            if record.blocked_reads_ms.is_none() && record.blocked_writes_ms.is_none() {
                self.unmeasured
                    .extend(tables.iter().map(ToString::to_string));
            }
        }
    }
}

fn fill(record: &mut Record, seen: &Seen) {
    let names = |all: &[Relation]| all.iter().map(Relation::shown).collect::<Vec<_>>();
    let is_shown = |taken: &&Taken| !taken.relation.is_index() || taken.mode > Mode::RowExclusive;
    let lock = |taken: &Taken| Lock {
        relation: taken.relation.shown(),
        mode: taken.mode.name().to_string(),
        blocks: taken.mode.blocks().name().to_string(),
        kept: taken.held_ms.is_none(),
        held_ms: taken.held_ms,
    };
    let is_strongest = |taken: &&Taken| {
        let mut others = seen.locks.iter();
        !others.any(|other| is_same(&other.relation, &taken.relation) && other.mode > taken.mode)
    };
    let locks = seen.locks.iter().filter(is_shown).filter(is_strongest);
    let blocks = seen.held.iter().map(|(_, mode)| mode.blocks()).max();
    let blocks = blocks.unwrap_or(Blocks::None);
    record.blocks = Some(blocks.name().to_string());
    record.locks = Some(locks.map(lock).collect());
    if seen.is_blind {
        (record.blocks, record.locks) = (None, None);
        record.message = Some(BLIND.to_string());
    }
    if seen.is_sampled {
        record.message = Some(SAMPLED.to_string());
        // More than all can't be missed.
        record.blocks.take_if(|_| blocks != Blocks::ReadsAndWrites);
    }
    let filled = |relation: &&Relation| relation.is_filled != Some(false);
    let rewritten: Vec<Relation> = seen.rewritten.iter().filter(filled).cloned().collect();
    record.rewritten = Some(names(&rewritten));
    record.scanned = seen.scanned.as_deref().map(names);
    record.rows_inserted = seen.counts.map(|counts| counts.inserted);
    record.rows_updated = seen.counts.map(|counts| counts.updated);
    record.rows_deleted = seen.counts.map(|counts| counts.deleted);
    record.wal_bytes = seen.wal;
    record.mismatch.clone_from(&seen.mismatch);
    record.duration_ms = milliseconds(seen.took);
}

fn is_same(one: &Relation, other: &Relation) -> bool {
    one.name == other.name && one.schema == other.schema
}
