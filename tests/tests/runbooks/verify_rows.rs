//! The rows about proving backups.

use std::path::Path;

use shared::cluster::ClusterOptions;
use tests::{Database, Output, ToolCommand, pipe, program, tool};

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

/// V23, `--tables="a,b"` and `--where="created_at >= …"`: chosen tables, and chosen rows of them.
#[test]
fn v23() {
    let database = application();
    let folder = tempfile::tempdir().unwrap();
    let taken = back_up(folder.path()).args(["-d", &database.conninfo()]);
    let path = text(&taken.run().expect_code(0).json_lines()[0], "path");
    let chosen = [
        "-t",
        "users",
        "-t",
        "projects",
        "--where",
        "users=id % 2 = 0",
    ];
    let output = verify().args(chosen).arg(&path).run().expect_code(0);
    let records = output.json_lines();
    let of = |check: &str| {
        let found = records.iter().filter(|r| r["check"] == check);
        found.collect::<Vec<_>>()
    };
    let mut tables: Vec<String> = of("rows").iter().map(|r| text(r, "object")).collect();
    tables.sort();
    assert_eq!(tables, ["public.projects", "public.users"], "{output:?}");
    assert!(of("rows").iter().all(|r| r["status"] == "ok"), "{output:?}");
    let limited: Vec<String> = of("where").iter().map(|r| text(r, "message")).collect();
    assert_eq!(limited, ["250 of 500 rows meet id % 2 = 0"], "{output:?}");
    // What lacks a row that was not chosen is said.
    assert_eq!(of("references").len(), 1, "{output:?}");
    let nothing = verify().args(["-t", "nobody"]).arg(&path).run();
    nothing.expect_code(2).expect_error("matches -t nobody");
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

/// N11: `pg_restore -v -d`, `psql -f`, `pg_restore -t`: by one command, whatever the format, and
/// however a script is compressed, by what people's names for it say.
#[test]
fn n11() {
    let database = application();
    let folder = tempfile::tempdir().unwrap();
    let chosen = |path: &Path| verify().args(["-t", "projects"]).arg(path).run();
    for format in ["custom", "directory", "tar", "plain"] {
        let conninfo = database.conninfo();
        let taken = back_up(folder.path()).args(["-d", &conninfo, "-F", format, "-Z", "none"]);
        let path = text(&taken.run().expect_code(0).json_lines()[0], "path");
        let output = chosen(Path::new(&path)).expect_code(0);
        assert!(output.stdout.contains("public.projects"), "{output:?}");
        if format != "plain" {
            continue;
        }
        let script = std::fs::read(&path).unwrap();
        for (name, ending) in [
            ("gzip", "gz"),
            ("zstd", "zst"),
            ("lz4", "lz4"),
            ("bzip2", "bz2"),
            ("xz", "xz"),
        ] {
            let paths = std::env::var_os("PATH").unwrap();
            let mut found = std::env::split_paths(&paths).map(|folder| folder.join(name));
            let Some(found) = found.find(|path| path.is_file()) else {
                continue;
            };
            let output = program(found).arg("-c").stdin(script.as_slice()).run();
            let path = folder.path().join(format!("theirs.sql.{ending}"));
            std::fs::write(&path, output.expect_code(0).bytes).unwrap();
            verify().arg(&path).run().expect_code(0);
        }
    }
}

/// A03, dropdb, createdb, `psql < backup.sql`: an error that psql passes over is a failure, and
/// the time that a restore takes is told.
#[test]
fn a03() {
    let database = application();
    let folder = tempfile::tempdir().unwrap();
    let taken = back_up(folder.path()).args(["-d", &database.conninfo(), "-F", "plain"]);
    let taken = taken.args(["-Z", "none"]).run().expect_code(0);
    let path = text(&taken.json_lines()[0], "path");
    let output = verify().arg(&path).run().expect_code(0);
    let records = output.json_lines();
    let restore = records.iter().find(|r| r["check"] == "restore").unwrap();
    assert!(restore["duration_ms"].as_u64().is_some(), "{restore}");
    assert!(
        text(restore, "message").contains("/s of backup"),
        "{restore}"
    );
    let script = std::fs::read_to_string(&path).unwrap();
    let broken = script.replacen("PRIMARY KEY (id)", "PRIMARY KEY (gone)", 1);
    let theirs = folder.path().join("backup.sql");
    std::fs::write(&theirs, broken).unwrap();
    let output = verify().arg(&theirs).run().expect_code(1);
    let records = output.json_lines();
    let failed = records.iter().find(|r| r["status"] == "failed").unwrap();
    assert_eq!(failed["check"], "restore", "{failed}");
    assert!(
        text(failed, "object").starts_with("CONSTRAINT public."),
        "{failed}"
    );
}
