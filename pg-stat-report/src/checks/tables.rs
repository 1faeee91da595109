//! Tables that are read whole again and again.

use crate::check::{Case, Check, Finding, Unit};
use crate::sections::tables::SECTION;
use crate::words;

/// So often it must have been.
const ENOUGH: f64 = 50.0;

/// A smaller table is best read so.
const SMALL: f64 = 8e6;

/// An index may be missing.
pub const SEQUENTIAL: Check = Check {
    name: "sequential_scans",
    finds: "large tables that are read from their beginning again and again: an index may be missing",
    unit: Unit::Count,
    warn: Some(10_000.0),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "which statements do it: section queries; tables below 8 MB, or with fewer than 50 such scans; backups read tables so, too",
    judge,
};

fn judge(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let findings = rows.filter_map(|row| {
        let (table, scans) = (row.text("table")?, row.number("sequential_scans")?);
        let is_large = row.number("heap_bytes")? >= SMALL;
        if scans < ENOUGH || !is_large {
            return None;
        }
        let each = row.number("sequential_rows_read")? / scans;
        let message = format!(
            "it was read from its beginning {} times, {} rows each time on the average ({} scans of its indexes)",
            words::count(scans),
            words::count(each),
            words::count(row.number("index_scans")?)
        );
        // LIMIT and EXISTS end such a scan soon.
        let is_whole = each >= row.number("live_rows")? / 10.0;
        let each = if is_whole { each } else { 0.0 };
        let finding = case.judge(Some(table), each, message);
        Some(finding.remedy("-- find the statements in section queries, and give them an index if they return few rows"))
    });
    findings.collect()
}
