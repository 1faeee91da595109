//! Sequences that come to their end.

use crate::check::{Case, Check, Finding, Unit};
use crate::sections::sequences::SECTION;
use crate::words;

/// By the sequence's own end or that of the columns that it fills.
pub const ENDS: Check = Check {
    name: "sequences",
    finds: "sequences near their end, or near that of a column that they fill",
    unit: Unit::Ratio,
    warn: Some(0.8),
    crit: Some(0.95),
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "numbers that applications make; sequences that only functions call, against the columns that they fill",
    judge,
};

fn judge(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION);
    let seen = rows.iter().filter(|row| !row.is("is_cycling"));
    let mut findings: Vec<Finding> = seen
        .filter_map(|row| {
            let (name, ratio) = (row.text("sequence")?, row.number("used_ratio")?);
            let fills = row.text("columns").map(|columns| format!("; it fills {columns}"));
            let message = format!(
                "{} of it are used up, {} values are left{}",
                words::percent(ratio),
                words::count(row.number("left_values")?),
                fills.unwrap_or_default()
            );
            let finding = case.judge(Some(name), ratio, message);
            Some(finding.remedy(
                "-- make the columns bigint, and the sequence: ALTER TABLE … ALTER COLUMN … TYPE bigint rewrites the table, so plan it",
            ))
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
