//! Replication slots.

use crate::check::{Case, Check, Finding, Status, Unit};
use crate::row::Row;
use crate::sections::slots::SECTION;
use crate::words;

/// What they keep on disk, and whether they are still good for anything.
pub const RETAINED: Check = Check {
    name: "slots",
    finds: "replication slots that are lost, about to be, or fill the disk with WAL",
    unit: Unit::Bytes,
    warn: Some(5e9),
    crit: Some(20e9),
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "how much room the disk has",
    judge: retained,
};

/// Nobody reads from them.
pub const INACTIVE: Check = Check {
    name: "inactive_slots",
    finds: "replication slots that nobody reads from",
    unit: Unit::Seconds,
    warn: Some(3600.0),
    crit: Some(86_400.0),
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "a standby's copies of its primary's slots; before PostgreSQL 17 since when nobody reads",
    judge: inactive,
};

fn retained(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    rows.filter_map(|row| slot(case, row)).collect()
}

fn slot(case: &Case, row: &Row) -> Option<Finding> {
    let name = row.text("slot")?;
    let drop = drop(name);
    let lost = |why: String| {
        let finding = Finding::new(Status::Critical, why).of(name);
        Some(finding.remedy(format!("-- its reader must be built anew; then {drop}")))
    };
    if let Some(why) = row.text("invalidation") {
        return lost(format!(
            "it was invalidated ({why}): its reader can't go on"
        ));
    }
    match row.text("wal_status") {
        Some("lost") => return lost("it is lost: WAL that its reader needs was removed".into()),
        Some("unreserved") => {
            let words =
                "it is about to be lost: the next checkpoint may remove WAL that its reader needs";
            return Some(
                Finding::new(Status::Critical, words)
                    .of(name)
                    .remedy("-- let its reader catch up at once, or raise max_slot_wal_keep_size"),
            );
        }
        _ => {}
    }
    let bytes = row.number("retained_bytes").unwrap_or(0.0);
    let left = row.number("safe_wal_bytes");
    let left = left.map(|left| format!("; after {} more it is lost", words::bytes(left)));
    let message = format!(
        "{} of WAL are kept for it{}",
        words::bytes(bytes),
        left.unwrap_or_default()
    );
    let finding = case.judge(Some(name), bytes.max(0.0), message);
    Some(finding.remedy(format!(
        "-- let its reader catch up; if nobody reads from it: {drop}"
    )))
}

fn inactive(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let findings = rows.filter_map(|row| {
        let name = row.text("slot")?;
        let is_meant = row.is("is_active") || row.is("is_synced") || row.is("is_temporary");
        if is_meant {
            return None;
        }
        let finding = match row.number("inactive_seconds") {
            Some(seconds) => {
                let message = format!("nobody has read from it for {}", words::time(seconds));
                case.judge(Some(name), seconds, message)
            }
            None if case.limits.of(case.check, Some(name)) == (None, None) => return None,
            None => Finding::new(Status::Warning, "nobody reads from it at the moment").of(name),
        };
        Some(finding.remedy(format!("-- if nobody will: {}", drop(name))))
    });
    findings.collect()
}

fn drop(name: &str) -> String {
    let name = shared::dump::quote_literal(name);
    format!("SELECT pg_drop_replication_slot({name});")
}
