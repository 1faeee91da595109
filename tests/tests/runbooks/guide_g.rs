//! The guide of a service that writes its migrations with Drizzle: numbered files, reviewed, run once each.
//! Its rows in its order, with a pipeline of ours where it has a script or a rule to keep in mind.

use std::fs;

use serde_json::{Value, json};
use tests::{Database, binary, eventually, program, tool};

use crate::migration::{USERS, branched, git, lint, of, places};
use crate::rehearsal::{KIND, live};
use crate::rollback::{SHOP, checks, folder, run};
use crate::security::pool_size;
use crate::servers::server;
use crate::table::{READ, shop};
use crate::watched::{row, rows, shell, with};
use crate::{migration, rehearsal, rollback};

// Migrations

/// G01: "Your migration: 0005_add_feature_a.sql. Colleague's migration (merged first): 0005_add_feature_b.sql".
#[test]
fn g01() {
    let folder = migration::project(&[
        ("migrations/0004_users.sql", USERS),
        ("migrations/0005_add_feature_a.sql", "SELECT 1;\n"),
        ("migrations/0005_add_feature_b.sql", "SELECT 2;\n"),
    ]);
    let seen = lint(&folder, &["--layout", "sqlx", "migrations"]).expect_code(1);
    assert_eq!(
        places(&seen),
        ["migrations/0005_add_feature_b.sql:1: duplicate-version"]
    );
    // Two branches: what the other one merged first is found though it is not here.
    let folder = branched(&[("migrations/0004_users.sql", USERS)]);
    git(&folder, &["checkout", "-q", "main"]);
    migration::put(
        folder.path(),
        "migrations/0005_add_feature_b.sql",
        "SELECT 2;\n",
    );
    git(&folder, &["add", "."]);
    git(&folder, &["commit", "-q", "-m", "feature b"]);
    git(&folder, &["checkout", "-q", "branch"]);
    migration::put(
        folder.path(),
        "migrations/0005_add_feature_a.sql",
        "SELECT 1;\n",
    );
    let seen = lint(
        &folder,
        &["--layout", "sqlx", "--since", "main", "migrations"],
    )
    .expect_code(1);
    let message = &of(&seen, "duplicate-version")["message"];
    assert!(
        message.as_str().unwrap().contains("0005_add_feature_b.sql"),
        "{message}"
    );
    // One that comes before what is applied.
    migration::put(folder.path(), "migrations/0003_late.sql", "SELECT 3;\n");
    let seen = lint(
        &folder,
        &["--layout", "sqlx", "--since", "main", "migrations"],
    )
    .expect_code(1);
    assert_eq!(
        of(&seen, "version-out-of-order")["file"],
        "migrations/0003_late.sql"
    );
    // And a number that is missing, where the runner counts.
    let folder = migration::project(&[
        (
            "m/001_a.sql",
            "SELECT 1;\n---- create above / drop below ----\nSELECT 1;\n",
        ),
        (
            "m/003_c.sql",
            "SELECT 1;\n---- create above / drop below ----\nSELECT 1;\n",
        ),
    ]);
    let seen = lint(&folder, &["m"]).expect_code(1);
    assert_eq!(places(&seen), ["m/003_c.sql:1: version-gap"]);
}

/// G02: "Always use conditional statements": IF NOT EXISTS, DO blocks. Off unless asked.
#[test]
fn g02() {
    let bare = "CREATE TABLE users (id int PRIMARY KEY);
CREATE TYPE status_type AS ENUM ('active', 'inactive');
CREATE INDEX users_email_idx ON users (id);
";
    let guarded = "CREATE TABLE IF NOT EXISTS users (id int PRIMARY KEY, email text);
DO $$ BEGIN
  CREATE TYPE status_type AS ENUM ('active', 'inactive');
EXCEPTION
  WHEN duplicate_object THEN null;
END $$;
CREATE INDEX IF NOT EXISTS users_email_idx ON users (email);
";
    let folder = migration::project(&[("bare.sql", bare), ("guarded.sql", guarded)]);
    let asked = |file: &str| places(&lint(&folder, &["--rule", "idempotence", file]));
    let expected = [1, 2, 3].map(|line| format!("bare.sql:{line}: not-repeatable"));
    assert_eq!(asked("bare.sql"), expected);
    assert_eq!(asked("guarded.sql"), Vec::<String>::new());
    let unasked = lint(&folder, &["bare.sql"]);
    assert!(!unasked.stdout.contains("not-repeatable"), "{unasked:?}");
}

