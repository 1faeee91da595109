//! Backups that hold a part of a database are proved for what they hold.

use std::fs;
use std::path::{Path, PathBuf};

use shared::backup::Proof;
use shared::programs::Program;
use tests::{Database, tool};

use crate::backups::{dump, expect_verdict, failed, shop, verify};

/// Of an archive that is not restored, only the names of its definitions are known.
#[test]
fn definitions_alone_that_are_only_read() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("definitions");
    for format in ["-Fc", "-Ft", "-Fp"] {
        dump(&shop, &["-s", format], &path);
        let output = tool("pg-restore-verify")
            .arg("--archive-only")
            .arg(&path)
            .run();
        expect_verdict(&output, "ok");
    }
}

#[test]
fn rows_alone() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    for options in [
        &["-Fc"][..],
        &["-Fp"],
        &["-Ft"],
        &["-Fp", "--disable-triggers"],
    ] {
        let path = folder.path().join("rows");
        dump(&shop, &[&["-a"], options].concat(), &path);
        let output = verify(&path);
        assert_eq!(failed(&output), [""; 0], "{options:?}: {output:?}");
        // Nobody may take it for a backup of everything.
        expect_verdict(&output, "skipped");
        let lines = output.json_lines();
        let ok = |check: &str| {
            let of = |finding: &&serde_json::Value| {
                finding["check"] == check && finding["status"] == "ok"
            };
            lines.iter().filter(of).count()
        };
        assert_eq!(
            (ok("rows"), ok("sequences"), ok("large_objects")),
            (8, 1, 1),
            "{output:?}"
        );
    }
}

#[test]
fn rows_alone_that_no_table_takes() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows");
    dump(&shop, &["-a", "-Fp"], &path);
    let script = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        script.replacen("1\tc1@example.org\t", "1\tc1@example.org", 1),
    )
    .unwrap();
    let output = verify(&path);
    expect_verdict(&output, "failed");
    assert_eq!(failed(&output), ["archive"], "{output:?}");
    assert!(
        output.stdout.contains("a row of app.customers has not"),
        "{output:?}"
    );
}

