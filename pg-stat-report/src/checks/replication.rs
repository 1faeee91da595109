//! Standbys and subscriptions that fall behind.

use crate::check::{Case, Check, Finding, Status, Unit};
use crate::row::Row;
use crate::sections::replication::SECTION;
use crate::sections::{activity, server, settings};
use crate::words;

/// In time.
pub const LAG: Check = Check {
    name: "replication_lag",
    finds: "standbys that show old rows",
    unit: Unit::Seconds,
    warn: Some(60.0),
    crit: Some(300.0),
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "standbys that should be there and are not; those of standbys; on their primary, that one's replay stands still while it receives: see replication_lag_bytes; on a standby that does not replay within half a second what it has: it is behind for so long at most, since the last change before",
    judge: |case| lag(case, "lag_seconds"),
};

/// In bytes.
pub const LAG_BYTES: Check = Check {
    name: "replication_lag_bytes",
    finds: "standbys that have much to replay",
    unit: Unit::Bytes,
    warn: Some(100e6),
    crit: Some(1e9),
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "standbys that should be there and are not; those of standbys",
    judge: |case| lag(case, "lag_bytes"),
};

/// A standby's connection to its primary.
pub const STANDBY: Check = Check {
    name: "standby",
    finds: "a standby that has lost its primary, or whose replay somebody paused",
    unit: Unit::State,
    warn: None,
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "whether an archive that it reads from is up to date",
    judge: standby,
};

/// As many as there should be.
pub const MISSING: Check = Check {
    name: "standbys",
    finds: "fewer standbys than --warn or --crit gives, or too few to commit at all (synchronous_standby_names), or commits that wait for one",
    unit: Unit::Count,
    warn: None,
    crit: None,
    is_low_bad: true,
    sections: &[
        &SECTION,
        &settings::SECTION,
        &server::SECTION,
        &activity::SECTION,
    ],
    unseen: "which ones they are; receivers of WAL that are no standbys are counted (pg_receivewal); without --warn or --crit how many there should be; sessions that set synchronous_commit for themselves",
    judge: missing,
};

/// Subscriptions without a worker.
pub const SUBSCRIPTIONS: Check = Check {
    name: "subscriptions",
    finds: "subscriptions that nobody works for",
    unit: Unit::Seconds,
    warn: Some(60.0),
    crit: Some(300.0),
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "how far they are behind: the publisher's slot says so; errors while rows are applied: check subscription_errors",
    judge: subscriptions,
};

fn of_role<'a>(case: &'a Case, role: &str) -> impl Iterator<Item = &'a Row> {
    let role = role.to_string();
    case.rows(&SECTION)
        .iter()
        .filter(move |row| row.text("role") == Some(&role))
}

fn hidden(name: &str) -> Finding {
    Finding::unknown("it is hidden from this role; pg_monitor shows it").of(name)
}

fn lag(case: &Case, field: &str) -> Vec<Finding> {
    let rows = ["standby", "reader", "receiver"]
        .into_iter()
        .flat_map(|role| of_role(case, role));
    let findings = rows.filter_map(|row| {
        let name = row.text("name")?;
        if row.is("is_hidden") {
            return Some(hidden(name));
        }
        let is_copy = row.text("state") == Some("backup");
        if field == "lag_bytes" && row.text("state") == Some("disconnected") {
            let words = "it has no connection: how far its primary has got since cannot be seen from here";
            return Some(Finding::unknown(words).of(name));
        }
        if field == "lag_bytes" && row.text("state") == Some("archive") {
            let words = "it reads an archive: how far its primary has got cannot be seen from here";
            return Some(Finding::missing(words).of(name));
        }
        let Some(value) = row.number(field).filter(|_| !is_copy) else {
            let words = match row.text("role")? {
                "receiver" => "no transaction was replayed since it was started",
                _ => "it catches up, and has not told yet how far behind it is",
            };
            return (!is_copy).then(|| Finding::unknown(words).of(name));
        };
        let words = match field {
            "lag_seconds" => words::time(value),
            _ => words::bytes(value),
        };
        let delay = row.number("apply_delay_seconds").unwrap_or(0.0);
        if field == "lag_seconds" && delay > 0.0 && case.status(Some(name), value) != Status::Ok {
            let delay = words::time(delay);
            let words = format!("at most {words} behind: it holds changes back for {delay} (recovery_min_apply_delay), and does not tell since when there are some; the primary's section replication does");
            return Some(Finding::unknown(words).of(name));
        }
        let message = match row.text("role")? {
            "standby" | "reader" => format!("{name} is {words} behind (state {})", row.text("state")?),
            _ => format!(
                "this standby is {words} behind {name} (state {})",
                row.text("state")?
            ),
        };
        Some(case.judge(Some(name), value, message))
    });
    findings.collect()
}

fn standby(case: &Case) -> Vec<Finding> {
    let findings = of_role(case, "receiver").filter_map(|row| {
        let name = row.text("name")?;
        if row.is("is_hidden") {
            return Some(hidden(name));
        }
        if row.is("is_paused") && row.text("state") != Some("disconnected") {
            let finding = Finding::new(Status::Warning, "its replay is paused").of(name);
            return Some(finding.remedy("-- if that was not meant: SELECT pg_wal_replay_resume();"));
        }
        Some(match row.text("state")? {
            "disconnected" => {
                let words = "this standby has no connection to its primary: it will fall behind, whatever it shows now";
                Finding::new(Status::Critical, words).remedy("-- see its log: the primary is gone, refuses it, or has removed WAL that it needs")
            }
            "archive" => {
                Finding::new(Status::Ok, "it reads what was archived, and streams from nobody")
            }
            "streaming" => Finding::new(Status::Ok, format!("it streams from {name}")),
            state => Finding::new(Status::Warning, format!("its state is {state}")).of(name),
        })
    });
    findings.collect()
}

