//! Indexes that cost more than they give.

use crate::check::{Case, Check, Finding, Status, Unit};
use crate::row::Row;
use crate::sections::indexes::SECTION;
use crate::words;

/// Left behind by a CREATE INDEX CONCURRENTLY that failed.
pub const INVALID: Check = Check {
    name: "invalid_indexes",
    finds: "indexes that are kept up and that no query uses, because building them failed",
    unit: Unit::Bytes,
    warn: Some(0.0),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "valid indexes whose content is wrong: amcheck finds them",
    judge: invalid,
};

/// There twice.
pub const DUPLICATE: Check = Check {
    name: "duplicate_indexes",
    finds: "indexes that say what another one says",
    unit: Unit::Bytes,
    warn: Some(0.0),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "storage parameters and tablespaces, in which they may differ",
    judge: |case| redundant(case, "duplicate_of", "it says what"),
};

/// The beginning of another.
pub const OVERLAPPING: Check = Check {
    name: "overlapping_indexes",
    finds: "indexes whose columns another one begins with",
    unit: Unit::Bytes,
    warn: Some(10e6),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "how much faster the smaller one is; expressions",
    judge: |case| redundant(case, "prefix_of", "its columns are the first ones of"),
};

/// Never used.
pub const UNUSED: Check = Check {
    name: "unused_indexes",
    finds: "indexes that no query has used since the statistics began",
    unit: Unit::Bytes,
    warn: Some(10e6),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "the standbys' use of them; keys and what backs constraints or supports foreign keys; sizes are those that VACUUM saw last",
    judge: unused,
};

fn invalid(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let bad = rows.filter(|row| !row.is("is_valid") && !row.is("is_being_built"));
    let findings = bad.filter_map(|row| {
        let (name, bytes) = (row.text("index")?, row.number("bytes")?);
        if *row.cell("is_being_built") == crate::row::Cell::Null {
            let words = "it is invalid, and perhaps being built: which indexes are is hidden from this role, pg_monitor sees it";
            return Some(Finding::unknown(words).of(name));
        }
        let finding = case.judge(Some(name), bytes, format!("it is invalid: no query uses it, every write keeps it up ({})", words::bytes(bytes)));
        let leftover = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '"');
        Some(finding.remedy(match (row.is("is_partitioned"), leftover) {
            (true, _) => "-- it lacks an index of a part: create and attach the missing ones".to_string(),
            (_, left) if left.ends_with("_ccnew") || left.ends_with("_ccold") => format!("DROP INDEX CONCURRENTLY {name};"),
            _ => format!("REINDEX INDEX CONCURRENTLY {name};"),
        }))
    });
    findings.collect()
}

fn redundant(case: &Case, field: &str, words: &str) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let findings = rows.filter_map(|row| {
        let (name, other, bytes) = (row.text("index")?, row.text(field)?, row.number("bytes")?);
        let message = format!("{words} {other} ({})", words::bytes(bytes));
        Some(
            case.judge(Some(name), bytes, message)
                .remedy(drop(row, name)),
        )
    });
    findings.collect()
}

fn unused(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let unused = rows.filter(|row| {
        let is_free = row.text("needed_for").is_none() && row.text("supports").is_none();
        row.is("is_valid") && is_free && !row.is("is_unique") && row.number("scans") == Some(0.0)
    });
    let findings = unused.filter_map(|row| {
        let (name, bytes) = (row.text("index")?, row.number("bytes")?);
        let age = row.number("counted_seconds");
        let since = age.map_or("ever".to_string(), |age| format!("in {}", words::time(age)));
        let finding = case.judge(
            Some(name),
            bytes,
            format!("no query has used it {since} ({})", words::bytes(bytes)),
        );
        let needed = case.limits.statistics_age;
        if finding.status != Status::Ok && age.is_some_and(|age| age < needed.as_secs_f64()) {
            let words = format!(
                "no query has used it {since}, since when the server counts; {} are needed to tell",
                words::time(needed.as_secs_f64())
            );
            return Some(Finding::unknown(words).of(name));
        }
        Some(finding.remedy(drop(row, name)))
    });
    findings.collect()
}

fn drop(row: &Row, name: &str) -> String {
    match row.is("is_partitioned") {
        true => format!("-- locks the table and its parts for a moment: DROP INDEX {name};"),
        false => format!("DROP INDEX CONCURRENTLY {name};"),
    }
}
