//! Indexes that cost more than they give.

use std::collections::{HashMap, HashSet};

use shared::time;

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
    finds: "indexes and UNIQUE constraints that say what another one says",
    unit: Unit::Bytes,
    warn: Some(0.0),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "storage parameters and tablespaces, in which they may differ",
    judge: |case| {
        redundant(
            case,
            "duplicate_of",
            |other| format!("it says what {other} says"),
            |_| true,
        )
    },
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
    unseen: "how much faster the smaller one is; expressions; one is not told of where its longer one is unused, and goes",
    judge: |case| {
        let rows = by_name(case);
        let stays = |row: &Row| longer_stays(case, &rows, row);
        redundant(
            case,
            "prefix_of",
            |other| format!("its columns are the first ones of {other}"),
            stays,
        )
    },
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
    unseen: "how long an index has been there, unless earlier reports (--state, --baseline) or track_commit_timestamp tell; the standbys' use of them; keys and what backs constraints or supports foreign keys; what another one is to be dropped for; sizes are those that VACUUM saw last",
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
        let words = match row.is("is_partitioned") {
            true => "it is invalid: parts of the table have none that belongs to it".to_string(),
            false => format!("it is invalid: no query uses it, every write keeps it up ({})", words::bytes(bytes)),
        };
        Some(case.judge(Some(name), bytes, words).remedy(mend(row, name)))
    });
    findings.collect()
}

/// What makes it a good one, or takes it away. Whatever is there twice, and kept a unique one from being built,
/// would do so again, and leave one more of them.
fn mend(row: &Row, name: &str) -> String {
    let left = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '"');
    let is_left_over = left.ends_with("_ccnew") || left.ends_with("_ccold");
    let (build, drop) = (
        format!("REINDEX INDEX CONCURRENTLY {name};"),
        format!("DROP INDEX CONCURRENTLY {name};"),
    );
    match row.is("is_partitioned") {
        true => "-- it lacks an index of a part: create and attach the missing ones".to_string(),
        false if is_left_over => drop,
        false if row.text("needed_for") == Some("exclusion constraint") => {
            format!(
                "-- locks writes to its table out while it works, and cannot do without: REINDEX INDEX {name};"
            )
        }
        false if row.is("is_unique") => {
            format!(
                "-- it is to be unique: look for what is there twice, and then {build} without it, {drop}"
            )
        }
        false => build,
    }
}

fn redundant(
    case: &Case,
    field: &str,
    words: impl Fn(&str) -> String,
    is_told: impl Fn(&Row) -> bool,
) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let findings = rows.filter(|row| is_told(row)).filter_map(|row| {
        let (name, other, bytes) = (row.text("index")?, row.text(field)?, row.number("bytes")?);
        let message = format!("{} ({})", words(other), words::bytes(bytes));
        Some(
            case.judge(Some(name), bytes, message)
                .remedy(drop(row, name)),
        )
    });
    findings.collect()
}

fn unused(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION);
    let relied_on = relied_on(case);
    let unused = rows.iter().filter(|row| {
        let name = row.text("index").unwrap_or_default();
        is_never_used(row)
            && (row.text("supports").is_none() || is_expression(row))
            && !relied_on.contains(name)
    });
    let findings = unused.filter_map(|row| {
        let (name, bytes) = (row.text("index")?, row.number("bytes")?);
        let Some(age) = row.number("counted_seconds") else {
            let words = "whether a query uses it is not counted: track_counts is off";
            let finding = case.judge(Some(name), bytes, words);
            let is_told = finding.status != Status::Ok;
            return Some(if is_told { Finding::unknown(words).of(name) } else { finding });
        };
        let since = words::time(age);
        let known = known_seconds(case, row);
        let made = if known >= age { "" } else { ", or since it was made" };
        let words = format!("no query has used it in {since}{made} ({})", words::bytes(bytes));
        let finding = case.judge(Some(name), bytes, words);
        let needed = case.limits.statistics_age;
        if finding.status != Status::Ok && !is_old(case, row) {
            let words = format!(
                "no query has used it in {since}, since when the server counts; {} are needed to tell",
                words::time(needed.as_secs_f64())
            );
            return Some(Finding::unknown(words).of(name));
        }
        let drop = drop(row, name);
        Some(finding.remedy(match is_expression(row) {
            true => format!("-- plans may use what ANALYZE knows of its expression, for which CREATE STATISTICS is enough since 14: {}", drop.trim_start_matches("-- ")),
            // It may be what somebody has just built for tomorrow's query.
            false if known < needed.as_secs_f64() && !drop.starts_with("--") => {
                format!("-- unless it was made not long ago, which --state would know: {drop}")
            }
            false => drop,
        }))
    });
    findings.collect()
}

