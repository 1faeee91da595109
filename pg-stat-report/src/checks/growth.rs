//! Databases that grow fast.

use crate::check::{Case, Check, Finding, Unit};
use crate::sections::growth::SECTION;
use crate::words;

/// Nearer to each other two reports say nothing about a day.
const ENOUGH_SECONDS: f64 = 3600.0;

/// Less a day is no trouble, however small the database was.
const LITTLE: f64 = 10e6;

/// By their size.
pub const FAST: Check = Check {
    name: "growth",
    finds: "databases that have grown fast since the report that --baseline gives",
    unit: Unit::Ratio,
    warn: Some(0.1),
    crit: Some(0.5),
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "how much room the disk has; databases that are new; less than 10 MB a day",
    judge,
};

fn judge(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let databases = rows.filter(|row| row.text("kind") == Some("database"));
    let findings = databases.filter_map(|row| {
        let name = row.text("database")?;
        let (Some(per_day), Some(ratio)) = (
            row.number("bytes_per_day"),
            row.number("growth_ratio_per_day"),
        ) else {
            return Some(
                Finding::unknown(
                    "its size is hidden from this role, or was then; pg_monitor sees it",
                )
                .of(name),
            );
        };
        let seconds = row.number("seconds")?;
        if seconds < ENOUGH_SECONDS {
            let words = format!(
                "the earlier report is {} old: an hour is needed to tell",
                words::time(seconds)
            );
            return Some(Finding::unknown(words).of(name));
        }
        let ratio = if per_day < LITTLE { 0.0 } else { ratio };
        let message = format!(
            "it grows by {} a day ({} of its size {} ago)",
            words::bytes(per_day),
            words::percent(ratio),
            words::time(seconds)
        );
        Some(
            case.judge(Some(name), ratio, message)
                .remedy("-- section growth names the tables that do"),
        )
    });
    findings.collect()
}