/// Of some tables only: what they refer to is not there, which is no fault of theirs.
#[test]
fn some_tables() {
    let shop = shop();
    shop.sql(
        "create table app.links (customer bigint references app.customers, note text);
              insert into app.links values (7, 'x')",
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    for format in ["-Fc", "-Fp"] {
        dump(
            &shop,
            &[format, "-t", "app.links", "-t", "app.pictures"],
            &path,
        );
        // Without a word about it, it is a backup that does not restore.
        expect_verdict(&verify(&path), "failed");
        let run = tool("pg-restore-verify").args(["-t", "app.*"]).arg(&path);
        let output = run.run();
        assert_eq!(failed(&output), [""; 0], "{output:?}");
        expect_verdict(&output, "ok");
        assert!(output.stdout.contains("customer = 7"), "{output:?}");
        // A manifest says it.
        let conninfo = shop.conninfo();
        let kind = if format == "-Fc" { "custom" } else { "plain" };
        let run = tool("pg-dump-rotate").args(["-d", &conninfo, "-F", kind]);
        let run = run.args(["-t", "app.links", "--label", kind, "--dir"]);
        let taken = run.arg(folder.path()).run().expect_code(0);
        let path = taken.json_lines()[0]["path"].as_str().unwrap().to_string();
        let output = verify(Path::new(&path));
        assert_eq!(failed(&output), [""; 0], "{output:?}");
        expect_verdict(&output, "ok");
        assert!(output.stdout.contains("customer = 7"), "{output:?}");
    }
}

/// A backup with a manifest, of which pg_dump has taken what this option says.
fn taken(database: &Database, folder: &Path, format: &str, option: &str) -> PathBuf {
    let run = tool("pg-dump-rotate").args(["-d", &database.conninfo(), "-F", format, "--dir"]);
    let run = run.arg(folder).args((!option.is_empty()).then_some("--"));
    let run = run.args(Some(option).filter(|option| !option.is_empty()));
    let output = run.run().expect_code(0);
    output.json_lines()[0]["path"].as_str().unwrap().into()
}

/// That it can't stand alone is no fault, and not noted as one.
#[test]
fn what_needs_the_rest() {
    let shop = shop();
    let major = Program::find("pg_dump", None).unwrap().version.major;
    let newer = (major >= 18).then_some("--statistics-only");
    let parts = ["--section=data", "--section=post-data"].into_iter();
    for option in parts.chain(newer) {
        for format in ["custom", "plain"] {
            let folder = tempfile::tempdir().unwrap();
            let path = taken(&shop, folder.path(), format, option);
            let output = verify(&path);
            assert_eq!(failed(&output), [""; 0], "{option}: {output:?}");
            let verdict = output.json_lines().last().unwrap().clone();
            assert_eq!(verdict["status"], "skipped", "{option}: {output:?}");
            assert_eq!(Proof::read(&path), None, "{option}");
        }
    }
}

/// Nobody tells what is in the other part, and neither is at fault.
#[test]
fn large_objects_apart_from_their_bytes() {
    let database = Database::new();
    database.sql("create table t (a int); select lo_from_bytea(0, 'abc')");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("part");
    for (section, verdict) in [("pre-data", "ok"), ("data", "skipped")] {
        for format in ["-Fc", "-Ft", "-Fp"] {
            dump(&database, &["--section", section, format], &path);
            let output = verify(&path);
            assert_eq!(failed(&output), [""; 0], "{section} {format}: {output:?}");
            let said = &output.json_lines().last().unwrap().clone()["status"];
            assert_eq!(said, verdict, "{section} {format}: {output:?}");
        }
    }
}

/// Types of another schema are no part of it, nor are extensions.
#[test]
fn a_schema_that_needs_another() {
    let database = Database::new();
    database.sql(
        "create type mood as enum ('a'); create schema app; create table app.t (m public.mood);
         insert into app.t values ('a')",
    );
    for (format, option) in [
        ("custom", "--schema=app"),
        ("plain", "--exclude-schema=public"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let run = tool("pg-dump-rotate").args(["-d", &database.conninfo(), "-F", format]);
        let run = run.args([option, "--dir"]).arg(folder.path());
        let record = run.run().expect_code(0).json_lines().remove(0);
        let path = PathBuf::from(record["path"].as_str().unwrap());
        let output = verify(&path);
        assert_eq!(failed(&output), [""; 0], "{option}: {output:?}");
        expect_verdict(&output, "skipped");
        assert!(output.stdout.contains(option), "{output:?}");
        assert_eq!(Proof::read(&path), None, "{option}");
    }
}

/// The user's own expectations may be wrong, or too strict for an old backup: rotation is to know
/// what is wrong with the backup itself.
#[test]
fn what_the_user_expects_in_vain_is_not_noted() {
    let database = Database::new();
    database.sql("create table t as select generate_series(1, 200) a");
    let folder = tempfile::tempdir().unwrap();
    let path = taken(&database, folder.path(), "custom", "");
    let conninfo = database.conninfo();
    database.sql("delete from t");
    let wrong = [
        ["--expect", "select count(*) from nosuch >= 1"],
        ["--expect", "select max(a) from t >= 1000"],
        ["--compare", &conninfo],
    ];
    for wrong in &wrong {
        let output = tool("pg-restore-verify").args(wrong).arg(&path).run();
        expect_verdict(&output, "failed");
        assert_eq!(Proof::read(&path), None, "{wrong:?}");
    }
    expect_verdict(&verify(&path), "ok");
    let noted = Proof::read(&path);
    assert!(noted.as_ref().is_some_and(|proof| proof.proved));
    let run = tool("pg-restore-verify").args(wrong[0]);
    expect_verdict(&run.arg(&path).run(), "failed");
    assert_eq!(Proof::read(&path), noted);
}
