//! Backups and the databases they are of.

use std::path::Path;

use serde_json::Value;
use tests::{Database, Output, ToolCommand, files_in, program, tool};

pub fn back_up(folder: &Path) -> ToolCommand {
    tool("pg-dump-rotate").arg("--dir").arg(folder)
}

/// A database with users and projects, and a large object.
pub fn application() -> Database<'static> {
    let database = Database::new();
    fill(&database);
    database
}

pub fn fill(database: &Database) {
    database.sql(
        "create table users (id int primary key, email text);
         insert into users select n, 'user' || n || '@example.com' from generate_series(1, 500) n;
         create table projects (id int primary key, owner int references users);
         insert into projects select n, n from generate_series(1, 50) n;
         create table audit (at timestamptz, what text);
         insert into audit values (now(), 'created')",
    );
}

#[track_caller]
pub fn text(record: &Value, field: &str) -> String {
    match record[field].as_str() {
        Some(text) => text.to_string(),
        None => panic!("no text in {field} of {record}"),
    }
}

pub fn actions(output: &Output) -> Vec<String> {
    let records = output.json_lines();
    records
        .iter()
        .map(|record| text(record, "action"))
        .collect()
}

/// What is in the folder and not hidden.
pub fn visible(folder: &Path) -> Vec<String> {
    let mut files = files_in(folder);
    files.retain(|name| !name.starts_with('.'));
    files
}

/// Runs the restore command into a new database and compares the rows.
pub fn restores(record: &Value, database: &Database) {
    let empty = Database::on(database.cluster());
    let into = format!("-d {}", empty.name());
    let command = text(record, "restore_command");
    let command = command.replace(&format!("-d {}", text(record, "database")), &into);
    let restored = program("sh")
        .args(["-c", &command])
        .server(database.cluster())
        .run();
    restored.expect_code(0);
    let sum = "select count(*) || ' ' || sum(hashtext(u::text)) from users u";
    assert_eq!(empty.value(sum), database.value(sum));
}

/// The script in a plain backup.
pub fn script(output: &Output) -> String {
    let path = text(&output.json_lines()[0], "path");
    let script = program("gunzip").args(["-c", &path]).run();
    script.expect_code(0).stdout
}
