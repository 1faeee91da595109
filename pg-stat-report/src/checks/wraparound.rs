//! The end of transaction numbers and of multixacts.

use crate::check::{Case, Check, Finding, Unit};
use crate::sections::wraparound::SECTION;
use crate::words;

/// Transaction numbers.
pub const WRAPAROUND: Check = Check {
    name: "wraparound",
    finds: "a database near the end of its transaction numbers, where the server takes no more",
    unit: Unit::Share,
    warn: Some(0.5),
    crit: Some(0.8),
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "which tables are the oldest: section vacuum; what holds VACUUM up: check xmin_horizon",
    judge: |case| used(case, "xid_ratio", "xids_left", "transaction numbers"),
};

/// Multixacts.
pub const MULTIXACTS: Check = Check {
    name: "multixact_wraparound",
    finds: "a database near the end of its multixacts, where rows can't be shared-locked any more",
    unit: Unit::Share,
    warn: Some(0.5),
    crit: Some(0.8),
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "the room of their members",
    judge: |case| used(case, "mxid_ratio", "mxids_left", "multixacts"),
};

/// Autovacuum that does not get on with freezing.
pub const FREEZING: Check = Check {
    name: "freezing",
    finds: "databases that autovacuum should have frozen long ago",
    unit: Unit::Ratio,
    warn: Some(1.1),
    crit: Some(1.25),
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "tables with an autovacuum_freeze_max_age of their own",
    judge: freezing,
};

fn used(case: &Case, ratio: &str, left: &str, what: &str) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let findings = rows.filter_map(|row| {
        let database = row.text("database")?;
        let ratio = row.number(ratio)?;
        let message = format!(
            "{} of the {what} are used up; {} are left",
            words::percent(ratio),
            words::count(row.number(left)?.max(0.0))
        );
        let finding = case.judge(Some(database), ratio, message);
        Some(finding.remedy(remedy(database, row.is("allows_connections"))))
    });
    findings.collect()
}

fn freezing(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let findings = rows.filter_map(|row| {
        let database = row.text("database")?;
        let (xids, mxids) = (
            row.number("freeze_ratio")?,
            row.number("mxid_freeze_ratio")?,
        );
        let (ratio, setting) = match xids >= mxids {
            true => (xids, "autovacuum_freeze_max_age"),
            false => (mxids, "autovacuum_multixact_freeze_max_age"),
        };
        let message = format!(
            "its oldest row has reached {} of {setting}, where autovacuum freezes it",
            words::percent(ratio)
        );
        let finding = case.judge(Some(database), ratio, message);
        Some(finding.remedy(remedy(database, row.is("allows_connections"))))
    });
    findings.collect()
}

fn remedy(database: &str, allows_connections: bool) -> String {
    let name = shared::dump::quote_identifier(database);
    match allows_connections {
        true => format!(
            "-- in database {name}: VACUUM (FREEZE) its oldest tables; section vacuum names them"
        ),
        false => format!(
            "-- ALTER DATABASE {name} ALLOW_CONNECTIONS true, VACUUM (FREEZE) in it, and close it again"
        ),
    }
}
