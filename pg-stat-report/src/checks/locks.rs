//! Waits for locks, and the room that locks have.

use crate::check::{Case, Check, Finding, Status, Unit};
use crate::sections::locks::SECTION;
use crate::words;

/// Somebody waits for long.
pub const WAITS: Check = Check {
    name: "lock_waits",
    finds: "sessions that wait long for a lock",
    unit: Unit::Seconds,
    warn: Some(30.0),
    crit: Some(300.0),
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "who blocks them: pg-lock-kill shows it",
    judge: waits,
};

/// The table of locks fills.
pub const TABLE: Check = Check {
    name: "lock_table",
    finds: "a table of locks that is nearly full",
    unit: Unit::Ratio,
    warn: Some(0.5),
    crit: Some(0.8),
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "predicate locks of serializable transactions",
    judge: table,
};

fn waits(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let findings = rows.filter_map(|row| {
        let waiting = words::count(row.number("waiting")?);
        let seconds = row.number("longest_wait_seconds").unwrap_or(0.0);
        let message = format!("{waiting} requests wait for a lock, the longest for {}", words::time(seconds));
        let finding = case.judge(None, seconds, message);
        if row.number("waiting_unknown")? > 0.0 && finding.status != Status::Critical {
            let words = format!("{waiting} requests wait for a lock; since when is hidden from this role, pg_monitor sees it");
            return Some(Finding::unknown(words));
        }
        Some(finding.remedy("-- pg-lock-kill shows who blocks whom, and ends the right session"))
    });
    findings.collect()
}

fn table(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let findings = rows.filter_map(|row| {
        let ratio = row.number("used_ratio")?;
        let number = |field| row.number(field);
        let (locks, holders, room) = (number("locks")?, number("holders")?, number("room")?);
        let (count, what, room) = match holders > 2.0 * locks {
            true => (holders, "holders of locks", 2.0 * room),
            false => (locks, "locked things", room),
        };
        let message = format!(
            "{} {what} in a table with room for {} ({})",
            words::count(count),
            words::count(room),
            words::percent(ratio)
        );
        let finding = case.judge(None, ratio, message);
        Some(finding.remedy("-- raise max_locks_per_transaction and restart, or touch fewer relations in a transaction"))
    });
    findings.collect()
}
