//! `connections`: is there room for more sessions?

use crate::check::{Case, Check, Finding, Unit};
use crate::sections::connections::SECTION;
use crate::words;

/// Where ordinary roles may soon be refused.
pub const CHECK: Check = Check {
    name: "connections",
    finds: "a server, database or role that may soon take no more connections",
    unit: Unit::Share,
    warn: Some(0.8),
    crit: Some(0.95),
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "the pools of poolers and applications",
    judge,
};

fn judge(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let findings = rows.filter_map(|row| {
        let ratio = row.number("used_ratio")?;
        let used = words::count(row.number("connections")?);
        let limit = words::count(row.number("limit")?);
        let (object, whose) = match row.text("by")? {
            "server" => (None, "that ordinary roles have".to_string()),
            by => {
                let object = format!("{by} {}", row.text("name")?);
                (Some(object), "of its CONNECTION LIMIT".to_string())
            }
        };
        let share = words::percent(ratio);
        let message = format!("{used} of the {limit} connections {whose} are used ({share})");
        let hidden = row.number("hidden")?;
        if hidden > 0.0 {
            let words = format!(
                "{message}, or fewer: {} sessions are hidden from this role, and may be workers; pg_monitor shows them",
                words::count(hidden)
            );
            let finding = Finding::unknown(words);
            return Some(match &object {
                Some(object) => finding.of(object),
                None => finding,
            });
        }
        let remedy = match &object {
            None => "-- end sessions that nobody needs (pg-lock-kill --sessions), use a pooler, or raise max_connections and restart",
            Some(_) => "-- end sessions that nobody needs (pg-lock-kill --sessions), or raise the CONNECTION LIMIT",
        };
        let finding = case.judge(object.as_deref(), ratio, message);
        Some(finding.remedy(remedy))
    });
    findings.collect()
}
