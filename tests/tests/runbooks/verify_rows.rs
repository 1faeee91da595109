//! The rows about proving backups.

use std::path::Path;

use tests::{Output, ToolCommand, pipe, tool};

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
    let of = |check: &str| records.iter().filter(move |r| r["check"] == check);
    let mut tables: Vec<String> = of("rows").map(|r| text(r, "object")).collect();
    tables.sort();
    assert_eq!(tables, ["public.projects", "public.users"], "{output:?}");
    assert!(of("rows").all(|r| r["status"] == "ok"), "{output:?}");
    let limited: Vec<String> = of("where").map(|r| text(r, "message")).collect();
    assert_eq!(limited, ["250 of 500 rows meet id % 2 = 0"], "{output:?}");
    // What lacks a row that was not chosen is said.
    assert_eq!(of("references").count(), 1, "{output:?}");
    let nothing = verify().args(["-t", "nobody"]).arg(&path).run();
    nothing.expect_code(2).expect_error("matches -t nobody");
}
