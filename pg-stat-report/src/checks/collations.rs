//! Collations of single columns, whose library sorts otherwise now.

use crate::check::{Case, Check, Finding, Unit};
use crate::sections::collations::SECTION;
use crate::words;

/// As the check collation_version says of the database's own.
pub const COLUMNS: Check = Check {
    name: "column_collations",
    finds: "collations of columns and indexes whose library sorts otherwise than when they were made: indexes on them may be wrong",
    unit: Unit::Count,
    warn: Some(1.0),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "the database's own: check collation_version; collations without a version; expressions in queries",
    judge,
};

fn judge(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let findings = rows.filter_map(|row| {
        let name = row.text("collation")?;
        let (then, now) = (row.text("version")?, row.text("version_now")?);
        let differs = if then == now { 0.0 } else { 1.0 };
        let message = format!(
            "it was made with version {then} of its library, which is {now} now; {} objects use it",
            words::count(row.number("objects")?)
        );
        let finding = case.judge(Some(name), differs, message);
        Some(finding.remedy(format!(
            "-- REINDEX INDEX CONCURRENTLY each index on such a column (and see to constraints and partitions by it); then ALTER COLLATION {name} REFRESH VERSION;"
        )))
    });
    findings.collect()
}
