//! Tables that are read whole again and again, that are large, or that a crash empties.

use std::collections::BTreeMap;

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

/// Where somebody set a limit.
pub const SIZE: Check = Check {
    name: "table_size",
    finds: "tables beyond a size, with their indexes and TOAST, that --warn or --crit gives; a partitioned table is as large as its parts",
    unit: Unit::Bytes,
    warn: None,
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "how much of it is bloat: check table_bloat; growth since VACUUM of tables beyond the 500 largest",
    judge: size,
};

/// Where somebody set a limit.
pub const UNLOGGED: Check = Check {
    name: "unlogged_tables",
    finds: "tables that a crash empties and a standby does not have, beyond a size that --warn or --crit gives",
    unit: Unit::Bytes,
    warn: None,
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "whether their rows can be had again; temporary tables",
    judge: unlogged,
};

/// A table, or a partitioned one with all its parts.
#[derive(Default)]
struct Whole {
    bytes: f64,
    parts: usize,
    is_estimate: bool,
}

fn size(case: &Case) -> Vec<Finding> {
    let mut tables: BTreeMap<&str, Whole> = BTreeMap::new();
    for row in case.rows(&SECTION) {
        let name = row.text("partition_of").or(row.text("table"));
        let table = tables.entry(name.unwrap_or_default()).or_default();
        table.bytes += row.number("bytes").unwrap_or_default();
        table.parts += usize::from(row.text("partition_of").is_some());
        table.is_estimate |= !row.is("is_exact");
    }
    let findings = tables.iter().map(|(name, table)| {
        let about = if table.is_estimate { "about " } else { "" };
        let size = words::bytes(table.bytes);
        let message = match table.parts {
            0 => format!("it takes {about}{size}"),
            parts => format!("its {parts} partitions take {about}{size}"),
        };
        case.judge(Some(name), table.bytes, message)
            .remedy("-- old rows that nobody needs? partitions let them go by DROP TABLE")
    });
    findings.collect()
}

fn unlogged(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let unlogged = rows.filter(|row| row.text("kind") == Some("unlogged table"));
    let findings = unlogged.filter_map(|row| {
        let (name, bytes) = (row.text("table")?, row.number("bytes")?);
        let message = format!(
            "it is unlogged: a crash empties it ({} here), and standbys have no row of it",
            words::bytes(bytes)
        );
        let finding = case.judge(Some(name), bytes, message);
        Some(finding.remedy(format!(
            "-- if its rows matter (it is locked and written anew meanwhile): ALTER TABLE {name} SET LOGGED;"
        )))
    });
    findings.collect()
}

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
