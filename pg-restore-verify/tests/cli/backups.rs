//! Backups to verify, made by pg_dump itself, and the tool's answer to them.

use std::fs;
use std::path::{Path, PathBuf};

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
    of_status(&output.json_lines(), "failed")
}

/// The findings of this status, as `check object`.
pub fn of_status(findings: &[Value], status: &str) -> Vec<String> {
    let is_one = |finding: &&Value| finding["status"] == status && finding["check"] != "verdict";
    let shown = findings.iter().filter(is_one).map(|finding| {
        let object = finding["object"].as_str().unwrap_or("");
        let line = format!("{} {object}", finding["check"].as_str().unwrap());
        line.trim_end().to_string()
    });
    shown.collect()
}

/// Verifies these backups in one run, in which none of them may be good: the findings of each.
#[track_caller]
pub fn verify_bad(paths: &[PathBuf], options: &[&str]) -> Vec<Vec<Value>> {
    let run = tool("pg-restore-verify").args(options).args(paths).run();
    let findings = run.expect_code(1).json_lines();
    let of_path = |path: &PathBuf| {
        let path = path.to_str().unwrap();
        let own = findings.iter().filter(|finding| finding["path"] == path);
        let own: Vec<Value> = own.cloned().collect();
        let verdict = own.last().unwrap_or_else(|| panic!("nothing about {path}"));
        assert_eq!(verdict["check"], "verdict", "{own:#?}");
        own
    };
    paths.iter().map(of_path).collect()
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
    let code = match status {
        "ok" => 0,
        "failed" => 1,
        _ => 2,
    };
    assert_eq!(output.code(), Some(code), "{output:?}");
}
