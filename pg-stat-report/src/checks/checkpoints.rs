//! Checkpoints that come before their time.

use crate::check::{Case, Check, Finding, Unit};
use crate::sections::checkpoints::SECTION;
use crate::words;

/// So many must have been made before a ratio says anything.
const ENOUGH: f64 = 20.0;

/// More is written between two than max_wal_size allows.
pub const REQUESTED: Check = Check {
    name: "checkpoints_requested",
    finds: "checkpoints that are made before checkpoint_timeout, because max_wal_size is reached",
    unit: Unit::Share,
    warn: Some(0.5),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "why: backups and people ask for checkpoints, too; fewer than 20",
    judge,
};

fn judge(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let findings = rows.filter_map(|row| {
        let (timed, requested) = (row.number("timed")?, row.number("requested")?);
        if timed + requested < ENOUGH {
            return None;
        }
        let ratio = row.number("requested_ratio")?;
        let message = format!(
            "{} of {} checkpoints were not those of checkpoint_timeout",
            words::percent(ratio),
            words::count(timed + requested)
        );
        let size = words::bytes(row.number("max_wal_bytes")?);
        Some(case.judge(None, ratio, message).remedy(format!(
            "-- raise max_wal_size ({size} now), if there is room"
        )))
    });
    findings.collect()
}
