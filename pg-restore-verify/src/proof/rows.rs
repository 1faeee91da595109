//! Are the rows those of the backup?

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use shared::dump::{Digest, QualifiedName};
use shared::{Result, signals};

use super::{Proof, UNREAD, counted};
use crate::choice;
use crate::contents::{Form, TableData};
use crate::record::{Findings, Status};
use crate::redump::{self, Inserts};
use crate::rows::{self, Early, Reading, Restored};
use crate::tables;

impl Proof<'_> {
    pub(super) fn rows(&self, findings: &mut Findings<'_>) -> Result<u64> {
        let held_off = &self.backup.held_off;
        let here = self.backup.tables.iter();
        let here = here.filter(|(table, _)| !held_off.holds(table));
        let mut restored = self.digests(here, "hex", self.early)?;
        let doubtful = self.doubtful(&restored);
        if !doubtful.is_empty() {
            // A session that took the backup may have written bytea the older way.
            let tables = self
                .backup
                .tables
                .iter()
                .filter(|(name, _)| doubtful.contains(*name));
            for (table, again) in self.digests(tables, "escape", None)? {
                if again.rows == Ok(self.backup.tables[&table].digest) {
                    restored.insert(table, again);
                }
            }
        }
        restored.extend(self.inserted()?);
        let mut rows = 0;
        for (table, data) in &self.backup.tables {
            if let Some(finding) = self.promised.other_rows(table, data, findings) {
                findings.add(finding)?;
                continue;
            }
            if held_off.holds(table) {
                let read = counted(data.digest.rows, "row");
                let finding = findings.check("rows", Status::Skipped).object(table);
                let message = format!("{read} read, not restored: they belong to a foreign table");
                findings.add(finding.message(message))?;
                continue;
            }
            rows += data.digest.rows;
            let finding = findings.check("rows", Status::Ok).object(table);
            let found = restored.get(table);
            if let Some(why) = self.withheld_rows(table, found) {
                rows -= data.digest.rows;
                let finding = findings.check("rows", Status::Skipped).object(table);
                findings.add(finding.compared(data.digest, why))?;
                findings.unprovable(UNREAD);
                continue;
            }
            let Some(found) = found else {
                let finding = findings.check("rows", Status::Failed).object(table);
                findings.add(finding.compared(data.digest, "no such table"))?;
                continue;
            };
            let mut finding = finding.took(found.took);
            finding = match &found.rows {
                Ok(digest) => finding.compared(data.digest, digest),
                Err(why) => finding.compared(data.digest, why),
            };
            if found.rows != Ok(data.digest) {
                finding.status = Status::Failed;
                finding = finding.message(unlike(data.digest, &found.rows));
            }
            findings.add(finding)?;
        }
        self.promised
            .report_missing(self.backup, self.chosen, findings)?;
        Ok(rows)
    }

    /// Why nothing is known of a table's rows, where the server is to blame for it.
    fn withheld_rows(&self, table: &QualifiedName, found: Option<&Restored>) -> Option<String> {
        let withheld = &self.backup.withheld;
        let unread = found.and_then(|found| found.rows.as_ref().err());
        let is_missing = |why: &str| withheld.leaves_gap() && why.ends_with("does not exist");
        match unread {
            Some(why) if is_missing(why) => Some(why.clone()),
            Some(why) if withheld.is_refusal(why) => Some(why.clone()),
            _ if withheld.holds("TABLE", table) => {
                Some("the server refused the table or its rows".to_string())
            }
            _ => None,
        }
    }

    fn digests<'t>(
        &'t self,
        tables: impl IntoIterator<Item = (&'t QualifiedName, &'t TableData)>,
        bytea_output: &'t str,
        early: Option<&'t Early>,
    ) -> Result<BTreeMap<QualifiedName, Restored>> {
        let reading = Reading {
            jobs: self.jobs,
            bytea_output,
            limited: self.chosen.limited(),
            early,
        };
        rows::digest(self.target, self.backup, tables, reading)
    }

    /// Tables with the right number of rows that differ.
    fn doubtful(&self, restored: &BTreeMap<QualifiedName, Restored>) -> BTreeSet<QualifiedName> {
        let differs = |(table, found): &(&QualifiedName, &Restored)| {
            let expected = &self.backup.tables[*table];
            let found = found.rows.as_ref();
            found.is_ok_and(|digest| is_doubtful(expected, digest))
        };
        restored
            .iter()
            .filter(differs)
            .map(|(table, _)| table.clone())
            .collect()
    }

    /// The rows that the backup holds as INSERTs, dumped again in the same form.
    fn inserted(&self) -> Result<BTreeMap<QualifiedName, Restored>> {
        let forms: BTreeMap<&QualifiedName, bool> = self
            .backup
            .tables
            .iter()
            .filter_map(|(table, data)| match data.form {
                Form::Inserts { names_columns } => Some((table, names_columns)),
                Form::Copy(_) => None,
            })
            .collect();
        if forms.is_empty() {
            return Ok(BTreeMap::new());
        }
        let began = Instant::now();
        // A table without columns to name does not show what the dump's form is.
        let names_columns = forms.values().any(|names| *names);
        let known = tables::restored(&mut self.target.connect()?)?;
        let dump = |escapes_bytea| -> Result<BTreeMap<QualifiedName, Digest>> {
            let form = |via_root| Inserts {
                names_columns,
                via_root,
                escapes_bytea,
                backslash_escapes: self.backup.backslash_escapes,
            };
            let again = |via_root| redump::inserts(&self.pg_dump, self.target, form(via_root));
            // Some partitions go in by their root, unasked: by the hash of an enum, others do not.
            let mut dumped = again(false)?;
            let is_root = |name: &QualifiedName| {
                known.get(name).is_some_and(|table| table.partitioned) && forms.contains_key(name)
            };
            if forms
                .keys()
                .any(|name| is_root(name) && !dumped.contains_key(name))
            {
                let by_root = again(true)?.into_iter();
                dumped.extend(by_root.filter(|(name, _)| is_root(name)));
            }
            Ok(dumped)
        };
        let mut dumped = match dump(false) {
            Ok(dumped) => dumped,
            // Of any of its tables; pg_dump then ends.
            Err(error) if self.backup.withheld.is_refusal(&error.in_one_line()) => {
                signals::check()?;
                let unread = Restored {
                    rows: Err(error.in_one_line()),
                    took: began.elapsed(),
                };
                let tables = forms.into_keys();
                return Ok(tables
                    .map(|table| (table.clone(), unread.clone()))
                    .collect());
            }
            Err(error) => return Err(error),
        };
        let differs = |dumped: &BTreeMap<QualifiedName, Digest>| {
            let mut tables = forms
                .keys()
                .filter_map(|name| Some((name, dumped.get(name)?)));
            tables.any(|(name, found)| is_doubtful(&self.backup.tables[*name], found))
        };
        if differs(&dumped) {
            for (table, again) in dump(true)? {
                if self
                    .backup
                    .tables
                    .get(&table)
                    .is_some_and(|data| data.digest == again)
                {
                    dumped.insert(table, again);
                }
            }
        }
        let restored = |table: &QualifiedName| {
            let mut rows = dumped.get(table).copied().unwrap_or_default();
            for limited in self.chosen.limited() {
                if limited.above.contains(table) {
                    rows.merge(dumped.get(&limited.rest).copied().unwrap_or_default());
                }
            }
            Restored {
                rows: Ok(rows),
                took: began.elapsed(),
            }
        };
        let tables = forms.into_keys();
        Ok(tables
            .map(|table| (table.clone(), restored(table)))
            .collect())
    }

    /// How many rows met the conditions of `--where`; the others are not needed any more. Returns
    /// how many these are.
    pub(super) fn rows_left_out(&self, findings: &mut Findings<'_>) -> Result<u64> {
        if self.chosen.limited().is_empty() {
            return Ok(0);
        }
        let mut left_out = 0;
        let mut client = self.target.connect()?;
        for limited in self.chosen.limited() {
            let [stayed, rest] = limited.counts(&mut client)?;
            left_out += rest;
            let finding = findings.check("where", Status::Ok).object(&limited.table);
            let words = format!("{stayed} of {}", counted(stayed + rest, "row"));
            findings.add(finding.message(format!("{words} meet {}", limited.condition)))?;
        }
        choice::forget(&mut client)?;
        Ok(left_out)
    }

    /// Tables whose rows were not taken into the backup: nobody should think
    /// that they were. Which, in words.
    pub(super) fn tables_left_out(&self, findings: &mut Findings<'_>) -> Result<String> {
        let mut client = self.target.connect()?;
        let restored = tables::restored(&mut client)?.into_iter();
        let chosen = restored.filter(|(name, _)| self.chosen.holds(name));
        let (partitioned, others): (Vec<_>, Vec<_>) =
            chosen.partition(|(_, table)| table.partitioned);
        let mut partitioned: Vec<QualifiedName> =
            partitioned.into_iter().map(|(name, _)| name).collect();
        partitioned.sort();
        for table in partitioned.iter().filter(|_| self.chosen.is_part()) {
            let finding = findings.check("rows", Status::Skipped).object(table);
            let message = "its rows are in its partitions: of those that were chosen, too";
            findings.add(finding.message(message))?;
            if self.backup.tables.is_empty() {
                findings.unprovable(&format!(
                    "{table} has no rows of its own: -t has to name its partitions, too"
                ));
            }
        }
        let mut left_out: Vec<_> = others
            .into_iter()
            .filter(|(name, table)| table.is_dumped && !self.holds_rows_of(name))
            .map(|(name, table)| (name, table.root.filter(|root| self.holds_rows_of(root))))
            .collect();
        left_out.sort();
        for (table, root) in &left_out {
            let finding = findings.check("rows", Status::Skipped).object(table);
            findings.add(match root {
                Some(root) => finding
                    .message(format!(
                        "the backup holds its rows under the name of {root}"
                    ))
                    .remark(),
                None => finding.message("the backup holds its definition only, no rows"),
            })?;
        }
        left_out.retain(|(_, root)| root.is_none());
        let left_out: Vec<_> = left_out.into_iter().map(|(table, _)| table).collect();
        Ok(without_rows(&left_out, self.backup.tables.is_empty()))
    }

    fn holds_rows_of(&self, table: &QualifiedName) -> bool {
        self.backup.tables.contains_key(table)
    }
}

