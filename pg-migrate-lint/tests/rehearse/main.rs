//! `--rehearse` on real servers: what is run, what is seen of it, and what is survived.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

#[path = "../history/ground.rs"]
#[allow(dead_code)] // the tests of --status use all of it
mod ground;

mod disposable;
mod frameworks;
mod seen;
mod survived;

use serde_json::Value;
use tests::Output;

/// A project of sqlx: each file a transaction.
pub const SQLX: (&str, &str) = ("Cargo.toml", "[dependencies]\nsqlx = \"0.8\"\n");

/// The tool on the folder `m` of these files, on a throw-away server.
#[track_caller]
pub fn rehearse(files: &[(&str, &str)], words: &[&str], code: i32) -> Output {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let tool = tests::tool("pg-migrate-lint").arg("--rehearse").args(words);
    let has_path = words.iter().any(|word| word.starts_with("m/"));
    let tool = match has_path {
        true => tool,
        false => tool.arg("m"),
    };
    tool.current_dir(folder.path()).run().expect_code(code)
}

/// The record of the statement that begins so.
#[track_caller]
pub fn of(output: &Output, start: &str) -> Value {
    let mut records = output.json_lines().into_iter();
    let found = records.find(|record| record["statement"].as_str().unwrap().starts_with(start));
    found.unwrap_or_else(|| panic!("{start}: {output:?}"))
}

/// Relation, mode, and whether it is kept, of each lock.
pub fn locks(record: &Value) -> Vec<String> {
    let lock = |lock: &Value| {
        let text = |field: &str| lock[field].as_str().unwrap().to_string();
        let kept = if lock["kept"] == true { "" } else { " let go" };
        format!("{} {}{kept}", text("relation"), text("mode"))
    };
    let mut locks: Vec<String> = record["locks"]
        .as_array()
        .unwrap()
        .iter()
        .map(lock)
        .collect();
    locks.sort();
    locks
}
