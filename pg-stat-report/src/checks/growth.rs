//! Databases that grow fast, and disks that they fill.

use crate::check::{Case, Check, Finding, Status, Unit};
use crate::sections::growth::SECTION;
use crate::words;

/// Nearer to each other two reports say nothing about a day.
const ENOUGH_SECONDS: f64 = 3600.0;

/// Less a day is no trouble, however small the database was.
const LITTLE: f64 = 10e6;

/// By their size.
pub const FAST: Check = Check {
    name: "growth",
    finds: "databases that have grown fast since an earlier run (--state, --baseline)",
    unit: Unit::Ratio,
    warn: Some(0.1),
    crit: Some(0.5),
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "how much room the disk has; databases that are new; less than 10 MB a day",
    judge,
};

/// No more room.
pub const DISK_FULL: Check = Check {
    name: "disk_full",
    finds: "the time until the disk is full, if the databases grow as since an earlier run (--state, --baseline)",
    unit: Unit::Seconds,
    warn: Some(14.0 * 86_400.0),
    crit: Some(3.0 * 86_400.0),
    is_low_bad: true,
    sections: &[&SECTION],
    unseen: "tablespaces and WAL on other disks; how fast WAL, logs and temporary files grow",
    judge: full,
};

fn full(case: &Case) -> Vec<Finding> {
    let mut rows = case.rows(&SECTION).iter();
    let Some(row) = rows.find(|row| row.text("kind") == Some("server")) else {
        return vec![Finding::unknown("nothing is known of the server")];
    };
    let Some(free) = row.number("free_bytes") else {
        return vec![Finding::unknown(
            "how much room there is can't be seen from here; --disk says how much data and WAL have in all",
        )];
    };
    let room = words::bytes(free);
    if free == 0.0 {
        return vec![
            case.judge(None, 0.0, "there is no room left")
                .remedy(MORE_ROOM),
        ];
    }
    let (Some(per_day), Some(seconds)) = (row.number("bytes_per_day"), row.number("seconds"))
    else {
        return vec![Finding::unknown(format!(
            "{room} are free; how the databases grow is hidden from this role, or was then; pg_monitor sees it"
        ))];
    };
    if seconds < ENOUGH_SECONDS {
        let young = too_young(seconds);
        return vec![Finding::unknown(format!("{room} are free; {young}"))];
    }
    let Some(days) = row.number("days_to_full") else {
        return vec![Finding::new(
            Status::Ok,
            format!("{room} are free, and the databases do not grow"),
        )];
    };
    let left = days * 86_400.0;
    let message = format!(
        "{room} are free, for {} at {} a day",
        words::time(left),
        words::bytes(per_day)
    );
    vec![case.judge(None, left, message).remedy(MORE_ROOM)]
}

const MORE_ROOM: &str =
    "-- section growth names the tables that grow, section slots the WAL that is held back";

fn too_young(seconds: f64) -> String {
    format!(
        "the earlier report is {} old: an hour is needed to tell",
        words::time(seconds)
    )
}

fn judge(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let databases = rows.filter(|row| row.text("kind") == Some("database"));
    let findings = databases.filter_map(|row| {
        let name = row.text("database")?;
        let (Some(per_day), Some(ratio)) = (
            row.number("bytes_per_day"),
            row.number("growth_ratio_per_day"),
        ) else {
            let why = row.text("note").filter(|_| row.number("bytes").is_some());
            let why =
                why.unwrap_or("its size is hidden from this role, or was then; pg_monitor sees it");
            return Some(Finding::unknown(why).of(name));
        };
        let seconds = row.number("seconds")?;
        if seconds < ENOUGH_SECONDS {
            return Some(Finding::unknown(too_young(seconds)).of(name));
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
