//! Restores: as a runbook does it on a server as initdb leaves it, and proved by us.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use shared::cluster::{Cluster, ClusterOptions};
use shared::programs::set_environment;
use tests::start;

use super::{Bench, Measured, Row, backup_in, cores, disk, table};

const PSQL: &str = "createdb, gunzip | psql, count(*)";
const PG_RESTORE: &str = "createdb, pg_restore -j, count(*)";

/// What `postgres` takes by default, in place of what makes ours fast.
const STOCK: &[(&str, &str)] = &[
    ("fsync", "on"),
    ("full_page_writes", "on"),
    ("synchronous_commit", "on"),
    ("wal_level", "replica"),
    ("max_wal_senders", "10"),
    ("max_wal_size", "1GB"),
    ("wal_init_zero", "on"),
    ("wal_recycle", "on"),
    ("checkpoint_timeout", "5min"),
    ("autovacuum", "on"),
    ("maintenance_work_mem", "64MB"),
    ("max_locks_per_transaction", "64"),
    ("jit", "on"),
    ("log_checkpoints", "on"),
];

/// What the tool itself may take of memory, however large the backup is.
const MOST_MIB: u64 = 64;

/// The rows of every table of the restored database, counted.
const COUNT: &str = "psql -XqAt -d restored -c \"select format('select count(*) from %I.%I;', \
                     schemaname, tablename) from pg_tables \
                     where schemaname not in ('pg_catalog', 'information_schema')\" \
                     | psql -XqAt -v ON_ERROR_STOP=1 -d restored";
const CREATE: &str = "psql -Xq -d postgres -c 'drop database if exists restored' \
                      -c 'create database restored' 2>/dev/null";

/// A restore that nobody checks, and restores with everything proved.
pub fn restores(bench: &Bench) {
    let stock: Vec<_> = STOCK
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect();
    let stock: &'static Cluster = Box::leak(Box::new(start(&ClusterOptions {
        settings: stock,
        ..ClusterOptions::default()
    })));
    let taken = |folder: &str| backup_in(&bench.folder.path().join(folder));
    let (backup, script) = (taken("custom"), taken("plain"));
    let directory = folder_in(&bench.folder.path().join("directory"));
    let zstd = zstd(bench);
    let psql = "gunzip -c \"$0\" | psql -Xq -v ON_ERROR_STOP=1 -o /dev/null -d restored";
    let pg_restore = "pg_restore --jobs \"$1\" --dbname restored \"$0\"";
    table(
        "Restores",
        vec![
            unproved(bench, stock, PSQL, psql, &script),
            proved(bench, "pg-restore-verify (plain.gz)", &script).at_most(1.0, PSQL),
            unproved(bench, stock, PG_RESTORE, pg_restore, &backup),
            proved(bench, "pg-restore-verify (custom)", &backup).at_most(1.0, PSQL),
            proved(bench, "pg-restore-verify (directory)", &directory).at_most(1.0, PSQL),
            proved(bench, "pg-restore-verify (plain.zst)", &zstd).at_most(1.0, PSQL),
        ],
    );
    disk::disk(bench, &[("plain.gz", &script), ("custom", &backup)]);
}

/// What the disk is needed for, without all the times.
pub fn disk_alone(bench: &Bench) {
    let taken = |format| {
        let folder = format!("disk {format}");
        take(bench, &["-F", format, "--dir", &folder]);
        backup_in(&bench.folder.path().join(folder))
    };
    let (script, backup) = (taken("plain"), taken("custom"));
    disk::disk(bench, &[("plain.gz", &script), ("custom", &backup)]);
}

/// The same script compressed by zstd, as pg-dump-rotate takes it.
fn zstd(bench: &Bench) -> String {
    take(bench, &["-F", "plain", "-Z", "zstd", "--dir", "zstd"]);
    backup_in(&bench.folder.path().join("zstd"))
}

/// Takes a backup with these options.
fn take(bench: &Bench, options: &[&str]) {
    let mut command = Command::new(bench.tool("pg-dump-rotate"));
    command.arg("-q").args(options);
    command
        .current_dir(bench.folder.path())
        .stdout(Stdio::null());
    set_environment(&mut command, bench.cluster.environment());
    command.env("PGDATABASE", "bench");
    assert!(command.status().unwrap().success());
}

/// The one folder in another that holds a backup.
fn folder_in(folder: &Path) -> String {
    let mut entries = fs::read_dir(folder).unwrap().flatten();
    let found = entries.find(|entry| entry.path().is_dir()).unwrap();
    found.path().display().to_string()
}

/// The way of a runbook on the stock server.
fn unproved(
    bench: &Bench,
    stock: &'static Cluster,
    name: &'static str,
    restore: &str,
    backup: &str,
) -> Row {
    let command = format!("{CREATE} && {restore} && {COUNT}");
    let jobs = cores().to_string();
    bench.row_on(
        stock,
        name,
        Path::new("sh"),
        &["-c", &command, backup, &jobs],
        "",
    )
}

/// A verification, which says itself how long its restore took.
fn proved(bench: &Bench, name: &'static str, backup: &str) -> Row {
    let records = bench.folder.path().join(format!("{name}.jsonl"));
    let command = "exec \"$0\" --no-record \"$1\" >\"$2\"";
    let tool = bench.tool("pg-restore-verify").display().to_string();
    let written = records.display().to_string();
    let arguments = ["-c", command, &tool, backup, &written];
    let mut row = bench
        .row(name, Path::new("sh"), &arguments, "")
        .within_mib(MOST_MIB);
    let run = row.command;
    row.command = Box::new(move || {
        let measured = run();
        Measured {
            restore: restore_of(&records),
            ..measured
        }
    });
    row
}

fn restore_of(records: &Path) -> Option<Duration> {
    let records = fs::read_to_string(records).unwrap();
    let mut records = records
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let restore = records.find(|record| record["check"] == "restore")?;
    restore["duration_ms"].as_u64().map(Duration::from_millis)
}
