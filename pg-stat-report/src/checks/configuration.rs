//! Configuration files that the server can't take, and settings that lose data for single roles or databases.

use shared::dump::quote_identifier;

use crate::check::{Case, Check, Finding, Status, Unit};
use crate::row::Row;
use crate::sections::configuration::SECTION;

/// The next restart fails.
pub const ERRORS: Check = Check {
    name: "configuration_errors",
    finds: "lines of the configuration files that can't be taken: a reload leaves them out, a restart may fail",
    unit: Unit::Count,
    warn: Some(1.0),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "changes that wait for a restart: check pending_restart; pg_hba.conf: check pg_hba; values, as long as the name of a setting is wrong",
    judge: errors,
};

/// Somebody changed it, and nobody told the server.
pub const RELOAD: Check = Check {
    name: "pending_reload",
    finds: "changed lines of the configuration files that wait for a reload",
    unit: Unit::Count,
    warn: Some(1.0),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "what a role, a database, the command line or the look's own session sets over the files; DateStyle and client_encoding, which the server words otherwise; settings of libraries that are not loaded; pg_hba.conf; what waits for a restart: check pending_restart",
    judge: reload,
};

/// What the check unsafe_settings is for the whole server.
pub const OF_ROLES: Check = Check {
    name: "role_settings",
    finds: "settings of single roles and databases with which data is damaged, or nothing looks after it",
    unit: Unit::State,
    warn: None,
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "what sessions set for themselves; the server's own settings: check unsafe_settings; whether others make sense: section configuration",
    judge: of_roles,
};

/// What nobody should have for long: the setting, its bad value, how bad, why.
const BAD: [(&str, &str, Status, &str); 5] = [
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
        "session_replication_role",
        "replica",
        Status::Warning,
        "foreign keys are not looked after, and no trigger fires",
    ),
    (
        "track_counts",
        "off",
        Status::Warning,
        "autovacuum is not told of what they change",
    ),
    (
        "password_encryption",
        "md5",
        Status::Warning,
        "the passwords that they set are kept as MD5",
    ),
];

fn errors(case: &Case) -> Vec<Finding> {
    let findings = of_kind(case, "error").filter_map(|row| {
        let place = place(row)?;
        let object = row.text("name").unwrap_or(&place);
        let message = format!("{place}: {}", row.text("detail")?);
        let finding = case.judge(Some(object), 1.0, message);
        Some(finding.remedy("-- mend that line, then SELECT pg_reload_conf();"))
    });
    findings.chain(hidden(case)).collect()
}

fn reload(case: &Case) -> Vec<Finding> {
    // With a line that is none in a file, the server loads nothing of it.
    let remedy = match of_kind(case, "error").next() {
        None => "-- if all that was changed is meant: SELECT pg_reload_conf();",
        Some(_) => {
            "-- first mend what check configuration_errors tells of; if all that was changed is meant: SELECT pg_reload_conf();"
        }
    };
    let findings = of_kind(case, "reload").map(|row| {
        let mut message = changed(row);
        if let Some(detail) = row.text("detail") {
            message = format!("{message}; {detail} until the files are loaded");
        }
        let finding = case.judge(row.text("name"), 1.0, message);
        finding.remedy(remedy)
    });
    findings.chain(hidden(case)).collect()
}

/// What the files say of it now.
pub fn changed(row: &Row) -> String {
    match place(row) {
        Some(place) => match row.text("setting") {
            Some("") => format!("{place} empties it"),
            Some(setting) => format!("{place} says {setting}"),
            None => format!("{place} says something else"),
        },
        None => "no line of the files sets it any more".to_string(),
    }
}

fn place(row: &Row) -> Option<String> {
    let line = row.number("line")?;
    Some(format!("line {line} of {}", row.text("file")?))
}

/// Its rows of one kind.
pub fn of_kind<'a>(case: &'a Case<'_>, kind: &'static str) -> impl Iterator<Item = &'a Row> {
    let rows = case.rows(&SECTION).iter();
    rows.filter(move |row| row.text("kind") == Some(kind))
}

fn hidden(case: &Case) -> impl Iterator<Item = Finding> {
    of_kind(case, "hidden").map(|row| {
        let what = row.text("name").unwrap_or_default();
        let who = row.text("detail").unwrap_or_default();
        Finding::unknown(format!(
            "{what} are hidden from this role; {who}, --skip {} leaves that to somebody else",
            case.check.name
        ))
    })
}

fn of_roles(case: &Case) -> Vec<Finding> {
    let findings = case.rows(&SECTION).iter().filter_map(|row| {
        let (name, setting) = (row.text("name")?, row.text("setting")?);
        let bad = BAD
            .iter()
            .find(|(own, value, ..)| *own == name && is(setting, value))?;
        let (_, _, status, why) = bad;
        let finding = Finding::new(*status, format!("{name} is {setting}: {why}"));
        Some(
            finding
                .of(&whose(row))
                .remedy(format!("{} RESET {name};", alter(row))),
        )
    });
    findings.collect()
}

/// Values are as somebody wrote them.
fn is(setting: &str, value: &str) -> bool {
    let plain = match setting.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => "on".to_string(),
        "false" | "no" | "0" => "off".to_string(),
        other => other.to_string(),
    };
    plain == value
}

fn whose(row: &Row) -> String {
    match (row.text("role"), row.text("database")) {
        (Some(role), Some(database)) => format!("role {role} in database {database}"),
        (Some(role), None) => format!("role {role}"),
        (None, Some(database)) => format!("database {database}"),
        (None, None) => "all roles".to_string(),
    }
}

fn alter(row: &Row) -> String {
    match (row.text("role"), row.text("database")) {
        (Some(role), Some(database)) => format!(
            "ALTER ROLE {} IN DATABASE {}",
            quote_identifier(role),
            quote_identifier(database)
        ),
        (Some(role), None) => format!("ALTER ROLE {}", quote_identifier(role)),
        (None, Some(database)) => format!("ALTER DATABASE {}", quote_identifier(database)),
        (None, None) => "ALTER ROLE ALL".to_string(),
    }
}
