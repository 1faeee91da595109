//! Integer keys that come to their end.

use crate::check::{Case, Check, Finding, Unit};
use crate::sections::keys::SECTION;
use crate::words;

/// By the values that are there: where a sequence has come as far, it is told of.
pub const ENDS: Check = Check {
    name: "integer_keys",
    finds: "integer keys near the end of their type, by the values that ANALYZE saw",
    unit: Unit::Ratio,
    warn: Some(0.8),
    crit: Some(0.95),
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "what was not in the sample; keys that count down from zero; columns without a unique index or a foreign key; keys whose sequence has come as far as they: check sequences",
    judge: ends,
};

/// They refuse what the other side has.
pub const NARROW: Check = Check {
    name: "narrow_foreign_keys",
    finds: "foreign keys whose column is narrower than what it points to: it will refuse rows that are there",
    unit: Unit::Count,
    warn: Some(1.0),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "columns that point somewhere without a foreign key; other types than integers, such as varchar(10) and numeric(9)",
    judge: narrow,
};

fn ends(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION);
    let mut findings: Vec<Finding> = rows
        .iter()
        .filter_map(|row| {
            let object = format!("{}.{}", row.text("table")?, row.text("column")?);
            let (largest, ratio) = (row.number("largest_value")?, row.number("used_ratio")?);
            let stands = row.number("sequence_value");
            if stands.is_some_and(|stands| stands >= largest) {
                return None;
            }
            let sequence = row.text("sequence").map(|name| match stands {
                Some(stands) => format!(", and {name} stands at {}", words::count(stands)),
                None => format!(", and {name} has given none, or is hidden"),
            });
            let message = format!(
                "values up to {} are there, {} of what {} takes{}",
                words::count(largest),
                words::percent(ratio),
                row.text("type")?,
                sequence.unwrap_or_default()
            );
            let finding = case.judge(Some(&object), ratio, message);
            Some(finding.remedy(
                "-- make it bigint, and what points to it; that rewrites the table, so plan it",
            ))
        })
        .collect();
    let hidden = rows.iter().filter(|row| row.is("is_hidden")).count();
    if hidden > 0 {
        findings.push(Finding::unknown(format!(
            "of {hidden} integer keys there are no statistics, or they are hidden from this role; ANALYZE makes them, GRANT SELECT ON pg_statistic or since 14 pg_read_all_data shows them"
        )));
    }
    findings
}

fn narrow(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let rows = rows.filter(|row| row.text("kind") == Some("narrow_foreign_key"));
    let findings = rows.filter_map(|row| {
        let (table, column) = (row.text("table")?, row.text("column")?);
        let object = format!("{table} {}", row.text("name")?);
        let message = format!(
            "{column} is {}, and what it points to in {} is wider",
            row.text("type")?,
            row.text("referenced")?
        );
        let finding = case.judge(Some(&object), 1.0, message);
        Some(finding.remedy(format!(
            "-- rewrites the table and locks everybody out, so plan it: ALTER TABLE {table} ALTER COLUMN {column} TYPE bigint;"
        )))
    });
    findings.collect()
}
