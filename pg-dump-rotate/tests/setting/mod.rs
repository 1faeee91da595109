//! What the tests of pg-dump-rotate begin with: the tool at a database and a folder.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;
use shared::backup::Manifest;
use tests::{Database, Output, ToolCommand, tool};

/// The SQL that gives a role all that is in these schemas to read: the role for that is from 14.
pub fn all_to_read(schemas: &[&str], role: &str) -> String {
    if tests::cluster().version().major >= 14 {
        return format!("grant pg_read_all_data to {role};");
    }
    let grants = schemas.iter().map(|schema| {
        format!(
            "grant usage on schema {schema} to {role};
             grant select on all tables in schema {schema} to {role};
             grant select on all sequences in schema {schema} to {role};"
        )
    });
    grants.collect()
}

/// The tool, for this database and folder.
pub fn back_up(database: &Database, dir: &Path) -> ToolCommand {
    tool("pg-dump-rotate")
        .database(database)
        .arg("--dir")
        .arg(dir)
}

/// The tool for a folder, without a server.
pub fn folder(dir: &Path) -> ToolCommand {
    tool("pg-dump-rotate").arg("--dir").arg(dir)
}

/// A database with a table of some rows.
pub fn database_with_rows(rows: u32) -> Database<'static> {
    let database = Database::new();
    database.sql(&format!(
        "create table orders (id int primary key, note text not null);
         insert into orders select n, md5(n::text) from generate_series(1, {rows}) as n"
    ));
    database
}

/// The path in the first record.
pub fn path_of(output: &Output) -> PathBuf {
    text(&output.json_lines()[0], "path").into()
}

/// A text in a record.
#[track_caller]
pub fn text(record: &Value, field: &str) -> String {
    match record[field].as_str() {
        Some(text) => text.to_string(),
        None => panic!("no text in {field} of {record}"),
    }
}

/// Action and file name of every record.
pub fn actions(output: &Output) -> Vec<(String, String)> {
    let name = |record| {
        PathBuf::from(text(record, "path"))
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .to_string()
    };
    let records = output.json_lines();
    records
        .iter()
        .map(|record| (text(record, "action"), name(record)))
        .collect()
}

/// The path of a backup's manifest.
pub fn manifest(backup: &Path) -> PathBuf {
    PathBuf::from(format!("{}.manifest.json", backup.display()))
}

/// The path of a backup's file for `sha256sum -c`.
pub fn checksums(backup: &Path) -> PathBuf {
    PathBuf::from(format!("{}.sha256", backup.display()))
}

/// Changes the manifest of a backup.
pub fn change(backup: &Path, change: impl FnOnce(&mut Value)) {
    let path = manifest(backup);
    let mut value: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut value);
    let changed: Manifest = serde_json::from_value(value).unwrap();
    let text = changed.to_json().unwrap();
    let name = backup.file_name().unwrap().to_str().unwrap();
    fs::write(checksums(backup), changed.checksums(name, &text)).unwrap();
    fs::write(path, text).unwrap();
}

/// Copies a backup, and its manifest with a change.
pub fn copy_with(backup: &Path, name: &str, difference: impl FnOnce(&mut Value)) -> PathBuf {
    let copy = backup.with_file_name(name);
    fs::copy(backup, &copy).unwrap();
    fs::copy(manifest(backup), manifest(&copy)).unwrap();
    change(&copy, |value| {
        value["files"][0]["name"] = name.into();
        difference(value);
    });
    copy
}

/// A copy of a backup as if it had been taken at that time: `20261120T030000Z`.
pub fn taken_at(backup: &Path, stamp: &str) -> PathBuf {
    let (date, time) = stamp.trim_end_matches('Z').split_once('T').unwrap();
    let at = format!(
        "{}-{}-{}T{}:{}:{}Z",
        &date[..4],
        &date[4..6],
        &date[6..],
        &time[..2],
        &time[2..4],
        &time[4..]
    );
    copy_with(backup, &format!("x_{stamp}.dump"), |manifest| {
        manifest["taken_at"] = at.as_str().into();
        manifest["finished_at"] = at.as_str().into();
    })
}

/// The permission bits of a file.
pub fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// The files that belong to the tool alone are not part of what it leaves.
pub fn visible(dir: &Path) -> Vec<String> {
    let mut files = tests::files_in(dir);
    files.retain(|name| !name.starts_with(".pg-dump-rotate."));
    files
}
