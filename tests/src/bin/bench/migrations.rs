//! What pg-migrate-lint takes to rehearse many small migrations, its throw-away server included, and to say what a
//! server has of many.

use std::fs;
use std::path::Path;
use std::process::Command;

use shared::cluster::ClusterOptions;
use shared::programs::set_environment;
use tempfile::TempDir;
use tests::{Database, start};

use super::{missed, timed};

/// The least of so many rounds counts.
const ROUNDS: usize = 3;
const REHEARSED: u32 = 1_000;
const REHEARSED_SECONDS: f64 = 15.0;
const APPLIED: u32 = 5_000;
const APPLIED_SECONDS: f64 = 0.3;

/// Every second one changes the table of the one before it.
pub fn rehearse(tool: &Path) {
    let folder = folder(REHEARSED, |number| match number % 2 {
        1 => format!("create table t{number} (id int primary key, a int);"),
        _ => format!(
            "alter table t{0} add column b int;\ncreate index on t{0} (a);",
            number - 1
        ),
    });
    let command = || {
        let mut command = Command::new(tool);
        command
            .args(["-q", "--rehearse", "m"])
            .current_dir(folder.path());
        command
    };
    least("rehearse 1,000 migrations", REHEARSED_SECONDS, command);
}

/// All applied, each with its checksum, by sqlx.
pub fn status(tool: &Path) {
    let folder = folder(APPLIED, |number| {
        format!("create table t{number} (id int);")
    });
    let cluster = start(&ClusterOptions::default());
    let database = Database::on(&cluster);
    let history = "create table _sqlx_migrations (version bigint primary key, description text not null,
            installed_on timestamptz not null default now(), success boolean not null, checksum bytea not null,
            execution_time bigint not null);
        insert into _sqlx_migrations
            select g, 't', now(), true, sha384(convert_to('create table t' || g || ' (id int);', 'UTF8')), 1
            from generate_series(1, 5000) g";
    database.sql(history);
    let command = || {
        let mut command = Command::new(tool);
        set_environment(&mut command, cluster.environment());
        command.env("PGDATABASE", database.name());
        command
            .args(["-q", "--status", "m"])
            .current_dir(folder.path());
        command
    };
    least("status of 5,000 migrations", APPLIED_SECONDS, command);
}

/// A project of sqlx with so many migrations.
fn folder(count: u32, text: impl Fn(u32) -> String) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("m");
    fs::create_dir(&place).unwrap();
    let manifest = "[dependencies]\nsqlx = \"0.8\"\n";
    fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    for number in 1..=count {
        fs::write(place.join(format!("{number}_t.sql")), text(number)).unwrap();
    }
    folder
}

fn least(name: &str, most: f64, command: impl Fn() -> Command) {
    let runs = (0..ROUNDS).map(|_| timed(command()));
    let (time, cpu, peak) = runs.min_by_key(|(time, ..)| *time).unwrap();
    let seconds = time.as_secs_f64();
    println!(
        "\npg-migrate-lint, {name}: {seconds:.2} s, {:.2} s of processors, {} MiB (target {most} s{})",
        cpu.as_secs_f64(),
        peak >> 10,
        missed(seconds > most)
    );
}
