//! What sessions, prepared transactions and slots hold up.

use crate::check::{Case, Check, Finding, Unit};
use crate::row::Row;
use crate::sections::activity::SECTION;
use crate::words;

/// Programs that hold a transaction for as long as they need it.
const PATIENT: [&str; 2] = ["pg_dump", "pg_repack"];

const UNSEEN: &str = "sessions of pg_dump and pg_repack, which the check xmin_horizon sees; what a pooler keeps open";

/// Sessions that sit in a transaction.
pub const IDLE_IN_TRANSACTION: Check = Check {
    name: "idle_in_transaction",
    finds: "sessions that do nothing in a transaction, and hold its locks",
    unit: Unit::Seconds,
    warn: Some(300.0),
    crit: Some(900.0),
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: UNSEEN,
    judge: |case| {
        sessions(case, "state_age_seconds", |row| {
            row.text("state")
                .is_some_and(|state| state.starts_with("idle in transaction"))
        })
    },
};

/// Transactions that began long ago.
pub const LONG_TRANSACTIONS: Check = Check {
    name: "long_transactions",
    finds: "transactions that began long ago",
    unit: Unit::Seconds,
    warn: Some(1800.0),
    crit: Some(3600.0),
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: UNSEEN,
    judge: |case| sessions(case, "xact_age_seconds", |_| true),
};

/// Statements that have run for long.
pub const LONG_QUERIES: Check = Check {
    name: "long_queries",
    finds: "statements that have run for long",
    unit: Unit::Seconds,
    warn: Some(1800.0),
    crit: Some(3600.0),
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: UNSEEN,
    judge: |case| {
        sessions(case, "query_age_seconds", |row| {
            row.text("state") == Some("active")
        })
    },
};

/// Prepared transactions that nobody finishes.
pub const PREPARED_TRANSACTIONS: Check = Check {
    name: "prepared_transactions",
    finds: "prepared transactions that nobody has finished",
    unit: Unit::Seconds,
    warn: Some(300.0),
    crit: Some(3600.0),
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "whether a coordinator still knows them",
    judge: prepared,
};

/// What keeps VACUUM from removing anything.
pub const XMIN_HORIZON: Check = Check {
    name: "xmin_horizon",
    finds: "what keeps VACUUM from removing dead rows: a session, a prepared transaction, a slot, a standby",
    unit: Unit::Count,
    warn: Some(10_000_000.0),
    crit: Some(100_000_000.0),
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "how long ago that was: the value counts transactions",
    judge: horizon,
};

/// Client sessions of a kind, by one of their ages; what is hidden may be one of them.
fn sessions(case: &Case, age: &str, is_of_kind: impl Fn(&Row) -> bool) -> Vec<Finding> {
    let rows = case.rows(&SECTION);
    let clients = rows.iter().filter(|row| {
        let name = row.text("application_name").unwrap_or_default();
        row.text("backend_type") == Some("client backend") && !PATIENT.contains(&name)
    });
    let mut findings: Vec<Finding> = clients
        .filter(|row| is_of_kind(row))
        .filter_map(|row| {
            let seconds = row.number(age)?;
            let who = who(row);
            let message = format!("{who} is {} for {}", row.text("state")?, words::time(seconds));
            let message = match age {
                "xact_age_seconds" => format!("the transaction of {who} began {} ago", words::time(seconds)),
                _ => message,
            };
            let pid = row.number("pid")?;
            let finding = case.judge(Some(&format!("pid {pid}")), seconds, message);
            Some(finding.remedy(format!(
                "-- if nobody misses it: SELECT pg_terminate_backend({pid}); pg-lock-kill makes sure that it is still the same"
            )))
        })
        .collect();
    findings.extend(hidden(case));
    findings.extend(silent(case));
    findings
}

/// Of these the server keeps neither state nor times.
fn silent(case: &Case) -> Option<Finding> {
    let rows = case.rows(&SECTION).iter();
    let count = rows
        .filter(|row| row.text("state") == Some("disabled"))
        .count();
    (count > 0).then(|| {
        Finding::unknown(format!(
            "what {count} sessions do is not recorded: track_activities is off"
        ))
    })
}

fn who(row: &Row) -> String {
    let user = row.text("user").unwrap_or("an unknown role");
    let place = row.text("database").unwrap_or("no database");
    match row.text("application_name") {
        Some(name) => format!("{user} in {place} ({name})"),
        None => format!("{user} in {place}"),
    }
}

fn hidden(case: &Case) -> Option<Finding> {
    let rows = case.rows(&SECTION).iter();
    let count = rows.filter(|row| row.is("is_hidden")).count();
    (count > 0).then(|| {
        Finding::unknown(format!(
            "{count} sessions of other roles are hidden from this one; pg_monitor shows them"
        ))
    })
}

fn prepared(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let prepared = rows.filter(|row| row.text("kind") == Some("prepared transaction"));
    let findings = prepared.filter_map(|row| {
        let (name, seconds) = (row.text("name")?, row.number("xact_age_seconds")?);
        let place = row.text("database").unwrap_or_default();
        let message = format!("it was prepared in database \"{place}\" {} ago", words::time(seconds));
        let finding = case.judge(Some(name), seconds, message);
        let name = shared::dump::quote_literal(name);
        Some(finding.remedy(format!(
            "-- in that database, COMMIT PREPARED {name} or ROLLBACK PREPARED {name}, as its coordinator decided"
        )))
    });
    findings.collect()
}

fn horizon(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION).iter();
    let mut findings: Vec<Finding> = rows
        .filter_map(|row| {
            let age = row.number("xmin_age")?;
            let kind = row.text("kind")?;
            let object = match (row.text("name"), row.number("pid")) {
                (Some(name), _) => name.to_string(),
                (None, Some(pid)) => format!("pid {pid}"),
                (None, None) => kind.to_string(),
            };
            let what = match kind {
                "session" => format!(
                    "the {} of {}",
                    row.text("backend_type").unwrap_or("session"),
                    who(row)
                ),
                kind => format!("the {kind}"),
            };
            let message = format!(
                "{what} keeps VACUUM from removing what died in the last {} transactions",
                words::count(age)
            );
            let remedy = match kind {
                "session" => "-- end it, or let it end: pg-lock-kill",
                "replication slot" => {
                    "-- let its reader catch up, or drop the slot if nobody reads from it"
                }
                _ => "-- COMMIT PREPARED or ROLLBACK PREPARED, as its coordinator decided",
            };
            Some(case.judge(Some(&object), age, message).remedy(remedy))
        })
        .collect();
    findings.extend(hidden(case));
    findings
}
