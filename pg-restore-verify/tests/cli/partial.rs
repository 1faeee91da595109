//! Backups that hold a part of a database are proved for what they hold.

use std::fs;
use std::path::Path;

use tests::tool;

use crate::backups::{dump, expect_verdict, failed, shop, verify};

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
    let expected = "restore TABLE DATA app.customers";
    assert!(
        failed(&output).contains(&expected.to_string()),
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
