//! Triggers and rules that are turned off.

use crate::check::{Case, Check, Finding, Unit};
use crate::row::Row;
use crate::sections::triggers::SECTION;

/// Left off after some import.
pub const DISABLED: Check = Check {
    name: "disabled_triggers",
    finds: "triggers, event triggers and rules that are turned off, those among them that enforce foreign keys",
    unit: Unit::Count,
    warn: Some(1.0),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "rows that came meanwhile: pg-restore-verify --live finds those without counterpart; sessions with session_replication_role = replica; what is to fire for those alone (ENABLE REPLICA), where a subscription writes rows",
    judge,
};

fn judge(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let findings = rows.filter_map(|row| {
        if row.text("name").is_some() {
            return switched(case, row);
        }
        let table = row.text("table")?;
        let name = row.text("constraint").unwrap_or("a constraint");
        let message = match row.text("referenced") {
            Some(other) if other == table => {
                format!("the foreign key {name} is not enforced when rows here change")
            }
            Some(other) => format!("the foreign key {name} to {other} is not enforced"),
            None => format!("the constraint {name} is not enforced"),
        };
        let finding = case.judge(Some(&format!("{table} {name}")), 1.0, message);
        Some(finding.remedy(format!(
            "-- as a superuser: ALTER TABLE {table} ENABLE TRIGGER ALL; then pg-restore-verify --live finds rows without counterpart"
        )))
    });
    findings.collect()
}

/// A trigger or rule that has a name of its own.
fn switched(case: &Case, row: &Row) -> Option<Finding> {
    let (kind, name) = (row.text("kind")?, row.text("name")?);
    let (object, enable) = match (row.text("table"), kind) {
        (None, _) => (
            name.to_string(),
            format!("ALTER EVENT TRIGGER {name} ENABLE;"),
        ),
        (Some(table), "rule") => (
            format!("{table} {name}"),
            format!("ALTER TABLE {table} ENABLE RULE {name};"),
        ),
        (Some(table), _) => (
            format!("{table} {name}"),
            format!("ALTER TABLE {table} ENABLE TRIGGER {name};"),
        ),
    };
    let message = match row.is("is_for_replica") {
        true => {
            format!("the {kind} fires for replication alone (ENABLE REPLICA), and none writes here")
        }
        false => format!("the {kind} is turned off"),
    };
    let finding = case.judge(Some(&object), 1.0, message);
    Some(finding.remedy(format!("-- unless that is meant: {enable}")))
}
