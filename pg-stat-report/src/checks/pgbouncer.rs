//! A pooler, by its console.

use crate::check::{Case, Check, Finding, Status, Unit};
use crate::row::Row;
use crate::sections::pgbouncer::SECTION;
use crate::words;

/// Nobody gets on.
pub const WAITS: Check = Check {
    name: "pooler_waits",
    finds: "clients of PgBouncer that wait long for a server",
    unit: Unit::Seconds,
    warn: Some(1.0),
    crit: Some(10.0),
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "waits that were over before: mean_wait_ms in section pgbouncer; sessions in the server: name it with another -d",
    judge: waits,
};

/// Nobody more gets in.
pub const CLIENTS: Check = Check {
    name: "pooler_clients",
    finds: "a PgBouncer that may soon take no more clients",
    unit: Unit::Share,
    warn: Some(0.8),
    crit: Some(0.95),
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "limits on open files of the process",
    judge: clients,
};

/// Somebody has stopped them.
pub const STOPPED: Check = Check {
    name: "pooler_stopped",
    finds: "databases of PgBouncer that are paused or disabled",
    unit: Unit::Count,
    warn: Some(1.0),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "since when",
    judge: stopped,
};

fn of_kind<'a>(case: &'a Case, kind: &str) -> impl Iterator<Item = &'a Row> {
    let kind = kind.to_string();
    case.rows(&SECTION)
        .iter()
        .filter(move |row| row.text("kind") == Some(&kind))
}

fn waits(case: &Case) -> Vec<Finding> {
    let findings = of_kind(case, "pool").filter_map(|row| {
        let object = format!("{} {}", row.text("database")?, row.text("user")?);
        let waiting = row.number("clients_waiting")?;
        let seconds = row.number("longest_wait_seconds").unwrap_or(0.0);
        let message = format!(
            "{} clients wait for a server, the first for {}; {} of {} servers are in use",
            words::count(waiting),
            words::time(seconds),
            words::count(row.number("servers_active")?),
            row.number("limit").map_or("no limit".to_string(), words::count)
        );
        let finding = match waiting > 0.0 {
            true => case.judge(Some(&object), seconds, message),
            false => Finding {
                value: Some(0.0),
                ..Finding::new(Status::Ok, message).of(&object)
            },
        };
        Some(finding.remedy("-- end transactions that sit idle, or raise pool_size as far as the server has connections: section advice with --instances"))
    });
    findings.collect()
}

fn clients(case: &Case) -> Vec<Finding> {
    let findings = of_kind(case, "pooler").filter_map(|row| {
        let ratio = row.number("used_ratio")?;
        let message = format!(
            "{} of {} clients are connected ({})",
            words::count(row.number("clients_active")?),
            words::count(row.number("limit")?),
            words::percent(ratio)
        );
        let finding = case.judge(None, ratio, message);
        Some(
            finding
                .remedy("-- raise max_client_conn, and the process's limit on open files with it"),
        )
    });
    findings.collect()
}

fn stopped(case: &Case) -> Vec<Finding> {
    let findings = of_kind(case, "database").filter_map(|row| {
        let name = row.text("database")?;
        let (paused, disabled) = (row.is("is_paused"), row.is("is_disabled"));
        let message = match (paused, disabled) {
            (false, false) => return None,
            (true, _) => "it is paused: its clients wait",
            (false, true) => "it is disabled: new clients are refused",
        };
        let finding = case.judge(Some(name), 1.0, message);
        let word = if paused { "RESUME" } else { "ENABLE" };
        Some(finding.remedy(format!(
            "-- on the console, if that was not meant: {word} {};",
            shared::dump::quote_identifier(name)
        )))
    });
    findings.collect()
}
