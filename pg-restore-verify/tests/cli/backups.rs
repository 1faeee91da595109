//! Backups to verify, made by pg_dump itself, and the tool's answer to them.

use std::fs;
use std::path::Path;

use serde_json::Value;
use shared::programs::Program;
use tests::{Database, Output, program, tool};

/// A small shop: a few of everything that can be lost.
pub fn shop() -> Database<'static> {
    let database = Database::new();
    database.sql(
        "do $$ begin create role shop_owner; exception when duplicate_object or unique_violation then null; end $$",
    );
    database.sql(include_str!("shop.sql"));
    database
}

/// Runs pg_dump with these options into a file.
pub fn dump(database: &Database, options: &[&str], path: &Path) {
    let pg_dump = Program::find("pg_dump", None).unwrap();
    let output = program(pg_dump.path())
        .database(database)
        .args(options)
        .run()
        .expect_code(0);
    fs::write(path, &output.bytes).unwrap();
}

/// The plain dump of a database.
pub fn plain(database: &Database, options: &[&str]) -> String {
    let pg_dump = Program::find("pg_dump", None).unwrap();
    program(pg_dump.path())
        .database(database)
        .args(options)
        .run()
        .expect_code(0)
        .stdout
}

/// Verifies a backup; the tool's output.
pub fn verify(path: &Path) -> Output {
    tool("pg-restore-verify").arg(path).run()
}

/// The findings that failed, as `check object`.
pub fn failed(output: &Output) -> Vec<String> {
    let failed = |finding: &Value| finding["status"] == "failed" && finding["check"] != "verdict";
    let lines = output.json_lines();
    let shown = lines
        .iter()
        .filter(|finding| failed(finding))
        .map(|finding| {
            format!(
                "{} {}",
                finding["check"].as_str().unwrap(),
                finding["object"].as_str().unwrap_or("")
            )
        });
    shown.map(|line| line.trim_end().to_string()).collect()
}

/// The last record, which must be the verdict, is this one.
#[track_caller]
pub fn expect_verdict(output: &Output, status: &str) {
    let lines = output.json_lines();
    let verdict = lines
        .last()
        .unwrap_or_else(|| panic!("no records\n{output:?}"));
    assert_eq!(verdict["check"], "verdict", "{output:?}");
    assert_eq!(verdict["status"], status, "{output:?}");
    assert_eq!(output.code(), Some(i32::from(status != "ok")), "{output:?}");
}
