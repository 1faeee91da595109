//! Statements that take long.

use crate::check::{Case, Check, Finding, Unit};
use crate::sections::queries::SECTION;
use crate::words;

/// Fewer calls are somebody's maintenance.
const ENOUGH: f64 = 50.0;

/// So much of a statement is shown.
const SHOWN: usize = 100;

/// On the average.
pub const SLOW: Check = Check {
    name: "slow_queries",
    finds: "statements that take long on the average",
    unit: Unit::Seconds,
    warn: Some(1.0),
    crit: Some(10.0),
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "statements with fewer than 50 calls; how long they took lately: the mean is since the last reset",
    judge,
};

fn judge(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let often = rows.filter(|row| row.number("calls").is_some_and(|calls| calls >= ENOUGH));
    let findings = often.filter_map(|row| {
        let seconds = row.number("mean_ms")? / 1000.0;
        let text: String = row.text("query").unwrap_or("its text is hidden").chars().take(SHOWN).collect();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let message = format!(
            "{} on the average of {} calls, {} of all time: {text}",
            words::time(seconds),
            words::count(row.number("calls")?),
            words::percent(row.number("share_ratio").unwrap_or(0.0))
        );
        let object = match row.cell("queryid") {
            crate::row::Cell::Int(id) => format!("queryid {id}"),
            _ => "queryid hidden".to_string(),
        };
        let finding = case.judge(Some(&object), seconds, message);
        Some(finding.remedy("-- EXPLAIN (ANALYZE, BUFFERS) it; see the checks sequential_scans and unindexed_foreign_keys"))
    });
    findings.collect()
}
