//! Sessions that were not closed: their clients vanish, or errors end them.

use crate::check::{Case, Check, Finding, Unit};
use crate::row::Row;
use crate::sections::{databases, growth, server};
use crate::words;

/// So many sessions must have begun before a share of them says anything.
const ENOUGH: f64 = 100.0;

const DAY: f64 = 86_400.0;

/// Since 14 the server counts how they end.
pub const LOST: Check = Check {
    name: "lost_sessions",
    finds: "databases many of whose sessions are not closed, but end because the client is gone or by a fatal error",
    unit: Unit::Share,
    warn: Some(0.5),
    crit: None,
    is_low_bad: false,
    sections: &[&databases::SECTION, &server::SECTION],
    unseen: "databases with fewer than 100 sessions since the counters, or the report of --state or --baseline, began; which clients they are: log_disconnections; those that somebody ended",
    judge: lost,
};

/// How many sessions, and how they ended.
struct Sessions {
    all: f64,
    abandoned: f64,
    fatal: f64,
}

fn lost(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&databases::SECTION);
    if rows.iter().all(|row| row.number("sessions").is_none()) {
        let words = "this server does not count how sessions end; PostgreSQL 14 does";
        return vec![Finding::missing(words)];
    }
    let findings = rows.iter().filter_map(|row| {
        let name = row.text("database")?;
        let (sessions, since) = match lately(case, name) {
            Some(lately) => lately,
            None => (counted(row)?, "since they are counted"),
        };
        if sessions.all < ENOUGH {
            return None;
        }
        let ratio = (sessions.abandoned + sessions.fatal) / sessions.all;
        let message = format!(
            "{} of {} sessions were not closed {since}: the client of {} was gone, fatal errors ended {}",
            words::percent(ratio),
            words::count(sessions.all),
            words::count(sessions.abandoned),
            words::count(sessions.fatal)
        );
        let finding = case.judge(Some(name), ratio, message);
        Some(finding.remedy("-- log_disconnections says whose they are, the server's log why (section logs): clients that are killed, time limits of a network between, timeouts"))
    });
    findings.collect()
}

fn counted(row: &Row) -> Option<Sessions> {
    Some(Sessions {
        all: row.number("sessions")?,
        abandoned: row.number("sessions_abandoned")?,
        fatal: row.number("sessions_fatal")?,
    })
}

/// Since an earlier report, where there is one that says enough.
fn lately(case: &Case, database: &str) -> Option<(Sessions, &'static str)> {
    let mut rows = case.rows(&growth::SECTION).iter();
    let row = rows.find(|row| {
        row.text("kind") == Some("database") && row.text("database") == Some(database)
    })?;
    let days = row.number("seconds")? / DAY;
    // A count again, not a hair less.
    let number = |field| Some((row.number(field)? * days).round());
    let sessions = Sessions {
        all: number("sessions_per_day")?,
        abandoned: number("sessions_abandoned_per_day")?,
        fatal: number("sessions_fatal_per_day")?,
    };
    (sessions.all >= ENOUGH).then_some((sessions, "since the earlier report"))
}
