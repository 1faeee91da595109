//! Who may get in, and who may do everything.

use crate::check::{Case, Check, Finding, Status, Unit};
use crate::row::Row;
use crate::sections::security::SECTION;
use crate::words;

/// Too many who may do everything.
pub const SUPERUSERS: Check = Check {
    name: "superusers",
    finds: "many roles that may log in and do everything",
    unit: Unit::Count,
    warn: Some(3.0),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "who shares a role; roles that may run programs or read and write files as the server: section security",
    judge: superusers,
};

/// Passwords that are kept badly.
pub const PASSWORDS: Check = Check {
    name: "md5_passwords",
    finds: "passwords that are kept as md5, which is as good as the password for whoever reads it",
    unit: Unit::Count,
    warn: Some(1.0),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "how easy passwords are to guess; whether one is ever asked for",
    judge: passwords,
};

/// Lines that let in whoever comes.
pub const HBA: Check = Check {
    name: "pg_hba",
    finds: "lines of pg_hba.conf that let in without proof or encryption, never match, or can't be read",
    unit: Unit::Count,
    warn: Some(1.0),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "lines before it that catch the same; whether the file was reloaded; firewalls",
    judge: hba,
};

/// What anybody on the way can read.
pub const UNENCRYPTED: Check = Check {
    name: "unencrypted_sessions",
    finds: "sessions that come over the network without encryption",
    unit: Unit::Count,
    warn: Some(1.0),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "tunnels and private networks; what lies behind a pooler; sessions that are not there at the moment; those of this report itself",
    judge: unencrypted,
};

/// No encryption to be had.
pub const SSL: Check = Check {
    name: "ssl",
    finds: "a server that listens to the network and offers no encryption",
    unit: Unit::Count,
    warn: Some(1.0),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "how long its certificate is valid; encryption by a proxy before it",
    judge: ssl,
};

/// They name this very machine.
const HERE: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

fn of_kind<'a>(case: &'a Case, kind: &str) -> impl Iterator<Item = &'a Row> {
    let kind = kind.to_string();
    case.rows(&SECTION)
        .iter()
        .filter(move |row| row.text("kind") == Some(&kind))
}

/// What the role may not see of this.
fn hidden(case: &Case, what: &str) -> Option<Finding> {
    let row = of_kind(case, "hidden").find(|row| row.text("object") == Some(what))?;
    let who = row.text("detail").unwrap_or_default();
    Some(Finding::unknown(format!(
        "{what}: hidden from this role; {who}, --skip {} leaves that to somebody else",
        case.check.name
    )))
}

fn superusers(case: &Case) -> Vec<Finding> {
    let powerful = of_kind(case, "role").filter(|row| row.text("risk") == Some("superuser"));
    let names: Vec<&str> = powerful.filter_map(|row| row.text("object")).collect();
    let message = format!(
        "{} roles may log in and do everything: {}",
        names.len(),
        names.join(", ")
    );
    let finding = case.judge(None, names.len() as f64, message);
    vec![finding.remedy("-- ALTER ROLE … NOSUPERUSER where less will do: pg_monitor, pg_maintain, ownership of a database")]
}

fn passwords(case: &Case) -> Vec<Finding> {
    let bad = of_kind(case, "password").filter(|row| row.text("risk").is_some());
    let findings = bad.filter_map(|row| {
        let role = row.text("object")?;
        let message = "its password is kept as md5: who reads it can log in with that, and PostgreSQL will give it up";
        let quoted = shared::dump::quote_identifier(role);
        let finding = case.judge(Some(role), 1.0, message);
        Some(finding.remedy(format!(
            "-- with password_encryption = 'scram-sha-256', give it a new one: \\password {quoted}"
        )))
    });
    findings.chain(hidden(case, "passwords")).collect()
}

fn hba(case: &Case) -> Vec<Finding> {
    let bad = of_kind(case, "hba").filter_map(|row| {
        let (place, line) = (row.text("object")?, row.text("detail")?);
        let risk = row.text("risk")?;
        let why = match risk {
            "error" => "it can't be read, and keeps the server from loading the file",
            "never matches" => "the server loads it, and it lets nobody in",
            "trust" => "whoever comes from there is believed to be who he says he is",
            "trust on this machine" => {
                "every user of the machine is believed to be who he says he is"
            }
            "password in the clear" => "the password goes over the network as it is",
            "ident" => "the other machine is asked who it is, and believed",
            _ => "anybody may come from anywhere without encryption: hostssl would ask for it",
        };
        let mut finding = case.judge(Some(place), 1.0, format!("{line}: {why}"));
        if risk == "trust" && finding.status == Status::Warning {
            finding.status = Status::Critical;
        }
        Some(finding.remedy(match risk {
            "never matches" => "-- turn on what it needs (ssl = on), or take the line out",
            "error" => "-- mend the line; then SELECT pg_reload_conf();",
            _ => "-- scram-sha-256, peer or cert prove more; then SELECT pg_reload_conf();",
        }))
    });
    bad.chain(hidden(case, "pg_hba.conf")).collect()
}

fn unencrypted(case: &Case) -> Vec<Finding> {
    let findings =
        of_kind(case, "session").filter_map(|row| {
            let (who, count) = (row.text("object")?, row.number("count")?);
            let place = row.text("value").unwrap_or("no database");
            let message = format!(
                "{} sessions in {place} are not encrypted",
                words::count(count)
            );
            let finding = case.judge(Some(who), count, message);
            Some(finding.remedy(
                "-- sslmode=verify-full in its connection string, and hostssl in pg_hba.conf",
            ))
        });
    findings.chain(hidden(case, "sessions")).collect()
}

fn ssl(case: &Case) -> Vec<Finding> {
    let setting = |name: &str| {
        let mut settings = of_kind(case, "setting");
        let row = settings.find(|row| row.text("object") == Some(name));
        row.and_then(|row| row.text("value"))
            .unwrap_or_default()
            .to_string()
    };
    let listens = setting("listen_addresses");
    let mut addresses = listens
        .split(',')
        .map(str::trim)
        .filter(|address| !address.is_empty());
    let is_open = addresses.any(|address| !HERE.contains(&address));
    let (value, message) = match (is_open, setting("ssl").as_str()) {
        (true, "off") => (1.0, format!("it listens on {listens}, and ssl is off")),
        (false, _) => (0.0, "it listens to nobody but this machine".to_string()),
        (true, _) => (0.0, "ssl is on".to_string()),
    };
    let finding = case.judge(None, value, message);
    vec![
        finding
            .remedy("-- set ssl_cert_file and ssl_key_file, ALTER SYSTEM SET ssl = on, and reload"),
    ]
}
