//! Settings that somebody has changed.

use crate::check::{Case, Check, Finding, Unit};
use crate::row::Row;
use crate::sections::drift::SECTION;

/// By an earlier report.
pub const SETTINGS: Check = Check {
    name: "settings_drift",
    finds: "settings that are not what they were a day ago, or in an earlier run (--state, --baseline)",
    unit: Unit::Count,
    warn: Some(1.0),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "changes that wait for a restart: check pending_restart; pg_hba.conf; of roles, what may be secret; what was changed and changed back; what this program sets for its own session, such as jit, enable_nestloop, enable_mergejoin, lock_timeout and statement_timeout",
    judge,
};

fn judge(case: &Case) -> Vec<Finding> {
    let findings = case.rows(&SECTION).iter().filter_map(|row| {
        if row.text("kind") == Some("hidden") {
            let words =
                "some settings are hidden from this role, or were then; pg_monitor shows them";
            return Some(Finding::unknown(words));
        }
        let value = |field: &str| match row.text(field) {
            Some("") => "empty".to_string(),
            Some(value) => value.to_string(),
            None => "not set".to_string(),
        };
        let message = format!(
            "it was {} at {}, and is {}{}",
            value("setting_before"),
            row.text("before_at")?,
            value("setting"),
            row.text("source")
                .map(|source| format!(" ({source})"))
                .unwrap_or_default()
        );
        let finding = case.judge(Some(&object(row)?), 1.0, message);
        Some(finding.remedy(
            "-- if nobody meant that, section settings or configuration says where it is set",
        ))
    });
    findings.collect()
}

fn object(row: &Row) -> Option<String> {
    let name = row.text("name")?;
    Some(match (row.text("role"), row.text("database")) {
        (Some(role), Some(database)) => format!("{name} of role {role} in database {database}"),
        (Some(role), None) => format!("{name} of role {role}"),
        (None, Some(database)) => format!("{name} of database {database}"),
        (None, None) if row.text("kind") == Some("role") => format!("{name} of all roles"),
        (None, None) => name.to_string(),
    })
}
