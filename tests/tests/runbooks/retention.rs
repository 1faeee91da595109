//! Folders of backups of all ages.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use shared::backup::{Manifest, manifest_of};
use shared::programs::Program;
use shared::time::{Time, now};
use tests::{Database, Output, ToolCommand, program, tool};

pub const DAY: u64 = 86_400;

pub fn shop() -> Database<'static> {
    let database = Database::new();
    database.sql("create table orders as select n from generate_series(1, 100) as n");
    database
}

pub fn rotate_tool(dir: &Path, arguments: &[&str]) -> ToolCommand {
    tool("pg-dump-rotate").arg("--dir").arg(dir).args(arguments)
}

pub fn back_up(database: &Database, dir: &Path, arguments: &[&str]) -> Output {
    let run = rotate_tool(dir, arguments).database(database).run();
    run.expect_code(0)
}

/// The file of the first record.
pub fn path_of(output: &Output) -> PathBuf {
    PathBuf::from(output.json_lines()[0]["path"].as_str().unwrap())
}

/// A copy of a backup as if it had been taken at another time.
pub fn taken(backup: &Path, name: &str, at: Time) -> PathBuf {
    let copy = backup.with_file_name(name);
    fs::copy(backup, &copy).unwrap();
    let mut manifest = Manifest::read(backup).unwrap().unwrap();
    manifest.taken_at = at;
    manifest.finished_at = at;
    manifest.files[0].name = name.into();
    let text = manifest.to_json().unwrap();
    fs::write(copy.with_file_name(manifest_of(name)), text).unwrap();
    copy
}

pub fn days_ago(days: u64) -> Time {
    now() - Duration::from_secs(days * DAY)
}

/// The file names of the records with an action, in order.
pub fn names(output: &Output, action: &str) -> Vec<String> {
    let records = output.json_lines();
    let of = records.iter().filter(|record| record["action"] == action);
    let name = |record: &Value| {
        let path = PathBuf::from(record["path"].as_str().unwrap());
        path.file_name().unwrap().to_str().unwrap().to_string()
    };
    let mut names: Vec<String> = of.map(name).collect();
    names.sort();
    names
}

pub fn gzip(path: &Path, bytes: &[u8]) {
    let mut encoder = GzEncoder::new(fs::File::create(path).unwrap(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap();
}

pub fn pg_dump(database: &Database, options: &[&str]) -> Vec<u8> {
    let pg_dump = Program::find("pg_dump", None).unwrap();
    let run = program(pg_dump.path()).database(database).args(options);
    run.run().expect_code(0).bytes
}

pub fn changed(path: &Path, days: u64) {
    let file = fs::File::options().append(true).open(path).unwrap();
    let then = SystemTime::now() - Duration::from_secs(days * DAY);
    file.set_modified(then).unwrap();
}
