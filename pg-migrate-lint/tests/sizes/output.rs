//! Where the size is shown, estimates by rates, and what does not depend on either.

use std::fs;

use crate::ground::{database, lint, number, of, record};

const TABLE: &str = "create table t (a int, b int);
    insert into t select i, i from generate_series(1, 20000) i; analyze t";

#[test]
fn every_format_says_the_size() {
    let database = database(TABLE);
    for format in ["table", "github", "gitlab", "sarif", "csv", "json"] {
        let output = of(&database, "CREATE INDEX i ON t (a);", &["-o", format]).expect_code(1);
        assert!(
            output.stdout.contains("t has about 20,000 rows in "),
            "{format}: {output:?}"
        );
    }
    let sarif = of(&database, "CREATE INDEX i ON t (a);", &["-o", "sarif"]).stdout;
    let sarif: serde_json::Value = serde_json::from_str(&sarif).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let found = results
        .iter()
        .find(|result| result["ruleId"] == "index-not-concurrent");
    assert_eq!(found.unwrap()["properties"]["rows"], 20_000);
}

#[test]
fn time_goes_by_the_rates() {
    let database = database(&format!(
        "{TABLE}; create index t_a on t (a); create index t_b on t (b)"
    ));
    let seconds = |sql: &str, rule: &str| {
        let rates = "scan=1MB/s,rewrite=100kB,index=10k,lookup=2000,write=1000";
        let found = record(&of(&database, sql, &["--rate", rates]), rule);
        let bytes = number(&found, "bytes");
        // Maps of free space and visibility are not read.
        let heap = (number(&found, "rows") / 226.0).ceil() * 8192.0;
        (number(&found, "estimated_seconds"), bytes, heap / 1e6)
    };
    let near = |(seconds, ..): (f64, f64, f64), expected: f64| {
        assert!(
            (seconds - expected).abs() < 0.02 * expected + 0.002,
            "{seconds} {expected}"
        );
    };
    let scan = seconds(
        "ALTER TABLE t ADD CHECK (a > 0);",
        "check-without-not-valid",
    );
    near(scan, scan.2);
    let index = seconds("CREATE INDEX i ON t (a);", "index-not-concurrent");
    near(index, scan.2 + 2.0);
    let indexes = seconds("REINDEX TABLE t;", "reindex-not-concurrent");
    near(indexes, 2.0 * (scan.2 + 2.0));
    let rewrite = seconds("ALTER TABLE t ALTER a TYPE bigint;", "type-change-rewrites");
    near(rewrite, rewrite.1 / 100e3 + 4.0);
    let lookup = seconds(
        "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u;",
        "foreign-key-without-not-valid",
    );
    near(lookup, scan.2 + 10.0);
    let write = seconds("UPDATE t SET b = 1;", "unbatched-write");
    near(write, scan.2 + 20.0);
}

#[test]
fn the_words_say_what_the_field_says() {
    let database = database("create table e (a int)");
    let sql = "ALTER TABLE e ADD CHECK (a > 0);";
    let found = record(&of(&database, sql, &[]), "check-without-not-valid");
    assert_eq!(number(&found, "estimated_seconds"), 0.0);
    let message = found["message"].as_str().unwrap();
    assert!(message.contains("less than 1ms"), "{message}");
}

#[test]
fn a_time_that_is_not_known_is_not_said() {
    let database = database(TABLE);
    for (sql, rule) in [
        ("UPDATE t SET b = 1 WHERE a > 3;", "unbatched-write"),
        ("ALTER TABLE t RENAME COLUMN a TO c;", "rename-column"),
    ] {
        let found = record(&of(&database, sql, &[]), rule);
        assert_eq!(number(&found, "rows"), 20_000.0);
        assert_eq!(
            found["estimated_seconds"],
            serde_json::Value::Null,
            "{found}"
        );
    }
}

#[test]
fn the_table_whose_rows_take_the_time_is_named() {
    let database = database(&format!("create table users (a int); {TABLE}"));
    let sql = "BEGIN; ALTER TABLE users ADD COLUMN plan text; CREATE INDEX i ON t (a); COMMIT;";
    let found = record(&of(&database, sql, &[]), "lock-held-during-work");
    assert_eq!(found["object"], "users");
    assert_eq!(number(&found, "rows"), 0.0);
    let message = found["message"].as_str().unwrap();
    assert!(
        message.contains(": users has no rows in 0 B; about ") && message.ends_with(" for t)"),
        "{message}"
    );
}

#[test]
fn what_is_known_stays_known_whatever_the_size() {
    let database = database("create table t (a int)");
    let folder = tempfile::tempdir().unwrap();
    let known = folder.path().join("known.jsonl");
    let sql = "CREATE INDEX i ON t (a);";
    let before = tests::tool("pg-migrate-lint")
        .args(["--skip", "timeouts", "-"])
        .stdin(sql)
        .run();
    fs::write(&known, &before.stdout).unwrap();
    database.sql("insert into t select generate_series(1, 5000); analyze t");
    let with_server = lint(&database, &["--baseline", known.to_str().unwrap(), "-"])
        .stdin(sql)
        .run();
    with_server.expect_code(0).expect_no_output();
    let here = of(&database, sql, &[]);
    fs::write(&known, &here.stdout).unwrap();
    let without = tests::tool("pg-migrate-lint")
        .args([
            "--skip",
            "timeouts",
            "--baseline",
            known.to_str().unwrap(),
            "-",
        ])
        .stdin(sql)
        .run();
    without.expect_code(0).expect_no_output();
}
