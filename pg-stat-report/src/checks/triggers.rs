//! Triggers that are turned off.

use crate::check::{Case, Check, Finding, Unit};
use crate::sections::triggers::SECTION;

/// Left off after some import.
pub const DISABLED: Check = Check {
    name: "disabled_triggers",
    finds: "triggers that are turned off, those among them that enforce foreign keys",
    unit: Unit::Count,
    warn: Some(1.0),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "rows that came meanwhile: pg-restore-verify --live finds those without counterpart; sessions with session_replication_role = replica; triggers that are to fire for those alone (ENABLE REPLICA); event triggers and rules",
    judge,
};

fn judge(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let findings = rows.filter_map(|row| {
        let table = row.text("table")?;
        Some(match (row.text("trigger"), row.text("constraint")) {
            (Some(trigger), _) => {
                let finding = case.judge(Some(&format!("{table} {trigger}")), 1.0, "it is turned off");
                finding.remedy(format!("-- unless that is meant: ALTER TABLE {table} ENABLE TRIGGER {trigger};"))
            }
            (None, constraint) => {
                let name = constraint.unwrap_or("a constraint");
                let message = match row.text("referenced") {
                    Some(other) if other == table => format!("the foreign key {name} is not enforced when rows here change"),
                    Some(other) => format!("the foreign key {name} to {other} is not enforced"),
                    None => format!("the constraint {name} is not enforced"),
                };
                let finding = case.judge(Some(&format!("{table} {name}")), 1.0, message);
                finding.remedy(format!(
                    "-- as a superuser: ALTER TABLE {table} ENABLE TRIGGER ALL; then pg-restore-verify --live finds rows without counterpart"
                ))
            }
        })
    });
    findings.collect()
}
