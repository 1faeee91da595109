//! The rows about trying migrations before they are deployed.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{Database, binary, program, tool};

const HISTORY: &str = "create table _sqlx_migrations
    (version bigint primary key, description text not null, installed_on timestamptz not null default now(),
     success boolean not null, checksum bytea not null, execution_time bigint not null);";

const ORDERS: &str = "create table orders (id bigint primary key, customer int, note text);";
const WIDER: &str = "alter table orders alter column customer type bigint;";

fn project() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("migrations")).unwrap();
    for (name, text) in [
        ("Cargo.toml", "[dependencies]\nsqlx = \"0.8\"\n"),
        ("migrations/1_orders.sql", ORDERS),
        ("migrations/2_wider.sql", WIDER),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// A live database with the first migration and many rows.
fn live() -> Database<'static> {
    let database = Database::new();
    let applied = format!(
        "insert into _sqlx_migrations values (1, 'orders', now(), true, sha384('{ORDERS}'), 1)"
    );
    let rows = "insert into orders select g, g, repeat('x', 100) from generate_series(1, 5000) g";
    database.sql(&[HISTORY, ORDERS, rows, ";", &applied].concat());
    database
}

const KIND: &str = "select format_type(atttypid, atttypmod) from pg_attribute
    where attrelid = 'orders'::regclass and attname = 'customer'";

/// G06: "test on a fresh, an existing and a test database": the whole folder on a throw-away server, and what is pending
/// on last night's restored backup.
#[test]
fn g06() {
    let (folder, live) = (project(), live());
    let fresh = tool("pg-migrate-lint").args(["--rehearse", "migrations"]);
    let fresh = fresh.current_dir(folder.path()).run().expect_code(0);
    assert_eq!(fresh.json_lines().len(), 2, "{fresh:?}");

    // The gate of the README, but for what deploys.
    let tools = ["pg-dump-rotate", "pg-restore-verify", "pg-migrate-lint"].map(binary);
    let path = format!(
        "{}:{}",
        tools[0].parent().unwrap().display(),
        std::env::var("PATH").unwrap()
    );
    let gate = "pg-migrate-lint -q --fail-on never migrations > lint.jsonl && pg-migrate-lint -q --status migrations > status.jsonl &&
        pg-dump-rotate -q --dir backups --label pre-migration > backup.jsonl &&
        pg-restore-verify -q -d postgres --keep - < backup.jsonl > proof.jsonl &&
        pg-migrate-lint --rehearse --yes-disposable -d \"$(jq -r 'select(.check == \"kept\").actual' proof.jsonl)\" migrations";
    let run = program("sh")
        .args(["-c", gate])
        .database(&live)
        .env("PATH", &path);
    let output = run.current_dir(folder.path()).run().expect_code(0);
    let records = output.json_lines();
    let [record] = &records[..] else {
        panic!("{output:?}");
    };
    assert_eq!(record["file"], "migrations/2_wider.sql");
    assert_eq!(record["blocks"], "reads+writes");
    let rewritten = record["rewritten"].as_array().unwrap();
    assert!(rewritten.contains(&json!("public.orders")), "{record}");
    assert!(
        record["locks"][0]["held_ms"]
            .as_f64()
            .is_some_and(|held| held > 0.0)
    );
    // How much it is depends on the server's wal_level.
    assert!(record["wal_bytes"].as_i64() > Some(0), "{record}");
    assert_eq!(record["mismatch"], Value::Null);
    assert_eq!(live.value(KIND), "integer");

    let kept = "select datname from pg_database where datname like 'pg_restore_verify%'";
    for row in live.rows(kept) {
        let name = row[0].clone().unwrap();
        live.client()
            .batch_execute(&format!("drop database \"{name}\""))
            .unwrap();
    }
}
