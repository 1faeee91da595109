//! A migration on standard input, and a database whose tables it names.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tests::{Database, Output, ToolCommand, tool};

/// A database in which this was run.
pub fn database(sql: &str) -> Database<'static> {
    let database = Database::new();
    database.sql(sql);
    database
}

/// The linter with these words, to be given a migration, and the database.
pub fn lint(database: &Database, words: &[&str]) -> ToolCommand {
    let command = tool("pg-migrate-lint").args(["--skip", "timeouts", "-d", &database.conninfo()]);
    command.args(words)
}

/// What it says of this migration.
pub fn of(database: &Database, sql: &str, words: &[&str]) -> Output {
    lint(database, words).arg("-").stdin(sql).run()
}

/// The one record of this rule.
#[track_caller]
pub fn record(output: &Output, rule: &str) -> Value {
    let records = output.json_lines();
    let mut found = records.iter().filter(|record| record["rule"] == rule);
    let record = found.next().cloned();
    assert!(found.next().is_none(), "{rule} is found twice: {output:?}");
    record.unwrap_or_else(|| panic!("{rule} is not found: {output:?}"))
}

/// What a record has of a field.
#[track_caller]
pub fn number(record: &Value, field: &str) -> f64 {
    let number = record[field].as_f64();
    number.unwrap_or_else(|| panic!("{field} is no number: {record}"))
}

/// What the server says.
pub fn value(database: &Database, query: &str) -> f64 {
    let rows = database.rows(query);
    rows[0][0].as_deref().unwrap().parse().unwrap()
}

/// Waits until a query counts one.
#[track_caller]
pub fn until(database: &Database, query: &str) {
    let late = Instant::now() + Duration::from_secs(60);
    while value(database, query) != 1.0 {
        assert!(Instant::now() < late, "never: {query}");
        thread::sleep(Duration::from_millis(20));
    }
}
