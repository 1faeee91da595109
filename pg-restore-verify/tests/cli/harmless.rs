//! Errors of a restore that take nothing away are counted; what looks like one is none.

use std::fs;

use serde_json::Value;
use tests::Output;

use crate::backups::{dump, expect_verdict, failed, plain, shop, verify};

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
