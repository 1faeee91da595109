//! Is what was restored what the backup holds?

mod definitions;
mod rows;

use std::collections::BTreeSet;
use std::time::Instant;

use shared::Result;
use shared::dump::LargeObjectDigest;
use shared::programs::Program;

use crate::archive::{Archive, Kind};
use crate::choice::Chosen;
use crate::contents::Contents;
use crate::large_objects::properties;
use crate::promised::Promised;
use crate::record::{Findings, Status};
use crate::restore::Target;
use crate::rows::Early;
use crate::{large_objects, sequences};

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
            counted(self.backup.schema.count() as u64, "definition"),
        ))
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
            let is_bare = |found: &LargeObjectDigest| self.backup.has_no_data() && found.is_empty();
            if let Some(Ok(found)) = restored.get(oid)
                && is_bare(found)
            {
                different = true;
                let finding = findings.check("large_objects", Status::Skipped).object(oid);
                findings.add(finding.message("the backup holds its definition only, no bytes"))?;
                continue;
            }
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

/// `1 row`, `2 rows`.
pub fn counted(count: u64, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ if noun.ends_with('x') => format!("{count} {noun}es"),
        _ => format!("{count} {noun}s"),
    }
}