/// G03: "Use descriptive names: `add_user_avatar_column`", not `update_schema`.
#[test]
fn g03() {
    let folder = migration::project(&[
        ("db/0004_add_user_profiles.sql", "SELECT 1;\n"),
        ("db/0005_update_schema.sql", "SELECT 1;\n"),
    ]);
    let seen = lint(&folder, &["--rule", "vague-name", "db"]).expect_code(0);
    assert_eq!(places(&seen), ["db/0005_update_schema.sql:1: vague-name"]);
    // A name that Drizzle made up is nobody's fault.
    let journal = json!({"version": "7", "dialect": "postgresql", "entries": [
        {"idx": 0, "when": 1, "tag": "0000_update", "breakpoints": true},
    ]});
    let folder = migration::project(&[
        ("drizzle/meta/_journal.json", &journal.to_string()),
        ("drizzle/0000_update.sql", "SELECT 1;\n"),
    ]);
    let seen = lint(&folder, &["--rule", "vague-name", "drizzle"]).expect_code(0);
    assert_eq!(places(&seen), Vec::<String>::new());
}

/// G04: "Include metadata at the top of each migration". Off unless asked.
#[test]
fn g04() {
    let header = "-- Migration: User Profile Feature
-- Created: 2025-01-15
-- Description: Add user_profiles table with avatar and bio fields
SELECT 1;
";
    let folder = migration::project(&[
        ("db/0001_users.sql", header),
        ("db/0002_bare.sql", "-- CreateTable\nSELECT 1;\n"),
    ]);
    let seen = lint(&folder, &["--rule", "missing-header", "db"]).expect_code(0);
    assert_eq!(places(&seen), ["db/0002_bare.sql:1: missing-header"]);
    assert_eq!(
        places(&lint(&folder, &["db"]).expect_code(0)),
        Vec::<String>::new()
    );
}

// Testing

