//! Rows, bytes, partitions and writes, of every sort of table.

use crate::ground::{database, number, of, record, until, value};

const INDEX: &str = "CREATE INDEX i ON t (a);";

#[test]
fn a_table_is_as_great_as_the_server_says() {
    let database = database(
        "create table t (a int, b text, c int unique);
         alter table t alter b set storage external;
         insert into t select i, repeat('x', 4000), i from generate_series(1, 3000) i;
         analyze t",
    );
    let record = record(
        &of(&database, INDEX, &[]).expect_code(1),
        "index-not-concurrent",
    );
    let server = |function: &str| value(&database, &format!("select {function}('t')"));
    assert_eq!(number(&record, "rows"), 3000.0);
    assert_eq!(number(&record, "bytes"), server("pg_table_size"));
    assert_eq!(number(&record, "index_bytes"), server("pg_indexes_size"));
    assert_eq!(number(&record, "partitions"), 0.0);
    assert!(number(&record, "estimated_seconds") > 0.0, "{record}");
    let message = record["message"].as_str().unwrap();
    let said = format!(
        "until the index is built (database \"{}\": t has about 3000 rows in ",
        database.name()
    );
    assert!(message.contains(&said), "{message}");
    assert_eq!(record["severity"], "error");
}

#[test]
fn rows_follow_the_pages_that_came_since_analyze() {
    let database = database(
        "create table t (a int) with (autovacuum_enabled = off);
         insert into t select generate_series(1, 10000);
         analyze t;
         insert into t select generate_series(1, 30000)",
    );
    let rows = number(
        &record(&of(&database, INDEX, &[]), "index-not-concurrent"),
        "rows",
    );
    assert!((39_000.0..41_000.0).contains(&rows), "{rows}");
}

#[test]
fn rows_that_were_never_counted_are_not_known() {
    let database = database(
        "create table t (a int) with (autovacuum_enabled = off);
         insert into t select generate_series(1, 10000);
         create table empty (a int) with (autovacuum_enabled = off)",
    );
    let output = of(
        &database,
        "CREATE INDEX i ON t (a); CREATE INDEX j ON empty (a);",
        &[],
    );
    let records = output.json_lines();
    assert_eq!(records[0]["rows"], serde_json::Value::Null);
    assert_eq!(
        number(&records[0], "bytes"),
        value(&database, "select pg_table_size('t')")
    );
    assert_eq!(records[0]["estimated_seconds"], serde_json::Value::Null);
    assert_eq!(number(&records[1], "rows"), 0.0);
    assert_eq!(number(&records[1], "estimated_seconds"), 0.0);
}

#[test]
fn partitions_are_summed_at_every_depth() {
    let database = database(
        "create table t (a int, b int) partition by range (a);
         create table t_1 partition of t for values from (0) to (1000);
         create table t_2 partition of t for values from (1000) to (2000) partition by list (b);
         create table t_21 partition of t_2 for values in (1);
         create table t_22 partition of t_2 default;
         insert into t select i, i % 3 from generate_series(0, 1999) i;
         analyze t_1; analyze t_21; analyze t_22;
         create table none (a int) partition by list (a)",
    );
    let sql = "ALTER TABLE t ADD CHECK (a >= 0); ALTER TABLE none ADD CHECK (a > 0);";
    let records = of(&database, sql, &[]).expect_code(1).json_lines();
    assert_eq!(number(&records[0], "rows"), 2000.0);
    assert_eq!(number(&records[0], "partitions"), 3.0);
    let leaves = "select sum(pg_table_size(relid)) from pg_partition_tree('t') where isleaf";
    assert_eq!(number(&records[0], "bytes"), value(&database, leaves));
    let message = records[0]["message"].as_str().unwrap();
    assert!(message.contains(", 3 partitions"), "{message}");
    assert_eq!(number(&records[1], "rows"), 0.0);
    assert_eq!(number(&records[1], "partitions"), 0.0);
}