/// That a backup has no rows of some tables.
fn without_rows(tables: &[QualifiedName], all: bool) -> String {
    const SHOWN: usize = 3;
    match (tables, all) {
        ([], _) => String::new(),
        (_, true) => "; it holds no rows of any table".to_string(),
        (_, false) => {
            let count = counted(tables.len() as u64, "table");
            let names: Vec<String> = tables.iter().take(SHOWN).map(ToString::to_string).collect();
            let more = if tables.len() > SHOWN { ", …" } else { "" };
            format!("; it holds no rows of {count}: {}{more}", names.join(", "))
        }
    }
}

/// Whether there are as many rows, and others: they may be spelled in another way.
fn is_doubtful(expected: &TableData, found: &Digest) -> bool {
    found.rows == expected.digest.rows && *found != expected.digest
}

fn unlike(expected: Digest, actual: &std::result::Result<Digest, String>) -> String {
    match actual {
        Ok(actual) if actual.rows == expected.rows => "as many rows, but others".to_string(),
        Ok(actual) if actual.rows < expected.rows => {
            format!("{} missing", counted(expected.rows - actual.rows, "row"))
        }
        Ok(actual) => format!("{} too many", counted(actual.rows - expected.rows, "row")),
        Err(why) => why.clone(),
    }
}
