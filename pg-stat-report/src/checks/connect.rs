//! Whether there is anything to look at.

use crate::check::{Case, Check, Finding, Status, Unit};
use crate::sections::ping::SECTION;
use crate::words;

/// Of a server that does not answer it is all that is said.
pub const CHECK: Check = Check {
    name: "connect",
    finds: "servers that do not answer, or refuse us",
    unit: Unit::Seconds,
    warn: None,
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "whether others are let in",
    judge,
};

fn judge(case: &Case) -> Vec<Finding> {
    let findings = case.rows(&SECTION).iter().map(|row| {
        let seconds = row.number("latency_ms").map(|latency| latency / 1000.0);
        match seconds {
            Some(seconds) => {
                let message = format!("it answered within {}", words::time(seconds));
                case.judge(None, seconds, message)
            }
            None => Finding::new(
                Status::Critical,
                row.text("message").unwrap_or("it does not answer"),
            ),
        }
    });
    findings.collect()
}
