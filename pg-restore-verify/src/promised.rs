//! What a backup's manifest says that the backup holds.

use std::collections::BTreeMap;

use shared::Result;
use shared::backup::{self, Manifest};
use shared::dump::{QualifiedName, Tally};

use crate::choice::Chosen;
use crate::contents::{Contents, Form, TableData};
use crate::record::{Finding, Findings, Status};

/// Options of pg_dump that choose tables or schemas.
const OF_PART: [&str; 5] = ["-t", "-n", "--table", "--schema=", "--filter"];
/// Those by which what is taken may need what is not: types and functions of another schema, say.
const LEAVES_OUT: [&str; 9] = [
    "--section",
    "--statistics-only",
    "--no-schema",
    "-N",
    "--exclude-schema=",
    "-T",
    "--exclude-table=",
    "--extension=",
    "--exclude-extension=",
];

/// Rows and large objects as they were when the backup was taken, as far as the manifest tells.
#[derive(Default)]
pub struct Promised<'a> {
    /// One has several entries where its rows came with their columns in several orders.
    tables: Option<BTreeMap<QualifiedName, Vec<&'a backup::Table>>>,
    large_objects: Option<&'a backup::LargeObjects>,
    selection: &'a [String],
    whole: bool,
}

impl<'a> Promised<'a> {
    /// What this manifest says.
    pub fn of(manifest: Option<&'a Manifest>) -> Self {
        let tables = manifest.and_then(|manifest| manifest.tables.as_deref());
        let by_name = |tables: &'a [backup::Table]| {
            let mut named = BTreeMap::<QualifiedName, Vec<&backup::Table>>::new();
            for table in tables {
                let name = QualifiedName {
                    schema: Some(table.schema.clone()).filter(|schema| !schema.is_empty()),
                    name: table.name.clone(),
                };
                named.entry(name).or_default().push(table);
            }
            named
        };
        Self {
            tables: tables.map(by_name),
            large_objects: manifest.and_then(|manifest| manifest.large_objects.as_ref()),
            selection: manifest.map_or(&[], |manifest| &manifest.selection),
            whole: manifest
                .is_some_and(|manifest| manifest.selection.is_empty() && !manifest.adopted),
        }
    }

    /// Whether everything of the database was taken.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// Whether the backup was meant to hold rows and no definitions.
    pub fn is_of_rows_alone(&self) -> bool {
        let mut options = self.selection.iter();
        options.any(|option| matches!(option.as_str(), "-a" | "--data-only"))
    }

    /// Whether the backup was meant to hold some tables or schemas only.
    pub fn is_of_part(&self) -> bool {
        self.option_of(&OF_PART).is_some()
    }

    /// The option by which it is a part that may need the rest, if it is one.
    pub fn needs_rest(&self) -> Option<&str> {
        self.option_of(&LEAVES_OUT)
            .or_else(|| self.option_of(&OF_PART))
    }

    fn option_of(&self, starts: &[&str]) -> Option<&str> {
        let mut options = self.selection.iter().map(String::as_str);
        options.find(|option| starts.iter().any(|start| option.starts_with(start)))
    }

    /// Whether the backup was meant to leave something out.
    pub fn is_selected(&self) -> bool {
        !self.selection.is_empty()
    }

    /// Whether it says anything of rows.
    pub fn tells_of_rows(&self) -> bool {
        self.tables.is_some()
    }

    /// The finding, if the rows of a table are not those of the manifest.
    pub fn other_rows(
        &self,
        table: &QualifiedName,
        data: &TableData,
        findings: &Findings<'_>,
    ) -> Option<Finding> {
        let tables = self.tables.as_ref()?;
        let Form::Copy(target) = &data.form else {
            return None;
        };
        let finding = findings.check("rows", Status::Failed).object(table);
        let Some(promised) = tables.get(table) else {
            let finding = finding.compared("no such table", data.as_written);
            return Some(finding.message("the manifest of the backup does not know this table"));
        };
        let expected = shown(promised);
        let actual = data.as_written.to_string();
        if expected != actual {
            let message = "the backup does not hold the rows that its manifest tells of";
            return Some(finding.compared(expected, actual).message(message));
        }
        let columns = || promised.iter().map(|table| table.columns.as_slice());
        (!columns().any(|columns| columns == target.columns)).then(|| {
            let promised: Vec<String> = columns().map(|columns| columns.join(", ")).collect();
            let columns = (promised.join("; "), target.columns.join(", "));
            let message = "the backup does not hold the columns that its manifest tells of";
            finding.compared(columns.0, columns.1).message(message)
        })
    }

    /// Compares a backup that was read and not restored: a finding for each table.
    pub fn report(&self, backup: &Contents, findings: &mut Findings<'_>) -> Result<()> {
        if self.tells_of_rows() {
            for (table, data) in &backup.tables {
                let finding = self.other_rows(table, data, findings).unwrap_or_else(|| {
                    let finding = findings.check("rows", Status::Ok).object(table);
                    finding.compared(data.as_written, data.as_written)
                });
                findings.add(finding)?;
            }
            self.report_missing(backup, &Chosen::default(), findings)?;
        } else {
            let message = "no manifest tells how many rows there were: whether some were taken \
                           out of the backup is not known";
            findings.add(findings.check("rows", Status::Skipped).message(message))?;
        }
        match self.other_large_objects(backup, findings) {
            Some(finding) => findings.add(finding),
            None => Ok(()),
        }
    }

    /// Adds a finding for each chosen table of the manifest that the backup does not hold.
    pub fn report_missing(
        &self,
        backup: &Contents,
        chosen: &Chosen,
        findings: &mut Findings<'_>,
    ) -> Result<()> {
        for (table, promised) in self.tables.iter().flatten() {
            if chosen.holds(table) && !backup.tables.contains_key(table) {
                let finding = findings.check("rows", Status::Failed).object(table);
                let finding = finding.compared(shown(promised), "no rows in the backup");
                let message = "the backup does not hold the rows that its manifest tells of";
                findings.add(finding.message(message))?;
            }
        }
        Ok(())
    }

    /// The finding, if the large objects are not those of the manifest.
    pub fn other_large_objects(
        &self,
        backup: &Contents,
        findings: &Findings<'_>,
    ) -> Option<Finding> {
        let promised = self.large_objects?;
        let mut tally = Tally::default();
        for (oid, content) in &backup.large_objects {
            tally.add_large_object(*oid, content);
        }
        let actual = tally.large_objects();
        (*promised != actual).then(|| {
            let show = |objects: &backup::LargeObjects| {
                format!("{} large objects {}", objects.count, objects.digest)
            };
            let finding = findings.check("large_objects", Status::Failed);
            finding
                .compared(show(promised), show(&actual))
                .message("the backup does not hold the large objects that its manifest tells of")
        })
    }
}

/// As a digest is shown.
fn shown(tables: &[&backup::Table]) -> String {
    let rows = tables.iter().map(|table| table.rows).sum::<u64>();
    if let [table] = tables {
        return format!("{rows} rows {}", table.digest);
    }
    let sum = tables.iter().fold(0, |sum: u128, table| {
        sum.wrapping_add(u128::from_str_radix(&table.digest, 16).unwrap_or_default())
    });
    format!("{rows} rows {sum:032x}")
}
