//! Sequences that come to their end.

use crate::check::{Case, Check, Finding, Status, Unit};
use crate::row::Row;
use crate::sections::sequences::SECTION;
use crate::words;

/// By the sequence's own end or that of the columns that it fills.
pub const ENDS: Check = Check {
    name: "sequences",
    finds: "sequences near their end, or near that of a column that they fill",
    unit: Unit::Share,
    warn: Some(0.8),
    crit: Some(0.95),
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "numbers that applications make; of those that begin anew (CYCLE) whether the rows of before are gone; columns of numeric(1) and numeric(2); sequences that only functions call, against the columns that they fill",
    judge,
};

/// Where smallint, integer and bigint end.
const LARGEST: [f64; 3] = [32_767.0, 2_147_483_647.0, 9_223_372_036_854_775_807.0];
const SMALLEST: [f64; 3] = [-32_768.0, -2_147_483_648.0, -9_223_372_036_854_775_808.0];

fn judge(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION);
    let seen = rows.iter().filter(|row| !row.is("is_cycling"));
    let mut findings: Vec<Finding> = seen
        .filter_map(|row| {
            let (name, ratio) = (row.text("sequence")?, row.number("used_ratio")?);
            let fills = row
                .text("columns")
                .map(|columns| format!("; it fills {columns}"));
            let message = format!(
                "{} of it are used up, {} values are left{}",
                words::percent(ratio),
                words::count(row.number("left_values")?),
                fills.unwrap_or_default()
            );
            let finding = case.judge(Some(name), ratio, message);
            if row.is("is_computed") && finding.status == Status::Ok {
                let words = format!(
                    "a default computes with what it gives: when {} ends is not known",
                    row.text("columns")?
                );
                return Some(Finding::missing(words).of(name));
            }
            Some(finding.remedy(longer(row, name)))
        })
        .collect();
    let unseen = |field: &'static str| {
        let unseen = rows.iter().filter(move |row| row.is(field));
        unseen.filter(|row| !row.is("is_cycling"))
    };
    findings.extend(unseen("is_locked").filter_map(|row| {
        let words = "it was not read: somebody changes it at the moment";
        Some(Finding::unknown(words).of(row.text("sequence")?))
    }));
    let hidden = unseen("is_hidden").count();
    if hidden > 0 {
        let grant =
            "GRANT SELECT ON ALL SEQUENCES IN SCHEMA …, or since 14 pg_read_all_data, shows them";
        findings.push(Finding::unknown(format!(
            "{hidden} sequences are hidden from this role; {grant}"
        )));
    }
    findings
}

/// What lets it go on.
fn longer(row: &Row, name: &str) -> String {
    let is_down = row.number("increment").is_some_and(|step| step < 0.0);
    let (end, ends) = match is_down {
        true => ("MINVALUE", SMALLEST),
        false => ("MAXVALUE", LARGEST),
    };
    let [narrow @ .., widest] = ends;
    let last = row.number("final_value");
    let is_own = !narrow.iter().any(|end| last == Some(*end));
    match row.text("columns") {
        _ if last == Some(widest) => "-- no sequence counts further: where old numbers are free again, let it restart there".to_string(),
        Some(columns) if is_own => format!(
            "-- raise its own end, ALTER SEQUENCE {name} {end} …; or widen {columns}, whichever comes first"
        ),
        Some(columns) if columns.split(", ").all(|column| column.ends_with(" bigint")) => {
            format!("ALTER SEQUENCE {name} AS bigint;")
        }
        Some(_) => "-- make the columns bigint, and the sequence: ALTER TABLE … ALTER COLUMN … TYPE bigint rewrites the table, so plan it".to_string(),
        None if is_own => format!("-- if what takes its numbers takes larger ones: ALTER SEQUENCE {name} {end} …;"),
        None => format!("-- if what takes its numbers takes larger ones: ALTER SEQUENCE {name} AS bigint;"),
    }
}
