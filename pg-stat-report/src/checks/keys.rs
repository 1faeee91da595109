//! Integer keys that come to their end.

use crate::check::{Case, Check, Finding, Unit};
use crate::sections::keys::SECTION;
use crate::words;

/// By the values that are there: where a sequence has come as far, it is told of.
pub const ENDS: Check = Check {
    name: "integer_keys",
    finds: "integer keys near the end of their type, by the values that ANALYZE saw",
    unit: Unit::Share,
    warn: Some(0.8),
    crit: Some(0.95),
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "what was not in the sample; keys that count down and whose rows do not lie in that order; columns without a unique index or a foreign key; keys whose sequence has come as far as they: check sequences",
    judge: ends,
};

/// They refuse what the other side has.
pub const NARROW: Check = Check {
    name: "narrow_foreign_keys",
    finds: "foreign keys whose column is narrower than what it points to: it refuses rows that are there, or may come",
    unit: Unit::Count,
    warn: Some(1.0),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "columns that point somewhere without a foreign key; other types than integers, numeric and texts; how wide the values are that are there",
    judge: narrow,
};

fn ends(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION);
    let mut findings: Vec<Finding> = rows
        .iter()
        .filter_map(|row| {
            let object = format!("{}.{}", row.text("table")?, row.text("column")?);
            let (end, ratio) = (row.number("final_value")?, row.number("used_ratio")?);
            let (side, field) = match end < 0.0 {
                true => ("down", "smallest_value"),
                false => ("up", "largest_value"),
            };
            let value = row.number(field)?;
            let stands = row.number("sequence_value");
            let is_as_far = |stands: f64| {
                if end < 0.0 {
                    stands <= value
                } else {
                    stands >= value
                }
            };
            if stands.is_some_and(is_as_far) {
                return None;
            }
            let sequence = row.text("sequence").map(|name| match stands {
                Some(stands) => format!(", and {name} stands at {}", words::count(stands)),
                None => format!(", and {name} has given none, or is hidden"),
            });
            let message = format!(
                "values {side} to {} are there, {} of what {} takes{}",
                words::count(value),
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
        let wider = row.text("referenced_type")?;
        let message = format!(
            "{column} is {}, and what it points to in {} is {wider}",
            row.text("type")?,
            row.text("referenced")?
        );
        let finding = case.judge(Some(&object), 1.0, message);
        Some(finding.remedy(format!(
            "-- locks everybody out, and may rewrite the table, so plan it: ALTER TABLE {table} ALTER COLUMN {column} TYPE {wider};"
        )))
    });
    findings.collect()
}
