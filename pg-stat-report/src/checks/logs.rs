//! What the server's log tells.

use crate::check::{Case, Check, Finding, Status, Unit};
use crate::row::Row;
use crate::sections::logs::SECTION;
use crate::words;

/// Who was not let in.
pub const FAILED_CONNECTIONS: Check = Check {
    name: "failed_connections",
    finds: "a large share of connections that failed, by the server's log (--log)",
    unit: Unit::Ratio,
    warn: Some(0.01),
    crit: Some(0.05),
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "what never reached the server; what the log does not have: log_connections must be on",
    judge: failed,
};

/// What nobody may overlook.
pub const ALARMS: Check = Check {
    name: "log_alarms",
    finds: "entries of the server's log (--log) that tell of damage, crashes or a full disk",
    unit: Unit::Count,
    warn: Some(1.0),
    crit: Some(1.0),
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "messages that are not in English, if the log has no SQLSTATE",
    judge: alarms,
};

/// Damaged data, damaged indexes, errors of the disk, a full one.
const CODES: [&str; 4] = ["XX001", "XX002", "58030", "53100"];

/// The same in the server's words, and that one of its processes died.
const WORDS: [&str; 8] = [
    "invalid page in block",
    "could not read block",
    "could not fsync",
    "could not write to file",
    "no space left on device",
    "invalid primary checkpoint",
    "was terminated by signal",
    "contains unexpected zero page",
];

fn failed(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let rows = rows.filter(|row| row.text("kind") == Some("failed_connections"));
    let findings = rows.filter_map(|row| {
        let count = words::count(row.number("count")?);
        let of = row.text("message").unwrap_or_default();
        let Some(ratio) = row.number("ratio") else {
            return Some(Finding::unknown(format!(
                "{count} connections failed; {of}"
            )));
        };
        let message = format!(
            "{count} connections failed {of} ({})",
            words::percent(ratio)
        );
        let finding = case.judge(None, ratio, message);
        Some(finding.remedy(
            "-- pg-stat-report logs says whose, from where and why: kind failed_connection",
        ))
    });
    findings.collect()
}

fn alarms(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let findings = rows.filter(|row| is_alarm(row)).filter_map(|row| {
        let count = row.number("count")?;
        let text = row.text("text").or(row.text("example"))?;
        let last = row.text("last_at").unwrap_or("a time that is not known");
        let message = format!("{} times, last at {last}: {text}", words::count(count));
        let finding = case.judge(Some(text), count, message);
        Some(finding.remedy("-- see to the machine first; prove the backups (pg-restore-verify) before anything is repaired"))
    });
    let mut findings: Vec<Finding> = findings.collect();
    if findings.is_empty() {
        findings.push(Finding::new(
            Status::Ok,
            "no damage, crash or full disk is told of",
        ));
    }
    findings
}

fn is_alarm(row: &Row) -> bool {
    if !matches!(row.text("kind"), Some("error" | "warning" | "event")) {
        return false;
    }
    let has_code = row
        .text("sqlstate")
        .is_some_and(|code| CODES.contains(&code));
    let is_told = |field: &str| {
        let text = row.text(field).unwrap_or_default().to_ascii_lowercase();
        WORDS.iter().any(|words| text.contains(words))
    };
    row.text("severity") == Some("PANIC") || has_code || is_told("text") || is_told("example")
}
