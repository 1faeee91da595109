//! Is what was restored what the backup holds?

mod definitions;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use shared::dump::{Digest, QualifiedName};
use shared::programs::Program;
use shared::{Result, signals};

use crate::archive::{Archive, Kind};
use crate::choice::{self, Chosen};
use crate::contents::{Contents, Form, TableData};
use crate::large_objects::properties;
use crate::promised::Promised;
use crate::record::{Findings, Status};
use crate::redump::{self, Inserts};
use crate::restore::Target;
use crate::rows::{self, Early, Reading, Restored};
use crate::{large_objects, sequences, tables};

/// Compares a restored database with the backup.
pub struct Proof<'a> {
    archive: &'a Archive,
    target: &'a Target,
    backup: &'a Contents,
    promised: &'a Promised<'a>,
    chosen: &'a Chosen,
    jobs: usize,
    pg_dump: Program,
    early: Option<&'a Early>,
}

impl<'a> Proof<'a> {
    /// A comparison on `jobs` connections, with the pg_dump that is nearest to
    /// both the server and the backup's own.
    pub fn new(
        archive: &'a Archive,
        target: &'a Target,
        backup: &'a Contents,
        promised: &'a Promised<'a>,
        chosen: &'a Chosen,
        jobs: usize,
    ) -> Result<Self> {
        let server = target.server().version().major;
        let at_least = server.max(archive.pg_dump_major.unwrap_or(0));
        let pg_dump = Program::find("pg_dump", Some(at_least))?;
        Ok(Self {
            archive,
            target,
            backup,
            promised,
            chosen,
            jobs,
            pg_dump,
            early: None,
        })
    }

    /// The same where rows were read back before the restore ended.
    pub fn after(self, early: Option<&'a Early>) -> Self {
        Self { early, ..self }
    }

    /// The pg_dump that shows what was restored.
    pub fn pg_dump(&self) -> &Program {
        &self.pg_dump
    }

    /// Writes the findings; in words, what was proved.
    pub fn report(&self, findings: &mut Findings<'_>) -> Result<String> {
        let rows = self.rows(findings)?;
        let rows = rows.saturating_sub(self.rows_left_out(findings)?);
        let left_out = self.tables_left_out(findings)?;
        self.sequences(findings)?;
        if !self.chosen.is_part() {
            self.large_objects(findings)?;
        }
        match self.backup.is_data_only() {
            true => self.without_definitions(findings)?,
            false => self.schema(findings)?,
        }
        let manifest = match self.promised.tells_of_rows() {
            true => ", the rows also those of its manifest",
            false => "",
        };
        let chosen = match self.chosen.is_everything() {
            true => "",
            false => "of what was chosen, ",
        };
        Ok(format!(
            "{chosen}{} in {}, {}, {} and {} are those of the backup{manifest}{left_out}",
            counted(rows, "row"),
            counted(self.backup.tables.len() as u64, "table"),
            counted(self.backup.sequences.len() as u64, "sequence"),
            counted(self.backup.large_objects.len() as u64, "large object"),
            counted(self.backup.schema.len() as u64, "definition"),
        ))
    }

