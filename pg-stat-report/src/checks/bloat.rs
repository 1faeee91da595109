//! Tables and indexes that are much larger than their rows need.

use crate::check::{Case, Check, Finding, Unit};
use crate::row::Row;
use crate::sections::bloat::SECTION;
use crate::words;

/// Less of a relation is what writing leaves behind, and uses again.
const USUAL: f64 = 0.3;

/// Tables and what they keep apart.
pub const TABLES: Check = Check {
    name: "table_bloat",
    finds: "tables that are much larger than their rows need, by an estimate",
    unit: Unit::Bytes,
    warn: Some(100e6),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "less than 1 MB, or than 30 % of the table; temporary tables; pages that large values leave half empty (TOAST); what has changed since VACUUM or ANALYZE",
    judge: |case| bloat(case, |row| row.text("kind") != Some("index")),
};

/// B-trees.
pub const INDEXES: Check = Check {
    name: "index_bloat",
    finds: "B-trees that are much larger than their entries need, by an estimate",
    unit: Unit::Bytes,
    warn: Some(100e6),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "less than 1 MB, or than 30 % of the index; indexes that are no B-trees; that several columns change together",
    judge: |case| bloat(case, |row| row.text("kind") == Some("index")),
};

/// Indexes of nothing.
pub const NULLS: Check = Check {
    name: "null_indexes",
    finds: "indexes that have mostly nulls, which a predicate would leave out",
    unit: Unit::Share,
    warn: Some(0.5),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "whether queries look for the nulls; indexes below 10 MB, or that are no B-trees",
    judge: nulls,
};

/// A smaller index costs little.
const SMALL: f64 = 10e6;

fn bloat(case: &Case, is_meant: impl Fn(&Row) -> bool) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let rows: Vec<&Row> = rows.filter(|row| is_meant(row)).collect();
    let mut findings: Vec<Finding> = rows.iter().filter_map(|row| judged(case, row)).collect();
    findings.extend(unseen(case, &rows));
    findings
}

fn judged(case: &Case, row: &Row) -> Option<Finding> {
    let (bytes, ratio) = (row.number("bloat_bytes")?, row.number("bloat_ratio")?);
    let name = name(row)?;
    let value = if ratio < USUAL { 0.0 } else { bytes };
    let by = match row.is("is_estimate") {
        true => "by an estimate",
        false => "as pgstattuple has seen",
    };
    let message = format!(
        "{} of {} are more than its rows need ({}), {by}",
        words::bytes(bytes),
        words::bytes(row.number("bytes")?),
        words::percent(ratio)
    );
    let finding = case.judge(Some(&name), value, message);
    Some(finding.remedy(remedy(row)?))
}

/// What it is about: a table, its TOAST, or an index.
fn name(row: &Row) -> Option<String> {
    let table = row.text("table")?;
    Some(match row.text("kind")? {
        "index" => row.text("index")?.to_string(),
        "toast" => format!("{table} TOAST"),
        _ => table.to_string(),
    })
}

fn remedy(row: &Row) -> Option<String> {
    let table = row.text("table")?;
    let is_catalogue = table.starts_with("pg_catalog.");
    Some(match row.text("index") {
        Some(index) if is_catalogue || row.is("is_exclusion") => {
            format!("-- locks the table while it works: REINDEX INDEX {index};")
        }
        Some(index) => format!("REINDEX INDEX CONCURRENTLY {index};"),
        None if is_catalogue => {
            format!("-- locks nearly everybody out while it works: VACUUM FULL {table};")
        }
        None => format!(
            "-- locks everybody out while it works, which pg_repack does not: VACUUM (FULL, ANALYZE) {table};"
        ),
    })
}

/// Of those that are large enough to be found.
fn unseen(case: &Case, rows: &[&Row]) -> Option<Finding> {
    let unknown = rows
        .iter()
        .filter(|row| row.number("bloat_bytes").is_none());
    let hidden = unknown.filter_map(|row| {
        let (why, bytes, name) = (row.text("unseen")?, row.number("bytes")?, name(row)?);
        let (warn, crit) = case.limits.of(case.check, Some(&name));
        let least = warn.into_iter().chain(crit).reduce(f64::min)?;
        let is_name = why.starts_with("names ");
        (bytes >= least && !is_name).then_some((name, bytes, why))
    });
    let hidden: Vec<_> = hidden.collect();
    let (name, _, why) = hidden.first()?;
    let bytes: f64 = hidden.iter().map(|(_, bytes, _)| bytes).sum();
    let finding = Finding::unknown(format!(
        "there is no telling of {} relations, {} in all; {name}: {why}",
        words::count(hidden.len() as f64),
        words::bytes(bytes)
    ));
    Some(finding.remedy("-- ANALYZE them; GRANT SELECT ON pg_statistic, or since 14 pg_read_all_data, to the role that looks"))
}

fn nulls(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let findings = rows.filter_map(|row| {
        let (index, ratio, bytes) = (row.text("index")?, row.number("null_ratio")?, row.number("bytes")?);
        let ratio_judged = if bytes < SMALL { 0.0 } else { ratio };
        let message = format!(
            "{} of its {} entries are null in its first column",
            words::percent(ratio),
            words::bytes(bytes)
        );
        let finding = case.judge(Some(index), ratio_judged, message);
        Some(finding.remedy("-- build it anew with WHERE … IS NOT NULL, if no query looks for the nulls, and drop this one"))
    });
    let mut findings: Vec<Finding> = findings.collect();
    let unknown = rows_unseen(case).count();
    if unknown > 0 {
        findings.push(Finding::unknown(format!(
            "how many nulls {} large indexes have is hidden from this role; SELECT on pg_statistic, or since 14 pg_read_all_data, shows it",
            words::count(unknown as f64)
        )));
    }
    findings
}

/// Large indexes of which the role may not see the statistics.
fn rows_unseen<'a>(case: &'a Case) -> impl Iterator<Item = &'a Row> {
    let rows = case.rows(&SECTION).iter();
    rows.filter(|row| {
        let is_large = row.number("bytes").is_some_and(|bytes| bytes >= SMALL);
        let is_hidden = row
            .text("unseen")
            .is_some_and(|why| why.contains("hidden from this role"));
        row.text("index").is_some() && is_large && is_hidden
    })
}