/// G06: "test on a fresh, an existing and a test database": the whole folder on a throw-away server, and what is pending
/// on last night's restored backup.
#[test]
fn g06() {
    let (folder, live) = (rehearsal::project(), live());
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

// Going back and changing columns

/// G08: a rollback as a new migration: it is a migration whose way back is the way up of the other, and both hold.
#[test]
fn g08() {
    let project = folder(SHOP);
    rollback::put(
        &project,
        "3_no_town.up.sql",
        "alter table shop drop town;\n",
    );
    rollback::put(
        &project,
        "3_no_town.down.sql",
        "alter table shop add town text;\n",
    );
    let well = run(&project, &["--check-rollback"]).expect_code(0);
    // What was written to the column does not come back, which is said.
    let ways = [
        "up ok",
        "down ok",
        "schema ok",
        "loss ok",
        "data ok",
        "up_again ok",
    ];
    assert_eq!(checks(&well, "3"), ways);
    rollback::put(
        &project,
        "3_no_town.down.sql",
        "alter table shop add town varchar(9);\n",
    );
    let ill = run(&project, &["--check-rollback"]).expect_code(1);
    assert_eq!(checks(&ill, "3")[2], "schema failed");
}

/// G09: adding, removing and renaming columns, in phases.
#[test]
fn g09() {
    let folder = migration::project(&[
        (
            "db/1_safe.sql",
            "SET lock_timeout = '2s';
ALTER TABLE users ADD COLUMN IF NOT EXISTS bio TEXT;
ALTER TABLE users ADD COLUMN IF NOT EXISTS active BOOLEAN DEFAULT true;
",
        ),
        (
            "db/2_backfill.sql",
            "SET lock_timeout = '2s';
ALTER TABLE users ADD COLUMN IF NOT EXISTS status TEXT;
ALTER TABLE users ALTER COLUMN status SET NOT NULL;
",
        ),
        (
            "db/3_removed.sql",
            "SET lock_timeout = '2s';\nALTER TABLE users DROP COLUMN IF EXISTS old_field;\n",
        ),
        (
            "db/4_renamed.sql",
            "SET lock_timeout = '2s';\nALTER TABLE accounts RENAME TO user_accounts;\n",
        ),
    ]);
    let seen = lint(&folder, &["db"]).expect_code(1);
    let places = places(&seen);
    assert!(
        !places.iter().any(|place| place.contains("1_safe")),
        "{places:?}"
    );
    for place in [
        "db/2_backfill.sql:3: set-not-null-scans",
        "db/3_removed.sql:2: drop-column",
        "db/4_renamed.sql:2: rename-object",
    ] {
        assert!(places.contains(&place.to_string()), "{place}\n{places:?}");
    }
    // The phases, with the user's own names; 18 needs one less.
    let phases = ["NOT VALID", "VALIDATE CONSTRAINT", "SET NOT NULL"];
    for (version, phases) in [("17", &phases[..]), ("18", &phases[..2])] {
        let seen = lint(&folder, &["--pg-version", version, "db"]);
        let fix = of(&seen, "set-not-null-scans")["fix"].to_string();
        for phase in phases {
            assert!(fix.contains(phase) && fix.contains("status"), "{fix}");
        }
    }
}

// Connections and data

/// G10: `max: (max_db_connections) / (number_of_instances)`, 20 of 100 for each of 5: the last of them would be
/// refused, for the server keeps some for superusers.
#[test]
fn g10() {
    let server = with(&[("max_connections", "100")]);
    let database = Database::on(&server);
    assert_eq!(pool_size(&database, "5"), json!("19"));
    let careful = with(&[("superuser_reserved_connections", "10")]);
    assert_eq!(pool_size(&Database::on(&careful), "5"), json!("18"));
}

/// G11: SSL required in production. A backup over verify-full is taken, our own
/// session and pg_dump's; with the wrong root, the wrong name or no TLS at all
/// nothing is sent and nothing is made.
#[test]
fn g11() {
    let cluster = server(Some("san"));
    let mut client = cluster.connect("postgres").unwrap();
    client
        .batch_execute("create table t (a int); grant select on t to encrypted")
        .unwrap();
    let roots = crate::servers::certificates();
    let folder = tempfile::tempdir().unwrap();
    let port = cluster.port();
    let take = |place: &str| {
        let place = format!("{place} port={port} user=encrypted dbname=postgres");
        tool("pg-dump-rotate")
            .args(["-d", &place, "--dir"])
            .arg(folder.path().join("b"))
            .run()
    };
    let (good, stranger) = (roots.path("ca.crt"), roots.path("stranger.crt"));
    let (good, stranger) = (good.display(), stranger.display());
    for place in [
        format!("host=localhost sslmode=verify-full sslrootcert={stranger}"),
        format!("host=localhost hostaddr=127.0.0.1 sslmode=verify-ca sslrootcert={stranger}"),
        format!("host=nowhere.example hostaddr=127.0.0.1 sslmode=verify-full sslrootcert={good}"),
        "host=localhost sslmode=disable".to_string(),
    ] {
        assert_eq!(
            take(&place).expect_code(2).json_lines()[0]["action"],
            "failed"
        );
        assert!(!folder.path().join("b").exists(), "{place}");
    }
    let output = take(&format!(
        "host=localhost sslmode=verify-full sslrootcert={good}"
    ));
    assert_eq!(output.expect_code(0).json_lines()[0]["action"], "created");
    let bare = server(None);
    let place = format!(
        "host=localhost port={} user=postgres sslmode=require dbname=postgres",
        bare.port()
    );
    let output = tool("pg-dump-rotate")
        .args(["-d", &place, "--dir"])
        .arg(folder.path().join("c"))
        .run();
    assert_eq!(output.expect_code(2).json_lines()[0]["action"], "failed");
}

/// G12: reference data with ON CONFLICT DO NOTHING.
#[test]
fn g12() {
    let insert = "INSERT INTO roles (name) VALUES ('admin')";
    let folder = migration::project(&[
        ("seed/1.sql", &format!("{insert};\n")),
        (
            "seed/2.sql",
            &format!("{insert} ON CONFLICT (name) DO NOTHING;\n"),
        ),
    ]);
    let seen = lint(&folder, &["--rule", "insert-without-conflict", "seed"]).expect_code(0);
    assert_eq!(places(&seen), ["seed/1.sql:1: insert-without-conflict"]);
}

// Health

/// G13: `/health` → `{"status":"healthy","database":"connected"}`.
#[test]
fn g13() {
    let server = with(&[]);
    let database = Database::on(&server);
    let line = "pg-stat-report ping -U watcher -d $d | jq -c '{status, database}'";
    assert_eq!(
        shell(&database, line).expect_code(0).stdout,
        "{\"status\":\"healthy\",\"database\":\"connected\"}\n"
    );
    let place = database.conninfo();
    drop(database);
    drop(server);
    let gone = tool("pg-stat-report").args(["ping", "-d", &place]).run();
    let gone = gone.expect_code(1).json_lines();
    assert_eq!(
        (&gone[0]["status"], &gone[0]["database"]),
        (&json!("unhealthy"), &json!("disconnected"))
    );
}

// Indexes and common issues

/// G16: which indexes are used, and how often.
#[test]
fn g16() {
    let database = shop();
    database.sql("drop index again");
    database.sql(READ);
    let line = "pg-stat-report indexes -U watcher -d $d | jq -r 'select(.scans > 0 and .needed_for == null) | .index'";
    eventually("its use is counted", || {
        shell(&database, line).expect_code(0).stdout == "public.by_customer\n"
    });
    let seen = rows(&database, &["indexes"]);
    let supports = &row(&seen, "index", "public.by_customer")["supports"];
    assert_eq!(supports, "foreign key orders_customer_fkey");
}

/// G17, a migration timeout: without one every query on the table waits behind a migration that waits.
#[test]
fn g17() {
    let alter = "ALTER TABLE users ADD COLUMN bio text;\n";
    let folder = migration::project(&[
        ("db/1_none.sql", alter),
        (
            "db/2_set.sql",
            &format!("SET lock_timeout = '2s';\n{alter}"),
        ),
        (
            "db/3_endless.sql",
            &format!("SET lock_timeout = 0;\n{alter}"),
        ),
    ]);
    let seen = lint(
        &folder,
        &["--rule", "timeouts", "--skip", "correctness", "db"],
    );
    // What is said once in a run is said last.
    let expected = [
        "db/3_endless.sql:2: endless-lock-timeout",
        "db/1_none.sql:1: missing-lock-timeout",
    ];
    assert_eq!(places(&seen), expected);
    // Who sets it for the role says so.
    migration::put(
        folder.path(),
        "pg-migrate-lint.toml",
        "lock_timeout_is_set = true\n",
    );
    let seen = lint(
        &folder,
        &["--rule", "missing-lock-timeout", "db/1_none.sql"],
    );
    assert_eq!(places(&seen), Vec::<String>::new());
}

// CI

/// G18, the job in CI: only the changed files, as annotations, and a status that stops the merge.
#[test]
fn g18() {
    let folder = branched(&[
        ("migrations/0001_users.sql", USERS),
        (
            "migrations/0002_old.sql",
            "CREATE INDEX old ON users (name);\n",
        ),
        ("migrations/0003_gone.sql", "SELECT 1;\n"),
    ]);
    migration::put(
        folder.path(),
        "migrations/0004_index.sql",
        "CREATE INDEX by_email ON users (email);\n",
    );
    fs::remove_file(folder.path().join("migrations/0003_gone.sql")).unwrap();
    git(&folder, &["add", "."]);
    git(&folder, &["commit", "-q", "-m", "an index"]);
    let job = |format: &str| {
        let tool = binary("pg-migrate-lint");
        let line = format!(
            "git diff --name-only main -- migrations | {} --skip timeouts --files-from - -o {format}",
            tool.display()
        );
        program("sh")
            .args(["-c", &line])
            .current_dir(folder.path())
            .run()
            .expect_code(1)
    };
    let annotations = job("github");
    let start = "::error file=migrations/0004_index.sql,line=1,col=1,endLine=1,title=index-not-concurrent::";
    assert!(annotations.stdout.starts_with(start), "{annotations:?}");
    assert_eq!(annotations.stdout.lines().count(), 1, "{annotations:?}");
    assert_eq!(annotations.stderr, "");
    let sarif: Value = serde_json::from_str(&job("sarif").stdout).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 1);
    assert_eq!(results[0]["ruleId"], "index-not-concurrent");
    assert!(
        job("table")
            .stdout
            .contains("migrations/0004_index.sql:1:1: error: ")
    );
    // Nothing new: nothing to say, though the old index is as bad as it was.
    let seen = lint(&folder, &["--since", "branch", "migrations"]).expect_code(0);
    assert_eq!(seen.stdout, "");
}