    fn rows(&self, findings: &mut Findings<'_>) -> Result<u64> {
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
        let mut tables = forms.keys().filter_map(|name| known.get(name));
        let mut form = Inserts {
            names_columns,
            via_root: tables.any(|table| table.partitioned),
            escapes_bytea: false,
        };
        let mut dumped = match redump::inserts(&self.pg_dump, self.target, form) {
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
            form.escapes_bytea = true;
            for (table, again) in redump::inserts(&self.pg_dump, self.target, form)? {
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
    fn rows_left_out(&self, findings: &mut Findings<'_>) -> Result<u64> {
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
    fn tables_left_out(&self, findings: &mut Findings<'_>) -> Result<String> {
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

    fn sequences(&self, findings: &mut Findings<'_>) -> Result<()> {
        let began = Instant::now();
        let mut client = self.target.connect()?;
        let different = sequences::differences(&mut client, &self.backup.sequences)?;
        let withheld = &self.backup.withheld;
        for (sequence, expected, actual) in &different {
            let missing = withheld.leaves_gap() && actual.ends_with("does not exist");
            let unread = withheld.ended_early() || withheld.is_refusal(actual);
            let status = match missing || unread {
                true => Status::Skipped,
                false => Status::Failed,
            };
            let finding = findings.check("sequences", status).object(sequence);
            findings.add(finding.compared(expected, actual))?;
            if status == Status::Skipped {
                findings.unprovable(UNREAD);
            }
        }
        let left_out = sequences::left_out(&mut client, &self.backup.sequences)?;
        let mut lost = false;
        for sequence in left_out {
            if !self.chosen.holds(&sequence.name) {
                continue;
            }
            // A dump of everything has the position of each; a standby's lacks some.
            let status = match self.promised.is_whole() && !sequence.unlogged {
                true => Status::Failed,
                false => Status::Skipped,
            };
            lost |= status == Status::Failed;
            let finding = findings.check("sequences", status).object(sequence.name);
            findings.add(finding.message("the backup does not hold its position"))?;
        }
        if different.is_empty() && !lost && !self.backup.sequences.is_empty() {
            let count = counted(self.backup.sequences.len() as u64, "sequence");
            let finding = findings
                .check("sequences", Status::Ok)
                .compared(&count, &count);
            findings.add(finding.took(began.elapsed()))?;
        }
        Ok(())
    }

    fn large_objects(&self, findings: &mut Findings<'_>) -> Result<()> {
        let began = Instant::now();
        let restored = large_objects::digest(&mut self.target.connect()?)?;
        let expected = &self.backup.large_objects;
        let mut different = false;
        if let Some(finding) = self.promised.other_large_objects(self.backup, findings) {
            different = true;
            findings.add(finding)?;
        }
        for oid in expected
            .keys()
            .chain(restored.keys())
            .collect::<BTreeSet<_>>()
        {
            const NONE: &str = "no such large object";
            let wanted = expected.get(oid).map(ToString::to_string);
            let wanted = wanted.unwrap_or_else(|| NONE.to_string());
            let (found, unread) = match restored.get(oid) {
                None => (NONE.to_string(), self.backup.withheld.leaves_gap()),
                Some(Ok(found)) => (found.to_string(), false),
                Some(Err(why)) => (why.clone(), self.backup.withheld.is_refusal(why)),
            };
            if wanted != found {
                different = true;
                let status = match unread {
                    true => Status::Skipped,
                    false => Status::Failed,
                };
                let finding = findings.check("large_objects", status).object(oid);
                findings.add(finding.compared(wanted, found))?;
                if unread {
                    findings.unprovable(UNREAD);
                }
            }
        }
        let differences = self.descriptions()?;
        different |= !differences.is_empty();
        // Who may not give an object to its owner may not give its rights, either.
        let status = match self.backup.withheld.role() {
            Some(_) => Status::Skipped,
            None => Status::Failed,
        };
        for (oid, wanted, found) in differences {
            let finding = findings.check("large_objects", status).object(oid);
            let finding = finding.message("its owner, rights or comment are others");
            findings.add(finding.compared(wanted, found))?;
            if status == Status::Skipped {
                findings.unprovable(UNREAD);
            }
        }
        if !different && !expected.is_empty() {
            let count = counted(expected.len() as u64, "large object");
            let finding = findings
                .check("large_objects", Status::Ok)
                .compared(&count, &count);
            findings.add(finding.took(began.elapsed()))?;
        }
        Ok(())
    }

    /// The large objects of the backup that others own or may use than it says.
    fn descriptions(&self) -> Result<Vec<(u32, String, String)>> {
        let described = &self.backup.described;
        // Of an archive that only pg_restore can read nothing is known.
        if described.is_empty() && !matches!(self.archive.kind, Kind::Plain(_)) {
            return Ok(Vec::new());
        }
        let mut found = properties::differences(&mut self.target.connect()?, described)?;
        found.retain(|(oid, ..)| self.backup.large_objects.contains_key(oid));
        Ok(found)
    }

    /// Rows alone are proved for what they are; that is less than a backup.
    fn without_definitions(&self, findings: &mut Findings<'_>) -> Result<()> {
        let message = "the backup holds rows and no definitions: by itself it restores nothing, \
                       and whether tables of the right types take its rows is not known";
        if !self.promised.is_of_rows_alone() {
            findings.unprovable(message);
        }
        findings.add(findings.check("schema", Status::Skipped).message(message))
    }
}

const UNREAD: &str = "not all that was restored is there or could be read back by this role";

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

/// `1 row`, `2 rows`.
pub fn counted(count: u64, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ if noun.ends_with('x') => format!("{count} {noun}es"),
        _ => format!("{count} {noun}s"),
    }
}
