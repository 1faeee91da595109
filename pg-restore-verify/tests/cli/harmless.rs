//! Errors of a restore that take nothing away are counted; what looks like one is none.

use std::fs;

use serde_json::Value;
use tests::Output;

use crate::backups::{dump, expect_verdict, failed, of_status, plain, shop, verify};

/// The kinds of harmless errors, each with what it says.
fn harmless(output: &Output) -> Vec<(String, String)> {
    let lines = output.json_lines();
    let found = lines
        .iter()
        .filter(|finding| finding["check"] == "harmless_errors");
    let text = |finding: &Value, field: &str| finding[field].as_str().unwrap().to_string();
    found
        .map(|finding| (text(finding, "object"), text(finding, "message")))
        .collect()
}

#[test]
fn of_newer_versions_and_of_clean_dumps() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    let newer = plain(&shop, &[]).replacen(
        "SET row_security",
        "SET a_setting = 0;\nSET row_security",
        1,
    );
    // Version 17 added it; later servers know it.
    fs::write(&path, newer.replace("a_setting", "transaction_timeout")).unwrap();
    let output = verify(&path);
    expect_verdict(&output, "ok");
    for (kind, message) in harmless(&output) {
        assert_eq!(kind, "setting of a newer version");
        assert!(message.starts_with("1 error, harmless"), "{message}");
    }
    fs::write(&path, newer.replace("a_setting", "app.a setting")).unwrap();
    let output = verify(&path);
    expect_verdict(&output, "failed");
    assert_eq!(failed(&output).len(), 1, "{output:?}");

    dump(&shop, &["-Fp", "--clean"], &path);
    let output = verify(&path);
    expect_verdict(&output, "ok");
    let found = harmless(&output);
    assert_eq!(found.len(), 1, "{output:?}");
    assert_eq!(found[0].0, "nothing to drop");
    let count: u32 = found[0].1.split(' ').next().unwrap().parse().unwrap();
    assert!(count > 20, "{found:?}");
}

#[test]
fn a_schema_that_is_there_already() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    for format in ["-Fp", "-Fc"] {
        dump(&shop, &[format, "-n", "public"], &path);
        let output = verify(&path);
        expect_verdict(&output, "ok");
        assert_eq!(harmless(&output)[0].0, "there already", "{output:?}");
    }
    dump(&shop, &["-Fp", "-n", "public", "-n", "app"], &path);
    let script = fs::read_to_string(&path).unwrap();
    let twice = script.replacen("CREATE TYPE", "CREATE SCHEMA app;\nCREATE TYPE", 1);
    fs::write(&path, twice).unwrap();
    expect_verdict(&verify(&path), "failed");
}

/// Debian's 17 numbers its columns so; the pg_dump of another version takes that along.
#[test]
fn numbers_that_only_the_server_gives() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    let script = plain(&shop, &[]);
    let owner = "ALTER TABLE app.orders OWNER TO";
    assert!(script.contains(owner));
    let alter = "ALTER TABLE ONLY app.orders ALTER COLUMN total SET";
    let with = |options: &str| script.replacen(owner, &format!("{alter} ({options});\n{owner}"), 1);
    fs::write(&path, with("pg_attver=26515376")).unwrap();
    let output = verify(&path);
    expect_verdict(&output, "ok");
    for (kind, _) in harmless(&output) {
        assert_eq!(kind, "number of the server's own");
    }
    // What is refused with it is missed, and not proved; nor is the backup called bad.
    fs::write(&path, with("n_distinct=5, pg_attver=26515376")).unwrap();
    let output = verify(&path);
    match of_status(&output.json_lines(), "skipped").contains(&"restore TABLE app.orders".into()) {
        true => assert_eq!(output.code(), Some(2), "{output:?}"),
        // A server that knows both has both.
        false => expect_verdict(&output, "ok"),
    }
    assert_eq!(failed(&output), [""; 0], "{output:?}");
}
