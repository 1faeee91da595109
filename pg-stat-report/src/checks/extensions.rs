//! Extensions whose objects are older than their files.

use crate::check::{Case, Check, Finding, Status, Unit};
use crate::sections::extensions::SECTION;

/// ALTER EXTENSION … UPDATE was forgotten.
pub const OUTDATED: Check = Check {
    name: "extensions",
    finds: "extensions that were updated on the machine and not in the database, or whose files are gone",
    unit: Unit::Count,
    warn: Some(1.0),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "whether the files themselves are the newest",
    judge,
};

fn judge(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let findings = rows.filter_map(|row| {
        let name = row.text("extension")?;
        if row.is("is_missing") {
            let words = "its files are not on the server's machine: what needs them fails";
            return Some(
                Finding::new(Status::Warning, words)
                    .of(name)
                    .remedy("-- install its package there"),
            );
        }
        let (here, there) = (row.text("version")?, row.text("version_there")?);
        let behind = if row.is("is_outdated") { 1.0 } else { 0.0 };
        let finding = case.judge(
            Some(name),
            behind,
            format!("version {here}; the files are of {there}"),
        );
        let quoted = shared::dump::quote_identifier(name);
        Some(finding.remedy(format!(
            "-- read what the new version changes; then ALTER EXTENSION {quoted} UPDATE;"
        )))
    });
    findings.collect()
}
