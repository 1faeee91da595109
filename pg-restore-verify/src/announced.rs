//! What a script announces and then does not hold: the comment above each object names it, and
//! a statement that somebody lost leaves its comment behind.

use shared::Result;
use shared::dump::Entry;

use crate::contents::{Contents, Form};
use crate::record::{Findings, Status};

/// Adds a finding for each entry whose statement is missing.
pub fn report(backup: &Contents, findings: &mut Findings<'_>) -> Result<()> {
    let copied = |form: &Form| matches!(form, Form::Copy(_));
    let rows_are_copied = backup.tables.values().any(|table| copied(&table.form));
    for entry in &backup.bare {
        let named = match entry.schema.as_str() {
            "-" | "" => entry.name.clone(),
            schema => format!("{schema}.{}", entry.name),
        };
        let (check, object) = match entry.kind.as_str() {
            // Of an empty table there is no INSERT.
            "TABLE DATA" if !rows_are_copied => continue,
            "TABLE DATA" => ("rows", named),
            "SEQUENCE SET" => ("sequences", named),
            _ if may_be_bare(entry) => continue,
            _ => ("schema", entry.label()),
        };
        let finding = findings.check(check, Status::Failed).object(object);
        let message = "the backup announces it, and its statement is missing";
        findings.add(finding.message(message))?;
    }
    Ok(())
}

/// pg_dump announces the schema `public` and says in words that it is there, and large objects
/// that may hold nothing.
fn may_be_bare(entry: &Entry) -> bool {
    let public = entry.kind == "SCHEMA" && entry.name == "public";
    public || entry.kind.starts_with("BLOB") || entry.kind == "STATISTICS DATA"
}
