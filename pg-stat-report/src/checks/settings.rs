//! Settings that lose data, and such as are not in force.

use std::collections::BTreeSet;

use crate::check::{Case, Check, Finding, Status, Unit};
use crate::checks::configuration::{changed, of_kind};
use crate::row::Row;
use crate::sections::settings::SECTION;
use crate::sections::{advice, configuration};

/// What no server with data should run with: the setting, its bad value, how bad, why.
const BAD: [(&str, &str, Status, &str); 7] = [
    (
        "fsync",
        "off",
        Status::Critical,
        "a crash of the machine destroys the data",
    ),
    (
        "full_page_writes",
        "off",
        Status::Critical,
        "a crash of the machine leaves torn pages",
    ),
    (
        "zero_damaged_pages",
        "on",
        Status::Critical,
        "damaged pages are emptied in silence",
    ),
    (
        "ignore_checksum_failure",
        "on",
        Status::Critical,
        "damaged pages are read as if they were good",
    ),
    (
        "ignore_invalid_pages",
        "on",
        Status::Critical,
        "recovery goes on over damage",
    ),
    (
        "autovacuum",
        "off",
        Status::Warning,
        "nothing removes dead rows or gathers statistics",
    ),
    (
        "track_counts",
        "off",
        Status::Warning,
        "autovacuum does not know where to go",
    ),
];

/// They lose data, or will.
pub const UNSAFE: Check = Check {
    name: "unsafe_settings",
    finds: "settings with which data is lost, or the server degrades",
    unit: Unit::State,
    warn: None,
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "settings of single roles and databases: check role_settings; whether others fit the machine",
    judge: bad,
};

/// Changed, and not in force.
pub const PENDING_RESTART: Check = Check {
    name: "pending_restart",
    finds: "changed settings that wait for a restart",
    unit: Unit::Count,
    warn: Some(1.0),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION, &configuration::SECTION],
    unseen: "which line it is, if the files are hidden from the role; changes that wait for a reload alone: check pending_reload; errors in the files: check configuration_errors",
    judge: pending,
};

/// They do not suit the machine or the work.
pub const ADVICE: Check = Check {
    name: "settings_advice",
    finds: "settings that are wrong for the machine's memory, its connections and what the statistics show",
    unit: Unit::State,
    warn: None,
    crit: None,
    is_low_bad: false,
    sections: &[&advice::SECTION],
    unseen: "what may only be better otherwise: section advice; settings of memory, if how much there is is known to nobody",
    judge: advised,
};

fn advised(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&advice::SECTION);
    let of = |verdict: &'static str| {
        let rows = rows.iter();
        rows.filter(move |row| row.text("verdict") == Some(verdict))
    };
    let findings = of("warning").filter_map(|row| {
        let name = row.text("setting")?;
        let finding = Finding::new(Status::Warning, row.text("reason")?).of(name);
        Some(match row.text("remedy") {
            Some(remedy) => finding.remedy(remedy),
            None => finding,
        })
    });
    let mut findings: Vec<Finding> = findings.collect();
    if findings.is_empty() && of("unknown").next().is_some() {
        let words = "nothing found; of memory nothing can be said without --ram";
        findings.push(Finding::new(Status::Ok, words));
    }
    findings
}

fn bad(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION);
    let judged = BAD.iter().filter_map(|(name, value, status, why)| {
        let row = rows.iter().find(|row| row.text("name") == Some(name))?;
        if row.text("setting") != Some(value) {
            return None;
        }
        let finding = Finding::new(*status, format!("{name} is {value}: {why}")).of(name);
        Some(finding.remedy(otherwise(name, value, row.text("source"))))
    });
    judged.collect()
}

/// What sets it to its good value, where it was set.
fn otherwise(name: &str, value: &str, source: Option<&str>) -> String {
    let good = if value == "on" { "off" } else { "on" };
    match source {
        Some("command line") => {
            format!("-- it is on the server's command line: {name} = {good} belongs there")
        }
        Some("database" | "user" | "database user") => {
            format!(
                "-- it is set for the role or the database that looks (\\drds in psql): ALTER ROLE or DATABASE … RESET {name}"
            )
        }
        _ if name == "ignore_invalid_pages" => {
            format!("ALTER SYSTEM SET {name} = {good}; -- then restart")
        }
        _ => format!("ALTER SYSTEM SET {name} = {good}; SELECT pg_reload_conf();"),
    }
}

/// What has to go with a setting, or the server does not start any more.
fn needs(name: &str) -> Option<&'static str> {
    Some(match name {
        "wal_level" | "max_wal_senders" | "archive_mode" | "summarize_wal" => {
            "wal_level = minimal needs max_wal_senders = 0 and archive_mode = off, and slots need replica or logical"
        }
        "max_connections"
        | "superuser_reserved_connections"
        | "reserved_connections"
        | "max_worker_processes"
        | "max_prepared_transactions"
        | "max_locks_per_transaction" => {
            "reserved connections must be fewer than max_connections, and a standby needs no less than its primary has"
        }
        "shared_buffers" | "huge_pages" | "huge_page_size" | "min_dynamic_shared_memory" => {
            "the machine must have the memory, and the pages"
        }
        "max_replication_slots" | "max_active_replication_origins" => {
            "it must not be less than the slots and origins that are there"
        }
        "recovery_target"
        | "recovery_target_lsn"
        | "recovery_target_name"
        | "recovery_target_time"
        | "recovery_target_xid" => "only one recovery_target may be set",
        "shared_preload_libraries" => "each library must be there",
        "listen_addresses" | "port" | "unix_socket_directories" => {
            "the address, the port and the folder must be free and there"
        }
        _ => return None,
    })
}

fn pending(case: &Case) -> Vec<Finding> {
    let rows = case.rows(&SECTION);
    let hidden = rows.iter().any(|row| !row.is("is_all_seen"));
    let hidden = hidden.then(|| {
        Finding::unknown("some settings are hidden from this role; pg_monitor shows them")
    });
    // Of a change that is not even loaded the server tells only whoever reads the files.
    let lines: Vec<&Row> = of_kind(case, "restart").collect();
    let marked = rows.iter().filter(|row| row.is("is_pending_restart"));
    let names = marked.chain(lines.iter().copied());
    let names: BTreeSet<&str> = names.filter_map(|row| row.text("name")).collect();
    let findings = names.into_iter().map(|name| {
        let line = lines.iter().find(|row| row.text("name") == Some(name));
        let message = match line {
            Some(row) => format!("{}, which waits for a restart", changed(row)),
            None => "its new value waits for a restart".to_string(),
        };
        let finding = case.judge(Some(name), 1.0, message);
        finding.remedy(match needs(name) {
            Some(needs) => format!("-- first see that the server comes up with it, {needs}; then restart it when that suits"),
            None => "-- restart the server when that suits".to_string(),
        })
    });
    findings.chain(hidden).collect()
}
