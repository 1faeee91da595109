//! Tables that are larger than somebody wants them to be, or that a crash empties.

use serde_json::json;
use tests::Database;

use crate::ground::{Ground, asked, found, set};

#[test]
fn a_partitioned_table_is_as_large_as_its_parts() {
    let database = Database::new();
    database.sql("
        create table \"all of it\" (i int, x text) partition by range (i);
        create table part1 partition of \"all of it\" for values from (0) to (100);
        create table part2 partition of \"all of it\" for values from (100) to (1000) partition by range (i);
        create table part3 partition of part2 for values from (100) to (1000);
        insert into \"all of it\" select i, repeat('x', 500) from generate_series(1, 999) i;
        create table small as select 1 as i; create table heir () inherits (small)");
    let bytes =
        "select sum(pg_total_relation_size(oid)) from pg_class where relname in ('part1', 'part3')";
    let bytes = database.value(bytes);
    let beyond = |limit: &str| {
        found(
            &database,
            "table_size",
            &[limit, &format!("table_size={bytes}")],
        )
    };
    let name = r#"public."all of it""#;
    assert_eq!(beyond("--warn"), set(&[&format!("warning {name}")]));
    assert_eq!(beyond("--crit"), set(&[&format!("critical {name}")]));
    assert_eq!(
        found(&database, "table_size", &[]),
        set(&[&format!("ok {name}")])
    );
    // Among all others it is left out, unless there is something to judge by.
    let said = |more: &[&str]| {
        let arguments = [&["--fail-on", "never"], more].concat();
        let records = asked(&database, &arguments).run().json_lines();
        let mut records = records.iter();
        let record = records
            .find(|record| record["check"] == "table_size")
            .unwrap();
        (record["status"].clone(), record["object"].clone())
    };
    assert_eq!(said(&[]), (json!("ok"), json!(null)));
    assert_eq!(said(&["--crit", "table_size=1"]).0, json!("critical"));
    assert_eq!(
        said(&["--warn", "table_size=1TB"]),
        (json!("ok"), json!(name))
    );
    assert_eq!(
        said(&["--baseline", "/dev/null"]),
        (json!("ok"), json!(name))
    );
    let of_one = ["--warn", "table_size:public.small=1"];
    assert_eq!(
        found(&database, "table_size", &of_one),
        set(&["warning public.small"])
    );
    let rows = asked(&database, &["tables"])
        .run()
        .expect_code(0)
        .json_lines();
    for row in rows {
        let is_part = row["table"].as_str().unwrap().starts_with("public.part");
        let expected = if is_part { Some(name) } else { None };
        assert_eq!(row["partition_of"].as_str(), expected, "{row}");
    }
}

#[test]
fn tables_that_a_crash_empties() {
    let database = Database::new();
    database
        .sql("create table kept as select 1 as i; create temporary table passing as select 1 as i");
    assert_eq!(
        found(
            &database,
            "unlogged_tables",
            &["--warn", "unlogged_tables=0"]
        ),
        set(&["ok"])
    );
    database.sql("create unlogged table \"Cache\" as select i from generate_series(1, 10000) i");
    let name = r#"public."Cache""#;
    for (words, status) in [
        ([].as_slice(), "ok"),
        (&["--warn", "unlogged_tables=100kB"], "warning"),
        (&["--crit", "unlogged_tables=100kB"], "critical"),
    ] {
        let found = found(&database, "unlogged_tables", words);
        assert_eq!(found, set(&[&format!("{status} {name}")]));
    }
    // What is said is what helps.
    let words = ["--only", "unlogged_tables", "--warn", "unlogged_tables=0"];
    let records = asked(&database, &words).run().json_lines();
    let remedy = records[0]["remedy"].as_str().unwrap();
    database.sql(&remedy[remedy.find("ALTER").unwrap()..]);
    assert_eq!(
        found(&database, "unlogged_tables", &words[2..]),
        set(&["ok"])
    );
}

#[test]
fn what_others_draw_is_asked_for_without_a_threshold() {
    let ground = Ground::new();
    let largest = ground.value(
        "select datname::text from pg_database order by pg_database_size(oid) desc, datname limit 1",
    );
    let run = |format: &str| ground.run(&["-o", format, "--skip", "settings_advice"]);
    let drawn = run("openmetrics").stdout;
    let sample = drawn
        .lines()
        .find(|line| line.starts_with("pg_stat_report_database_size_bytes{"));
    let sample = sample.unwrap_or_else(|| panic!("no size: {drawn}"));
    assert!(
        sample.contains(&format!("object=\"{largest}\"")),
        "{sample}"
    );
    let bytes: f64 = sample.rsplit_once(' ').unwrap().1.parse().unwrap();
    assert!(bytes > 1e6, "{sample}");
    let line = run("nagios").stdout;
    assert!(
        line.contains(&format!("'database_size {largest}'=")),
        "{line}"
    );
    // By itself the server is not asked for what nobody judges.
    let judged = run("jsonl").json_lines();
    let size = judged
        .iter()
        .find(|record| record["check"] == "database_size");
    let size = size.unwrap();
    assert!(size["value"].is_null(), "{size}");
    let message = size["message"].as_str().unwrap();
    assert!(
        message.starts_with("not looked at: no threshold"),
        "{message}"
    );
    let rows = ground.rows("databases");
    assert!(rows.iter().any(|row| row["bytes"].as_f64() > Some(1e6)));
}
