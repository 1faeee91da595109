//! The rows about proving backups.

use std::path::Path;

use shared::cluster::ClusterOptions;
use tests::{Database, Output, ToolCommand, pipe, tool};

use crate::backup_rows::{application, back_up, text};

fn verify() -> ToolCommand {
    tool("pg-restore-verify")
}

/// The tool where no program of PostgreSQL is, on a backup.
fn without_server(mode: &str, backup: &Path) -> Output {
    let run = verify().env("PG_BINDIR", "/nonexistent").arg(mode);
    run.arg(backup).run()
}

/// T10: createdb, `gunzip | psql`, `SELECT COUNT(*)`, dropdb. One command, nothing to set up:
/// every table's every row, and every object; of each format.
#[test]
fn t10() {
    let database = application();
    let folder = tempfile::tempdir().unwrap();
    for format in ["custom", "plain", "directory", "tar"] {
        let conninfo = database.conninfo();
        let backup = back_up(folder.path()).args(["-d", &conninfo, "-F", format, "-q"]);
        let ends = pipe([backup, verify().arg("-")]);
        let output = ends.last().unwrap();
        assert_eq!(output.code(), Some(0), "{format}: {ends:?}");
        let records = output.json_lines();
        let of = |check: &str| {
            records
                .iter()
                .filter(|r| r["check"] == check)
                .collect::<Vec<_>>()
        };
        let mut tables: Vec<String> = of("rows").iter().map(|r| text(r, "object")).collect();
        tables.sort();
        assert_eq!(tables, ["public.audit", "public.projects", "public.users"]);
        assert_eq!(of("schema")[0]["status"], "ok", "{output:?}");
        let verdict = text(of("verdict")[0], "message");
        assert!(verdict.contains("551 rows in 3 tables"), "{verdict}");
        assert!(verdict.contains("restored in"), "{verdict}");
    }
}

/// V07, `restore.sh --verify FILE`: the archive's integrity, without any server.
#[test]
fn v07_verify() {
    let database = application();
    let folder = tempfile::tempdir().unwrap();
    let taken = back_up(folder.path()).args(["-d", &database.conninfo()]);
    let path = text(&taken.run().expect_code(0).json_lines()[0], "path");
    let path = Path::new(&path);
    without_server("--archive-only", path).expect_code(0);
    let whole = std::fs::read(path).unwrap();
    std::fs::write(path, &whole[..whole.len() - 100]).unwrap();
    without_server("--archive-only", path).expect_code(1);
}

/// V07, `restore.sh --dry-run FILE`: what would be restored.
#[test]
fn v07_dry_run() {
    let database = application();
    let folder = tempfile::tempdir().unwrap();
    let taken = back_up(folder.path()).args(["-d", &database.conninfo()]);
    let path = text(&taken.run().expect_code(0).json_lines()[0], "path");
    let output = without_server("--list", Path::new(&path)).expect_code(0);
    let records = output.json_lines();
    let users = records
        .iter()
        .find(|r| r["object"] == "public.users")
        .unwrap();
    assert_eq!(
        (&users["kind"], &users["rows"]),
        (&"TABLE".into(), &500.into())
    );
    assert!(users["bytes"].as_u64().unwrap() > 5000, "{users}");
    assert!(
        records.iter().any(|r| r["kind"] == "FK CONSTRAINT"),
        "{output:?}"
    );
}

/// T11: stop, restore over the live database, count users. Beside the live one instead, proved,
/// and swapped by rename in one transaction; the old one is kept under a dated name.
#[test]
fn t11_restore() {
    let cluster = tests::start(&ClusterOptions::default());
    let live = Database::named(&cluster, "app");
    live.sql("create table users as select generate_series(1, 500) id");
    let folder = tempfile::tempdir().unwrap();
    let taken = back_up(folder.path()).args(["-d", &live.conninfo(), "-q"]);
    let taken = taken.run().expect_code(0);
    live.sql("delete from users");
    let restore = || {
        let run = verify().args(["-d", &live.conninfo(), "--promote", "app", "-"]);
        run.stdin(taken.stdout.as_bytes())
    };
    let dry = restore().arg("--dry-run").run().expect_code(0);
    assert!(dry.stdout.contains("would be kept as"), "{dry:?}");
    assert_eq!(live.value("select count(*) from users"), "0");
    let output = restore().run().expect_code(0);
    let records = output.json_lines();
    let promoted = records.iter().find(|r| r["check"] == "promote").unwrap();
    assert_eq!(promoted["status"], "ok");
    assert_eq!(live.value("select count(*) from users"), "500");
    let old = live.value("select datname from pg_database where datname like 'app\\_before\\_2%'");
    assert!(text(promoted, "message").contains(&old), "{promoted}");
    let mut old = cluster.connect(&old).unwrap();
    let row = old.query_one("select count(*) from users", &[]).unwrap();
    assert_eq!(row.get::<_, i64>(0), 0);
}

/// V21, `restore.sh --latest --drop-database`.
#[test]
fn v21() {
    let cluster = tests::start(&ClusterOptions::default());
    let live = Database::named(&cluster, "app");
    live.sql("create table users as select generate_series(1, 3) id");
    let folder = tempfile::tempdir().unwrap();
    let back_up = || {
        let taken = back_up(folder.path()).args(["-d", &live.conninfo(), "-q"]);
        text(&taken.run().expect_code(0).json_lines()[0], "path")
    };
    back_up();
    live.sql("insert into users values (4)");
    let newest = back_up();
    let latest = || {
        let folder = folder.path().display().to_string();
        verify().args(["--latest", &folder, "--database", "app"])
    };
    let proved = latest().run().expect_code(0).json_lines();
    assert_eq!(text(&proved[0], "path"), newest);
    live.sql("drop table users");
    let restored = latest().args(["-d", &live.conninfo(), "--promote", "app"]);
    restored.run().expect_code(0);
    assert_eq!(live.value("select count(*) from users"), "4");
}
