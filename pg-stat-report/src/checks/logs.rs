//! What the server's log tells.

use crate::check::{Case, Check, Finding, Status, Unit};
use crate::logs;
use crate::row::Row;
use crate::sections::logs::SECTION;
use crate::words;

/// Who was not let in.
pub const FAILED_CONNECTIONS: Check = Check {
    name: "failed_connections",
    finds: "a large share of connections that failed, by the server's log (--log)",
    unit: Unit::Share,
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
    unseen: "single messages in another language (lc_messages) than those around them; what functions say (RAISE); WAL that a standby needs and is gone: checks slots, standby",
    judge: alarms,
};

/// Damaged data, damaged indexes, errors of the disk, a full one.
const CODES: [&str; 5] = ["XX001", "XX002", "58030", "53100", "57P02"];

/// Where there are more lines of no entry than that for each entry, some of these were entries.
const SKIPPED: f64 = 0.05;

/// The same in the server's words, and that one of its processes died, or all. Names and what users wrote, which stand
/// between quotes, are left out of what these are sought in.
const WORDS: [&str; 35] = [
    // That of a relation or of WAL: of one that COPY or a function reads it says "for reading".
    "could not open file \"...\": no such file",
    "could not open file \"...\" (target block",
    "input/output error",
    "data is corrupt",
    "incorrect checksum in control file",
    "could not find pg_class tuple for index",
    "could not find tuple for opclass",
    "corrupted page pointers",
    "corrupted line pointer",
    "corrupted item",
    "startup process (pid ?) exited with exit code",
    "aborting startup due to startup process failure",
    "server process (pid ?) exited with exit code",
    "because of crash of another server process",
    "missing chunk number",
    "unexpected chunk number",
    "from before relfrozenxid",
    "from before relminmxid",
    "left-link doesn't match",
    "failed to re-find parent key",
    "could not access status of transaction",
    "unexpected zero page",
    "page verification failed",
    "to avoid wraparound data loss",
    "to avoid database shutdown",
    "database system was not properly shut down",
    "database system was interrupted",
    "invalid page in block",
    "could not read block",
    "could not fsync",
    "could not write to file",
    "no space left on device",
    "invalid primary checkpoint",
    "was terminated by signal",
    "all server processes terminated; reinitializing",
];

/// Words that stand in what the server says of itself, and in no other of the languages that it speaks.
const ENGLISH: [&str; 16] = [
    "aborted",
    "at",
    "by",
    "exited",
    "for",
    "from",
    "is",
    "listening",
    "not",
    "of",
    "received",
    "starting",
    "terminated",
    "the",
    "to",
    "with",
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
    findings.extend(unread(case));
    if findings.is_empty() {
        findings.push(Finding::new(
            Status::Ok,
            "no damage, crash or full disk is told of",
        ));
    }
    findings
}

/// A log that has nothing, or much that is no entry, proves nothing.
fn unread(case: &Case) -> Option<Finding> {
    let count = |kind: &str| {
        let mut rows = case.rows(&SECTION).iter();
        let row = rows.find(|row| row.text("kind") == Some(kind));
        row.and_then(|row| row.number("count")).unwrap_or(0.0)
    };
    let (read, skipped) = (count("log"), count("skipped"));
    if read == 0.0 {
        return Some(Finding::unknown("the log has no entry at all"));
    }
    let foreign = count("foreign");
    if foreign > 0.0 {
        return Some(Finding::unknown(format!(
            "{} of {} entries are in another language (lc_messages): of those it is seen only what its SQLSTATE says",
            words::count(foreign),
            words::count(read)
        )));
    }
    if is_in_another_language(case) {
        return Some(Finding::unknown(
            "nothing in it is in English: it may be in another language (lc_messages), of which it is seen only what the SQLSTATE says",
        ));
    }
    (skipped > read * SKIPPED).then(|| {
        Finding::unknown(format!(
            "{} lines could not be read, beside {} entries: they may be in another language (lc_messages), or in another format",
            words::count(skipped),
            words::count(read)
        ))
    })
}

/// LOG is called so in other languages, too: where there is nothing else, the messages' words tell.
fn is_in_another_language(case: &Case) -> bool {
    let rows = case.rows(&SECTION).iter();
    let mut messages = rows
        .filter(|row| {
            !matches!(
                row.text("kind"),
                Some("log" | "skipped" | "failed_connections" | "unseen")
            )
        })
        .filter(|row| row.text("name") != Some(logs::RAISED))
        .peekable();
    let is_english = |row: &Row| {
        let text = row.text("text").unwrap_or_default().to_ascii_lowercase();
        let mut words = text.split(|c: char| !c.is_alphanumeric());
        row.text("kind") != Some("event") || words.any(|word| ENGLISH.contains(&word))
    };
    messages.peek().is_some() && !messages.any(is_english)
}

fn is_alarm(row: &Row) -> bool {
    if !matches!(row.text("kind"), Some("error" | "warning" | "event")) {
        return false;
    }
    if row.text("name") == Some(logs::RAISED) {
        return false;
    }
    let has_code = row
        .text("sqlstate")
        .is_some_and(|code| CODES.contains(&code));
    let text = row.text("text").unwrap_or_default().to_ascii_lowercase();
    let is_told = WORDS.iter().any(|words| text.contains(words));
    row.text("severity") == Some("PANIC") || has_code || is_told
}
