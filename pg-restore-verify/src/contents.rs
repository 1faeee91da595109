//! What a backup holds.

mod collector;

use std::collections::{BTreeMap, BTreeSet};

use shared::dump::{CopyTarget, Digest, Entry, LargeObjectDigest, QualifiedName, Schema};

use crate::choice::Chosen;
use crate::large_objects::properties::Described;
use crate::restore::{HeldOff, Withheld};
use crate::roles::Needs;

pub use collector::Collector;

/// Everything that has to be found again in the restored database.
#[derive(Default)]
pub struct Contents {
    /// The statements that define objects.
    pub schema: Schema,
    /// What is said of the database itself, where the restore did nothing about it.
    pub database: Schema,
    /// The rows of each table.
    pub tables: BTreeMap<QualifiedName, TableData>,
    /// The position of each sequence.
    pub sequences: BTreeMap<QualifiedName, SequencePosition>,
    /// The materialized views that it fills.
    pub refreshed: BTreeSet<QualifiedName>,
    /// The bytes of each large object.
    pub large_objects: BTreeMap<u32, LargeObjectDigest>,
    /// Whose they are, and who may use them.
    pub described: Described,
    /// Roles and tablespaces that it counts on.
    pub needs: Needs,
    /// The encoding of its text, as pg_dump names it.
    pub encoding: Option<String>,
    /// Whether its strings have backslashes that escape: the database has
    /// `standard_conforming_strings` off.
    pub backslash_escapes: bool,
    /// Whether rows that policies hid from pg_dump's role were left out.
    pub subject_to_row_security: bool,
    /// What it announces, and then does not hold.
    pub bare: Vec<Entry>,
    /// What of it is not restored, because that would reach elsewhere.
    pub held_off: HeldOff,
    /// The first statement among its rows that may do more than bring rows.
    pub beyond: Option<String>,
    /// What of it the server refused, which is no fault of the backup's.
    pub withheld: Withheld,
}

/// The rows that a dump holds of one table.
#[derive(Debug, Clone)]
pub struct TableData {
    /// How the dump writes them.
    pub form: Form,
    /// Their digest, with instants in UTC.
    pub digest: Digest,
    /// Their digest as they stand in the backup, which is that of its manifest.
    pub as_written: Digest,
    /// How long they are there.
    pub bytes: u64,
    /// Whether some instants had to be respelled in UTC.
    pub respelled: bool,
}

impl Contents {
    /// Whether there are rows and nothing that defines their tables.
    pub fn is_data_only(&self) -> bool {
        self.schema.count() == 0 && !self.tables.is_empty()
    }

    /// Whether there are no rows, large objects or values of sequences.
    pub fn has_no_data(&self) -> bool {
        let data = self.tables.is_empty() && self.sequences.is_empty();
        data && self.large_objects.is_empty()
    }

    /// What it says of the database itself, whether that was done or not.
    pub fn of_database(&self) -> impl Iterator<Item = &str> {
        let set_aside = self.database.statements_of_database();
        set_aside.chain(self.schema.statements_of_database())
    }

    /// Forgets what was not chosen.
    pub fn retain(&mut self, chosen: &Chosen) {
        chosen.retain(&mut self.schema);
        self.tables.retain(|table, _| chosen.holds(table));
        self.sequences.retain(|sequence, _| chosen.holds(sequence));
        self.bare.retain(|entry| {
            let name = QualifiedName {
                schema: Some(entry.schema.clone()),
                name: entry.name.clone(),
            };
            let of_schema = chosen.holds_schema(&entry.schema);
            of_schema.unwrap_or_else(|| chosen.holds(&name))
        });
        if chosen.is_part() {
            self.large_objects.clear();
            self.described.clear();
        }
    }

    /// Whether some rows are INSERT statements, which mean something for their own table only.
    pub fn has_inserts(&self) -> bool {
        let mut tables = self.tables.values();
        tables.any(|data| matches!(data.form, Form::Inserts { .. }))
    }

    /// Notes tables of which the backup says that they have rows of their own, if it says so by
    /// INSERT statements and there is none for them.
    pub fn note_empty(&mut self, tables: impl Iterator<Item = QualifiedName>) {
        let mut forms = self.tables.values().map(|data| &data.form);
        let inserts = forms.find(|form| matches!(form, Form::Inserts { .. }));
        if let Some(form) = inserts.cloned() {
            for table in tables {
                let empty = || TableData::new(form.clone());
                self.tables.entry(table).or_insert_with(empty);
            }
        }
    }
}

impl TableData {
    fn new(form: Form) -> Self {
        Self {
            form,
            digest: Digest::default(),
            as_written: Digest::default(),
            bytes: 0,
            respelled: false,
        }
    }

    /// Adds the rows of another part of the table.
    fn merge(&mut self, other: Self) {
        self.digest.merge(other.digest);
        self.as_written.merge(other.as_written);
        self.bytes += other.bytes;
        self.respelled |= other.respelled;
    }
}

/// How a dump writes a table's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// COPY text.
    Copy(CopyTarget),
    /// INSERT statements, with or without the columns' names.
    Inserts {
        /// Whether each statement lists the columns.
        names_columns: bool,
    },
}

/// A sequence's position: `setval`'s second and third argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SequencePosition {
    /// The last value.
    pub last_value: i64,
    /// Whether `nextval` goes on from it (or gives it).
    pub is_called: bool,
}
