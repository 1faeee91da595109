//! How bad a finding is follows the size, where its harm is time.

use crate::ground::{database, of, record};

const TABLES: &str = "create table small (a int); insert into small select generate_series(1, 10);
    create table great (a int); insert into great select generate_series(1, 2000);
    create table uncounted (a int) with (autovacuum_enabled = off); insert into uncounted values (1);
    analyze small; analyze great";

const SMALL: &[&str] = &["--small-table", "1000"];

#[test]
fn what_takes_long_is_advice_on_a_small_table() {
    let database = database(TABLES);
    let sql = "CREATE INDEX i ON small (a); CREATE INDEX j ON great (a); ALTER TABLE small ALTER a TYPE bigint;";
    let severities = |words: &[&str], code: i32| {
        let records = of(&database, sql, words).expect_code(code).json_lines();
        let said = records.iter().map(|record| {
            let text = |field: &str| record[field].as_str().unwrap().to_string();
            format!("{} {} {}", text("object"), text("rule"), text("severity"))
        });
        said.collect::<Vec<_>>()
    };
    let all_bad = severities(&[], 1);
    assert!(
        all_bad.contains(&"small index-not-concurrent error".to_string()),
        "{all_bad:?}"
    );
    assert!(
        all_bad.contains(&"small type-change-rewrites error".to_string()),
        "{all_bad:?}"
    );
    let lowered = severities(SMALL, 1);
    assert!(
        lowered.contains(&"small index-not-concurrent info".to_string()),
        "{lowered:?}"
    );
    assert!(
        lowered.contains(&"small type-change-rewrites info".to_string()),
        "{lowered:?}"
    );
    assert!(
        lowered.contains(&"great index-not-concurrent error".to_string()),
        "{lowered:?}"
    );
    let output = of(&database, "CREATE INDEX i ON small (a);", SMALL).expect_code(0);
    let message = record(&output, "index-not-concurrent")["message"].to_string();
    assert!(
        message.contains("; info, as small has fewer than 1000 rows)"),
        "{message}"
    );
}

#[test]
fn pages_say_how_many_rows_there_are_at_the_most() {
    let database = database(TABLES);
    let sql = "CREATE INDEX i ON uncounted (a);";
    let severity = |rows: &str| {
        let output = of(&database, sql, &["--small-table", rows]);
        record(&output, "index-not-concurrent")["severity"].clone()
    };
    // One page has room for 291 rows.
    assert_eq!(severity("291"), "error");
    assert_eq!(severity("292"), "info");
}

#[test]
fn other_harm_stays_as_bad_as_it_is() {
    let database = database(TABLES);
    let bad = |sql: &str, rule: &str, severity: &str| {
        let output = of(&database, sql, SMALL);
        assert_eq!(record(&output, rule)["severity"], severity, "{output:?}");
    };
    bad("DROP TABLE small;", "drop-table", "error");
    bad("DELETE FROM small;", "delete-all", "error");
    bad(
        "BEGIN; CREATE INDEX CONCURRENTLY i ON small (a); COMMIT;",
        "cannot-run-in-transaction",
        "error",
    );
    bad("DROP INDEX i;", "drop-index-not-concurrent", "warning");
    // Not there, so nobody knows how great it is.
    bad(
        "CREATE INDEX i ON nowhere (a);",
        "index-not-concurrent",
        "error",
    );
}

#[test]
fn a_small_table_does_not_hide_a_great_one() {
    let database = database(&format!("create table users (id int); {TABLES}"));
    let sql = "BEGIN; ALTER TABLE users ADD COLUMN plan text; UPDATE small SET a = 1 WHERE a > 0; UPDATE great SET a = 1 WHERE a > 0; COMMIT;";
    let said = |words: &[&str]| {
        let records = of(&database, sql, words).json_lines();
        let held = records
            .iter()
            .filter(|record| record["rule"] == "lock-held-during-work");
        held.map(|record| {
            (
                record["severity"].as_str().unwrap().to_string(),
                record["statement"].as_str().unwrap()[..12].to_string(),
            )
        })
        .collect::<Vec<_>>()
    };
    let of = |severity: &str, statement: &str| (severity.to_string(), statement.to_string());
    assert_eq!(said(&[]), [of("error", "UPDATE small")]);
    assert_eq!(
        said(SMALL),
        [of("info", "UPDATE small"), of("error", "UPDATE great")]
    );
}

#[test]
fn the_configuration_says_what_is_small() {
    let database = database(TABLES);
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("lint.toml");
    std::fs::write(
        &config,
        "small_table = 1000\n[severity]\nindex-not-concurrent = \"error\"\n",
    )
    .unwrap();
    let output = of(
        &database,
        "CREATE INDEX i ON small (a);",
        &["--config", config.to_str().unwrap()],
    );
    assert_eq!(record(&output, "index-not-concurrent")["severity"], "info");
    std::fs::write(&config, "small_table = 0\n").unwrap();
    let refused = of(
        &database,
        "SELECT 1;",
        &["--config", config.to_str().unwrap()],
    );
    refused
        .expect_code(2)
        .expect_error("small_table: a number of rows is needed");
}
