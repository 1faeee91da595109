//! What each role is told, and that nothing is called well that was not looked at.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::ground::{Ground, alone, of, statuses};

/// The checks that have a record of this status.
fn of_status(records: &[Value], status: &str) -> BTreeSet<String> {
    let records = records.iter().filter(|record| record["status"] == status);
    records
        .map(|record| record["check"].as_str().unwrap().to_string())
        .collect()
}

/// What pg_monitor does not see, because it may read nothing of it.
const UNREADABLE: &[&str] = &[
    "configuration_errors",
    "integer_keys",
    "md5_passwords",
    "pending_reload",
    "pg_hba",
    "sequences",
];

/// What is hidden from a role without any right.
const HIDDEN: &[&str] = &[
    "connections",
    "idle_in_transaction",
    "long_transactions",
    "long_queries",
    "xmin_horizon",
    "archive_queue",
    "wal_directory",
    "pending_restart",
    "sequences",
];

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| name.to_string()).collect()
}

#[test]
fn a_superuser_a_monitor_and_nobody() {
    let ground = Ground::with(&[
        ("shared_preload_libraries", "pg_stat_statements"),
        ("wal_level", "replica"),
        ("archive_mode", "on"),
        ("archive_command", "true"),
    ]);
    ground.sql("create extension pg_stat_statements; create table t (id serial primary key)");
    ground.sql("vacuum analyze");
    let _other = ground.client_of("app");
    let unknown = |role: &str| {
        let records = ground.run_as(role, &[]).json_lines();
        // Who sees less is told of nothing better.
        assert!(of_status(&records, "critical").contains("unsafe_settings"));
        of_status(&records, "unknown")
    };
    let unread = |names: &[&str]| {
        let uncounted: &[&str] = if ground.major() < 14 {
            &["lost_sessions"]
        } else {
            &[]
        };
        set(&[names, uncounted].concat())
    };
    assert_eq!(unknown("postgres"), unread(&[]));
    assert_eq!(unknown("watcher"), unread(UNREADABLE));
    let nobody = unknown("nobody");
    assert!(nobody.is_superset(&set(HIDDEN)), "{nobody:?}");
    // Roles and ssl are there for everybody to see.
    let open = ["superusers", "ssl"];
    assert!(
        !open.iter().any(|check| nobody.contains(*check)),
        "{nobody:?}"
    );
    for check in HIDDEN.iter().filter(|check| !UNREADABLE.contains(check)) {
        let message = ground.check_as("nobody", check, &[])[0]["message"].clone();
        let message = message.as_str().unwrap().to_string();
        assert!(message.contains("pg_monitor"), "{check}: {message}");
    }
    ground.sql("grant select on all sequences in schema public to watcher; grant select on pg_statistic to watcher");
    assert_eq!(
        unknown("watcher"),
        unread(&[
            "configuration_errors",
            "md5_passwords",
            "pending_reload",
            "pg_hba"
        ])
    );
}

#[test]
fn nothing_that_was_not_looked_at_is_well() {
    let ground = Ground::new();
    let checks = |records: &[Value]| -> BTreeSet<String> {
        let names = records.iter().map(|record| record["check"].to_string());
        names.collect()
    };
    let all = checks(&ground.run(&[]).json_lines());
    let output = ground.run(&["--deadline", "0s"]).expect_code(2);
    let records = output.json_lines();
    assert_eq!(checks(&records), all);
    // A check that is asked for nothing would be well whatever it saw, and says that it did not look.
    let is_asked = |record: &Value| {
        let message = record["message"].as_str().unwrap();
        !message.starts_with("not looked at: no threshold")
    };
    let is_seen = |record: &&Value| record["status"] != "unknown" && is_asked(record);
    let seen: Vec<_> = records.iter().filter(is_seen).collect();
    assert!(seen.is_empty(), "{seen:#?}");
}

#[test]
fn a_setting_that_not_everybody_sees() {
    let ground = Ground::new();
    ground.sql("alter system set shared_preload_libraries = 'pg_stat_statements'");
    ground.sql("select pg_reload_conf()");
    tests::eventually("the change is seen", || {
        ground.statuses("pending_restart", &[]) == of("warning", "shared_preload_libraries")
    });
    let blind = ground.check_as("nobody", "pending_restart", &[]);
    assert_eq!(statuses(&blind), alone("unknown"));
}

#[test]
fn databases_that_can_not_be_looked_into() {
    let ground = Ground::new();
    ground.sql("create database \"it's \"\"closed\"\"\"");
    ground.sql("revoke connect on database \"it's \"\"closed\"\"\" from public");
    ground.sql("create database broken");
    ground.sql("update pg_database set datconnlimit = -2 where datname = 'broken'");
    let words = ["--all-databases", "--only", "not_validated"];
    let of_role = |role: &str| -> Vec<String> {
        let records = ground.run_as(role, &words).json_lines();
        let mut lines: Vec<String> = records
            .iter()
            .map(|record| format!("{} {}", record["status"], record["database"]))
            .collect();
        lines.sort();
        lines
    };
    let closed = r#""it's \"closed\"""#;
    assert_eq!(
        of_role("nobody"),
        [
            r#""ok" "postgres""#.to_string(),
            format!("\"unknown\" {closed}")
        ]
    );
    assert_eq!(
        of_role("postgres"),
        [format!("\"ok\" {closed}"), r#""ok" "postgres""#.to_string()]
    );
    let limits = ground.rows("databases");
    let broken = limits
        .iter()
        .find(|row| row["database"] == "broken")
        .unwrap();
    assert_eq!(broken["connection_limit"], Value::Null);
}