fn missing(case: &Case) -> Vec<Finding> {
    let rows: Vec<&Row> = of_role(case, "standby").collect();
    if rows.iter().any(|row| row.is("is_hidden")) {
        return vec![Finding::unknown(
            "the standbys are hidden from this role; pg_monitor shows them",
        )];
    }
    let streaming = |row: &&&Row| row.text("state") == Some("streaming");
    let count = rows.iter().filter(streaming).count();
    let words = format!("{count} standbys stream from here");
    let mut findings = vec![
        case.judge(None, count as f64, words)
            .remedy("-- see the log of the one that is missing"),
    ];
    let is_standby = case
        .rows(&server::SECTION)
        .iter()
        .any(|row| row.is("in_recovery"));
    let setting = |name: &str| {
        let mut settings = case.rows(&settings::SECTION).iter();
        let row = settings.find(|row| row.text("name") == Some(name));
        row.and_then(|row| row.text("setting"))
    };
    let names = setting("synchronous_standby_names").unwrap_or_default();
    let synchronous = |row: &&&Row| matches!(row.text("sync_state"), Some("sync" | "quorum"));
    let there = rows.iter().filter(streaming).filter(synchronous).count();
    let waits = !matches!(setting("synchronous_commit"), Some("off" | "local"));
    if waits && !names.trim().is_empty() && !is_standby && there < needed(names) {
        let words = format!(
            "{there} synchronous standbys stream, {} are waited for by each commit ({names}): commits hang",
            needed(names)
        );
        let finding = Finding::new(Status::Critical, words).of("synchronous_standby_names");
        let finding = finding.remedy("-- bring one back; or, if losing commits with this server is better than waiting: ALTER SYSTEM SET synchronous_standby_names = '', and reload");
        findings.push(finding);
    }
    findings.extend(waiting(case));
    findings
}

/// Commits that a standby is there for, and does not answer. For how long they wait the server does not say, only how
/// long ago their statements began.
fn waiting(case: &Case) -> Option<Finding> {
    let rows = case.rows(&activity::SECTION).iter();
    let waiting = rows.filter(|row| row.text("wait_event") == Some("SyncRep"));
    let ages: Vec<f64> = waiting
        .filter_map(|row| row.number("query_age_seconds"))
        .collect();
    let oldest = ages.iter().copied().fold(0.0, f64::max);
    let status = match oldest {
        _ if oldest >= 60.0 => Status::Critical,
        _ if oldest >= 5.0 => Status::Warning,
        _ => return None,
    };
    let words = format!(
        "{} commits wait for a synchronous standby, the first since a statement that began {} ago",
        words::count(ages.len() as f64),
        words::time(oldest)
    );
    let finding = Finding::new(status, words).of("synchronous_commit");
    Some(finding.remedy("-- see the standby: it has stopped, its replay is paused (pg_wal_replay_resume), or a query of its own holds replay up"))
}

/// How many have to answer before a commit ends: `2 (a, b)`, `FIRST 2 (a, b)`, `ANY 2 (*)`, or a list, of which one has.
fn needed(names: &str) -> usize {
    let words = names.split(['(', ' ']).filter(|word| !word.is_empty());
    let mut words =
        words.skip_while(|word| matches!(word.to_ascii_uppercase().as_str(), "FIRST" | "ANY"));
    let number = names.contains('(').then(|| words.next()?.parse().ok());
    number.flatten().unwrap_or(1)
}

fn subscriptions(case: &Case) -> Vec<Finding> {
    let findings = of_role(case, "subscription").filter_map(|row| {
        let name = row.text("name")?;
        let quoted = shared::dump::quote_identifier(name);
        if row.is("is_hidden") {
            return Some(hidden(name));
        }
        let silence = row.number("silence_seconds").unwrap_or(0.0);
        Some(match row.text("state")? {
            "disabled" if row.text("slot").is_none() => Finding::new(
                Status::Warning,
                "it is disabled and has no slot: no change comes here, and its publisher keeps none for it",
            )
            .of(name)
            .remedy(format!("-- DROP SUBSCRIPTION {quoted}; or give it a slot (ALTER SUBSCRIPTION … SET (slot_name = …)), which what was lost meanwhile is not in, and ENABLE it")),
            "disabled" => Finding::new(
                Status::Warning,
                "it is disabled: its publisher keeps WAL for it",
            )
            .of(name)
            .remedy(format!("-- ALTER SUBSCRIPTION {quoted} ENABLE; or drop it")),
            "standby" => Finding::new(Status::Ok, "its worker runs on the primary, and here after a promotion").of(name),
            "down" => Finding::new(Status::Critical, "no worker runs for it")
                .of(name)
                .remedy("-- see the server's log: an error ends the worker again and again"),
            _ => case.judge(
                Some(name),
                silence,
                format!(
                    "its publisher was last heard of {} ago",
                    words::time(silence)
                ),
            ),
        })
    });
    findings.collect()
}

#[cfg(test)]
mod tests {
    use super::needed;

    #[test]
    fn how_many_answer_a_commit() {
        for (names, number) in [
            ("a", 1),
            ("a, b", 1),
            ("2 (a, b)", 2),
            ("first 2(a, b, c)", 2),
            ("ANY 3 (*)", 3),
            ("*", 1),
        ] {
            assert_eq!(needed(names), number, "{names}");
        }
    }
}
