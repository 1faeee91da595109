//! Subscriptions that fail again and again.

use shared::dump::quote_identifier;

use super::rates::Daily;
use crate::check::{Case, Check, Finding, Unit};
use crate::sections::server;
use crate::sections::subscriptions::SECTION;
use crate::words;

/// Since 15 they are counted.
pub const ERRORS: Check = Check {
    name: "subscription_errors",
    finds: "subscriptions that fail to apply changes, or to copy a table, again and again",
    unit: Unit::Count,
    warn: Some(1.0),
    crit: Some(100.0),
    is_low_bad: false,
    sections: &[&SECTION, &server::SECTION],
    unseen: "what it was lately, beside the average since the counters began; whether it is at work at all: check subscriptions; rows that conflict: section subscriptions",
    judge,
};

fn judge(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let findings = rows.filter_map(|row| {
        let name = row.text("subscription")?;
        let (Some(apply), Some(sync)) = (row.number("apply_errors"), row.number("sync_errors"))
        else {
            let words = "this server does not count what fails; PostgreSQL 15 does";
            return Some(Finding::missing(words).of(name));
        };
        let daily = Daily::since_counted(case, row, apply + sync)?;
        let message = format!(
            "{}: {} in applying changes, {} in copying tables",
            daily.count("errors"),
            words::count(apply),
            words::count(sync)
        );
        let finding = case.judge(Some(name), daily.amount, message);
        Some(finding.remedy(format!(
            "-- the server's log has the error, and the row: mend the row or the table, or ALTER SUBSCRIPTION {} DISABLE; meanwhile",
            quote_identifier(name)
        )))
    });
    findings.collect()
}
