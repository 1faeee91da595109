//! Tables that are larger than somebody wants them to be, or that a crash empties.

use serde_json::json;
use tests::Database;

use crate::ground::{asked, found, set};

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
