//! The server itself: its version, its queue of notifications, since when it runs.

use shared::time::{self, Time};

use crate::check::{Case, Check, Finding, Status, Unit};
use crate::sections::server::SECTION;
use crate::words;

/// Of each major version the newest minor one that was known in November 2026, and until when it is cared for.
const VERSIONS: [(u32, u32, &str); 6] = [
    (13, 23, "2025-11-13T00:00:00Z"),
    (14, 25, "2026-11-12T00:00:00Z"),
    (15, 20, "2027-11-11T00:00:00Z"),
    (16, 16, "2028-11-09T00:00:00Z"),
    (17, 12, "2029-11-08T00:00:00Z"),
    (18, 6, "2030-11-14T00:00:00Z"),
];

/// Mended faults that are there still.
pub const VERSION: Check = Check {
    name: "version",
    finds: "a server whose version has known faults: a newer minor one is there, or nobody cares for the major one any more",
    unit: Unit::Count,
    warn: Some(1.0),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "minor versions since November 2026; what a provider has mended on its own",
    judge: version,
};

/// A restart that nobody meant.
pub const UPTIME: Check = Check {
    name: "uptime",
    finds: "a server that was started less long ago than --warn or --crit gives",
    unit: Unit::Seconds,
    warn: None,
    crit: None,
    is_low_bad: true,
    sections: &[&SECTION],
    unseen: "whether it crashed: counters that began anew say so",
    judge: |case| {
        let rows = case.rows(&SECTION).iter();
        let findings = rows.filter_map(|row| {
            let seconds = row.number("uptime_seconds")?;
            let message = format!("it was started {} ago", words::time(seconds));
            Some(
                case.judge(None, seconds, message)
                    .remedy("-- the server's log says why"),
            )
        });
        findings.collect()
    },
};

/// LISTEN and NOTIFY.
pub const NOTIFICATIONS: Check = Check {
    name: "notifications",
    finds: "a queue of notifications that nearly is full: NOTIFY fails then",
    unit: Unit::Share,
    warn: Some(0.5),
    crit: Some(0.8),
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "who holds it up: a session that listens, and is long in a transaction (check long_transactions)",
    judge: |case| {
        let rows = case.rows(&SECTION).iter();
        let findings = rows.filter_map(|row| {
            let ratio = row.number("notifications_ratio")?;
            let message = format!("{} of the queue of notifications are used", words::percent(ratio));
            let finding = case.judge(None, ratio, message);
            Some(finding.remedy("-- end the session that listens and is long in a transaction: pg-lock-kill --sessions"))
        });
        findings.collect()
    },
};

fn version(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let findings = rows.filter_map(|row| {
        let number = row.number("version_num")? as u32;
        let version = row.text("version")?;
        let (behind, words) = judged(number, time::now());
        let finding = case.judge(None, behind, format!("{version}: {words}"));
        Some(finding.remedy(match words.starts_with("nobody") {
            true => "-- plan the upgrade to a newer major version",
            false => "-- install the newest minor version, and restart: nothing else is needed",
        }))
    });
    let mut findings: Vec<Finding> = findings.collect();
    findings.retain(|finding| finding.status != Status::Unknown);
    findings
}

/// How many minor versions it is behind at least, and that in words.
fn judged(number: u32, now: Time) -> (f64, String) {
    let (major, minor) = (number / 10_000, number % 10_000);
    let Some((_, newest, end)) = VERSIONS.iter().find(|(known, ..)| *known == major) else {
        return match major < VERSIONS[0].0 {
            true => (1.0, format!("nobody mends PostgreSQL {major} any more")),
            false => (0.0, "newer than any that was known".into()),
        };
    };
    let is_over = time::parse(end).is_ok_and(|end: Time| end <= now);
    if is_over {
        let day = end.split('T').next().unwrap_or_default();
        return (
            1.0,
            format!("nobody mends PostgreSQL {major} any more since {day}"),
        );
    }
    match newest.saturating_sub(minor) {
        0 => (0.0, "the newest that was known in November 2026".into()),
        behind => (
            f64::from(behind),
            format!("{major}.{newest} is there, {behind} later"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_old_a_version_is() {
        let then = |text: &str| time::parse(text).unwrap();
        let now = then("2026-11-21T00:00:00Z");
        let behind = |number| judged(number, now).0;
        assert_eq!(behind(150_020), 0.0);
        assert_eq!(behind(150_018), 2.0);
        assert_eq!(behind(150_030), 0.0);
        assert_eq!(behind(190_000), 0.0);
        assert_eq!(behind(120_022), 1.0);
        assert_eq!(behind(140_024), 1.0);
        assert!(judged(140_024, now).1.contains("since 2026-11-12"));
        assert_eq!(judged(140_025, then("2026-11-11T00:00:00Z")).0, 0.0);
    }
}