#[test]
fn what_inherits_counts_where_the_statement_goes_on_to_it() {
    let database = database(
        "create table t (a int);
         create table child () inherits (t);
         create table other () inherits (t);
         create table grandchild () inherits (child, other);
         insert into t select generate_series(1, 10);
         insert into child select generate_series(1, 100);
         insert into grandchild select generate_series(1, 1000);
         analyze t; analyze child; analyze grandchild",
    );
    let rows = |sql: &str, rule: &str| {
        let record = record(&of(&database, sql, &[]), rule);
        (number(&record, "rows"), number(&record, "partitions"))
    };
    let check = "check-without-not-valid";
    assert_eq!(
        rows("ALTER TABLE t ADD CHECK (a > 0);", check),
        (1110.0, 3.0)
    );
    assert_eq!(rows(INDEX, "index-not-concurrent"), (10.0, 0.0));
}

#[test]
fn views_and_foreign_tables_keep_nothing_here() {
    let database = database(
        "create table base (a int); insert into base select generate_series(1, 500);
         create materialized view m as select * from base; create unique index on m (a);
         create view v as select * from base;
         analyze base; analyze m",
    );
    let refreshed = of(
        &database,
        "REFRESH MATERIALIZED VIEW m;",
        &["--small-table", "1000"],
    );
    let refreshed = record(&refreshed.expect_code(1), "refresh-blocks-readers");
    assert_eq!(number(&refreshed, "rows"), 500.0);
    // How long its query takes is not for its own rows to say.
    assert_eq!(refreshed["estimated_seconds"], serde_json::Value::Null);
    assert_eq!(refreshed["severity"], "error");
    let renamed = of(
        &database,
        "ALTER VIEW v RENAME TO w; ALTER TABLE v RENAME COLUMN a TO b;",
        &[],
    );
    for record in renamed.json_lines() {
        for field in [
            "rows",
            "bytes",
            "index_bytes",
            "partitions",
            "writes_per_second",
        ] {
            assert_eq!(record[field], serde_json::Value::Null, "{record}");
        }
    }
}

#[test]
fn writes_are_counted_since_the_statistics_were_reset() {
    let database = database("create table t (a int)");
    let writes =
        || record(&of(&database, INDEX, &[]), "index-not-concurrent")["writes_per_second"].clone();
    // Before 15 a new database begins with a time; since then nobody knows since when it is counted.
    if database.cluster().version().major >= 15 {
        assert_eq!(writes(), serde_json::Value::Null);
    }
    database.sql("select pg_stat_reset()");
    database.sql("insert into t select generate_series(1, 5000)");
    let seen = "select count(*) from pg_stat_user_tables where relname = 't' and n_tup_ins = 5000";
    until(&database, seen);
    let age = "select extract(epoch from clock_timestamp() - stats_reset) from pg_stat_database where datname = current_database()";
    until(
        &database,
        &format!("select count(*) from ({age}) x (age) where age > 1"),
    );
    let (before, measured) = (value(&database, age), writes());
    let (after, measured) = (value(&database, age), measured.as_f64().unwrap());
    assert!(
        (5000.0 / after - 0.01..5000.0 / before + 0.01).contains(&measured),
        "{before} {measured} {after}"
    );
}

#[test]
fn an_index_stands_for_its_table() {
    let database = database(
        "create table t (a int); create index old on t (a); insert into t select generate_series(1, 20000); analyze t",
    );
    let dropped = record(
        &of(&database, "DROP INDEX old;", &[]),
        "drop-index-not-concurrent",
    );
    assert_eq!(number(&dropped, "rows"), 20_000.0);
    assert_eq!(dropped["estimated_seconds"], serde_json::Value::Null);
    let built = record(
        &of(&database, "REINDEX INDEX old;", &[]),
        "reindex-not-concurrent",
    );
    assert_eq!(number(&built, "rows"), 20_000.0);
    assert!(number(&built, "estimated_seconds") > 0.0);
}