/// So long it has been there, as far as anybody knows.
fn known_seconds(case: &Case, row: &Row) -> f64 {
    let known = row.text("known_since").map(time::parse);
    let now = time::parse(&case.seen.origin.taken_at);
    match (known, now) {
        (Some(Ok(known)), Ok(now)) => (now - known).as_seconds_f64(),
        _ => 0.0,
    }
}

/// No query has used it, and no constraint needs it.
fn is_never_used(row: &Row) -> bool {
    let is_free = row.text("needed_for").is_none() && !row.is("is_unique");
    row.is("is_valid") && is_free && row.number("scans") == Some(0.0)
}

/// It has statistics of its own, without being used.
fn is_expression(row: &Row) -> bool {
    row.text("supports") == Some("statistics of an expression")
}

/// No query has used it, and nothing else needs it.
fn is_idle(row: &Row) -> bool {
    is_never_used(row) && row.text("supports").is_none()
}

/// Whether its statistics are old enough for what they do not count to be unused.
fn is_old(case: &Case, row: &Row) -> bool {
    let needed = case.limits.statistics_age.as_secs_f64();
    row.number("counted_seconds")
        .is_some_and(|age| age >= needed)
}

/// Whether the longer index stays for which this one is to be dropped: where only the shorter one is used,
/// the longer one goes.
fn longer_stays(case: &Case, rows: &HashMap<&str, &Row>, row: &Row) -> bool {
    let longer = row.text("prefix_of").and_then(|longer| rows.get(longer));
    let is_used = row.number("scans").is_some_and(|scans| scans > 0.0);
    !longer.is_some_and(|longer| is_used && is_idle(longer) && is_old(case, longer))
}

fn by_name<'a>(case: &'a Case) -> HashMap<&'a str, &'a Row> {
    let rows = case.rows(&SECTION).iter();
    rows.filter_map(|row| Some((row.text("index")?, row)))
        .collect()
}

/// The indexes that stay so that others can go: whoever follows all remedies must not lose both.
fn relied_on<'a>(case: &'a Case) -> HashSet<&'a str> {
    let rows = by_name(case);
    let others = case.rows(&SECTION).iter().flat_map(|row| {
        let longer = row
            .text("prefix_of")
            .filter(|_| longer_stays(case, &rows, row));
        [row.text("duplicate_of"), longer]
    });
    others.flatten().collect()
}

/// Two checks may find the same index: the second remedy then finds nothing to do.
fn drop(row: &Row, name: &str) -> String {
    let table = row.text("table").unwrap_or_default();
    match row.text("needed_for") {
        Some("constraint") => format!(
            "-- locks the table for a moment, and INSERT ... ON CONFLICT may name it: ALTER TABLE {table} DROP CONSTRAINT {};",
            without_schema(name)
        ),
        _ if row.is("is_partitioned") => {
            format!("-- locks the table and its parts for a moment: DROP INDEX {name};")
        }
        _ => format!("DROP INDEX CONCURRENTLY IF EXISTS {name};"),
    }
}

/// The name behind that of the schema, which may be in quotes and have points.
fn without_schema(name: &str) -> &str {
    let mut is_quoted = false;
    let point = name.find(|c| {
        is_quoted ^= c == '"';
        c == '.' && !is_quoted
    });
    point.map_or(name, |point| &name[point + 1..])
}
