//! The rows about sizes, indexes and what VACUUM leaves behind.

use serde_json::{Value, json};
use tests::{Database, eventually};

use crate::watched::{brief, check, database, report, row, rows, shell};

const READ: &str = "set enable_seqscan = off; select * from orders where customer = 7";

/// Customers and their orders, with indexes good and bad.
fn shop() -> Database<'static> {
    let database = database();
    database.sql(
        "create table customers (id int primary key, email text unique);
         create table orders (id int primary key, customer int references customers, note text);
         insert into customers select i, i || '@example.org' from generate_series(1, 2000) i;
         insert into orders select i, i, repeat(md5(i::text), 6) from generate_series(1, 2000) i;
         create index by_customer on orders (customer);
         create index again on orders (customer);
         create index by_note on orders (note);
         create table big (id int primary key, owner int references orders);
         insert into big select i from generate_series(1, 100) i;",
    );
    database.sql("vacuum analyze");
    database
}

/// The query that the guides have for unused indexes.
fn of_the_guides(database: &Database) -> Vec<String> {
    let query = "select indexrelname from pg_stat_user_indexes where idx_scan = 0";
    let rows = database.rows(query);
    rows.into_iter().flat_map(|row| row[0].clone()).collect()
}

/// Records of this check that are no ok, as status and object.
fn found(database: &Database, name: &str, more: &[&str]) -> Vec<(String, String)> {
    let mut found = brief(&check(database, name, more));
    found.sort();
    found
}

fn warned(names: &[&str]) -> Vec<(String, String)> {
    let names = names.iter();
    names
        .map(|name| ("warning".to_string(), (*name).to_string()))
        .collect()
}

/// Pipes what a check advises into psql.
fn remedy(database: &Database, name: &str, more: &str) {
    let line = format!(
        "pg-stat-report -U watcher -d $d --only {name} {more} | jq -r '.remedy // empty' | psql -X -q -v ON_ERROR_STOP=1 -d $d"
    );
    shell(database, &line).expect_code(0);
}

/// T14: the size of the database and of its tables, the largest first; and how fast it grows, for which the
/// guide has no query.
#[test]
fn t14() {
    let database = shop();
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("app.state").display().to_string();
    let growth = || report(&database, &["growth", "--state", &state]).run();
    growth();
    let size = database.value("select pg_database_size(current_database())");
    let seen = rows(&database, &["databases", "tables"]);
    assert_eq!(
        row(&seen, "database", database.name())["bytes"].to_string(),
        size
    );
    let tables: Vec<&Value> = seen
        .iter()
        .filter(|row| row["section"] == "tables")
        .collect();
    let names: Vec<&Value> = tables.iter().map(|row| &row["table"]).collect();
    assert_eq!(names[0], &json!("public.orders"));
    for table in tables {
        let name = table["table"].as_str().unwrap();
        let size = database.value(&format!("select pg_total_relation_size('{name}')"));
        assert_eq!(table["bytes"].to_string(), size, "{name}");
        let parts = ["heap_bytes", "index_bytes", "toast_bytes"];
        let sum: i64 = parts.map(|part| table[part].as_i64().unwrap()).iter().sum();
        assert_eq!(table["bytes"], sum, "{name}");
    }
    database.sql("insert into big select i from generate_series(101, 50000) i");
    let grown = growth().expect_code(0).json_lines();
    let own = grown
        .iter()
        .find(|row| row["table"] == "public.big" && row["kind"] == "table")
        .unwrap();
    assert!(own["bytes_per_day"].as_f64().unwrap() > 0.0, "{own}");
    let whole = grown
        .iter()
        .find(|row| row["kind"] == "database" && row["database"] == database.name())
        .unwrap();
    assert!(
        whole["bytes"].as_i64() > whole["bytes_before"].as_i64(),
        "{whole}"
    );
}

/// V20: dead rows against autovacuum's own threshold, and not against some share of all; the remedy is SQL.
#[test]
fn v20() {
    let database = shop();
    database.sql("update orders set note = 'new'; update orders set note = 'newer'");
    let autovacuum = ["--warn", "dead_rows=2"];
    eventually("the dead rows are counted", || {
        found(&database, "dead_rows", &autovacuum) == warned(&["public.orders"])
    });
    let seen = rows(&database, &["vacuum"]);
    let orders = row(&seen, "table", "public.orders");
    // 50 rows and a fifth of 2000.
    assert_eq!(
        (&orders["dead_rows"], &orders["vacuum_threshold"]),
        (&json!(4000), &json!(450.0))
    );
    // What a role may not do is left to one who may.
    remedy(&database, "dead_rows", "");
    eventually("they are gone", || {
        found(&database, "dead_rows", &autovacuum)[0].0 == "ok"
    });
    let bytes = row(&rows(&database, &["tables"]), "table", "public.orders")["bytes"].to_string();
    assert_eq!(
        bytes,
        database.value("select pg_total_relation_size('orders')")
    );
}

/// T15: "index hit rate > 95 %, unused, missing": what backs a key is never called unused.
#[test]
fn t15() {
    let database = shop();
    let line = "pg-stat-report databases -U watcher -d $d | jq --arg d $d 'select(.database == $d) | .hit_ratio > 0.5 and .hit_ratio <= 1'";
    eventually("blocks are counted", || {
        shell(&database, line).expect_code(0).stdout == "true\n"
    });
    let cache = check(&database, "cache_hits", &[]);
    assert_eq!(
        (&cache[0]["warn"], &cache[0]["crit"]),
        (&json!(0.95), &json!(0.8))
    );
    let young = check(&database, "unused_indexes", &["--warn", "unused_indexes=0"]);
    assert!(
        young.iter().all(|record| record["status"] == "unknown"),
        "statistics of a minute say nothing: {young:#?}"
    );
    let unused = ["--warn", "unused_indexes=0", "--statistics-age", "0s"];
    assert_eq!(
        found(&database, "unused_indexes", &unused),
        warned(&["public.by_note"])
    );
    let guides = of_the_guides(&database);
    assert!(guides.contains(&"customers_email_key".into()), "{guides:?}");
    let missing = ["--warn", "unindexed_foreign_keys=0"];
    database.sql("delete from customers where id < 0; delete from orders where id = 2000");
    eventually("the key without an index is found", || {
        found(&database, "unindexed_foreign_keys", &missing)
            == warned(&["public.big big_owner_fkey"])
    });
    remedy(
        &database,
        "unindexed_foreign_keys",
        "--warn unindexed_foreign_keys=0",
    );
    assert_eq!(
        found(&database, "unindexed_foreign_keys", &missing)[0].0,
        "ok"
    );
}

/// A09: unused indexes, and how large all are: two of them are there twice, and one goes.
#[test]
fn a09() {
    let database = shop();
    let line =
        "pg-stat-report indexes -U watcher -d $d | jq -r 'select(.needed_for == null) | .index'";
    let free = shell(&database, line).expect_code(0).stdout;
    let mut free: Vec<&str> = free.lines().collect();
    let largest = free[0];
    free.sort();
    assert_eq!(
        (largest, free),
        (
            "public.by_note",
            vec!["public.again", "public.by_customer", "public.by_note"]
        )
    );
    assert_eq!(
        found(&database, "duplicate_indexes", &[]),
        warned(&["public.again"])
    );
    remedy(&database, "duplicate_indexes", "");
    assert_eq!(database.value("select to_regclass('again')"), "");
    assert_eq!(found(&database, "duplicate_indexes", &[])[0].0, "ok");
    let seen = rows(&database, &["indexes"]);
    for index in &seen {
        let name = index["index"].as_str().unwrap();
        let pages =
            format!("select relpages * 8192::bigint from pg_class where oid = '{name}'::regclass");
        assert_eq!(index["bytes"].to_string(), database.value(&pages), "{name}");
    }
}

/// V11: `REINDEX INDEX CONCURRENTLY`, `ANALYZE`, and `idx_scan = 0`: what has to be built anew is named, and
/// what was used is not called unused.
#[test]
fn v11() {
    let database = shop();
    database.sql("update orders set note = 'same' where id <= 2");
    let words = "create index concurrently broken on orders ((note::int))";
    assert!(database.client().batch_execute(words).is_err());
    assert_eq!(
        found(&database, "invalid_indexes", &[]),
        warned(&["public.broken"])
    );
    database.sql("update orders set note = id");
    remedy(&database, "invalid_indexes", "");
    assert_eq!(found(&database, "invalid_indexes", &[])[0].0, "ok");
    let unused = ["--warn", "unused_indexes=0", "--statistics-age", "0s"];
    database.sql("drop index broken");
    assert_eq!(
        found(&database, "unused_indexes", &unused),
        warned(&["public.by_note"])
    );
    database.sql("set enable_seqscan = off; select * from orders where note = 'x'");
    eventually("its use is counted", || {
        let found = found(&database, "unused_indexes", &unused);
        !found.contains(&("warning".into(), "public.by_note".into()))
    });
}

/// G16: which indexes are used, and how often.
#[test]
fn g16() {
    let database = shop();
    database.sql("drop index again");
    database.sql(READ);
    let line = "pg-stat-report indexes -U watcher -d $d | jq -r 'select(.scans > 0 and .needed_for == null) | .index'";
    eventually("its use is counted", || {
        shell(&database, line).expect_code(0).stdout == "public.by_customer\n"
    });
    let seen = rows(&database, &["indexes"]);
    let supports = &row(&seen, "index", "public.by_customer")["supports"];
    assert_eq!(supports, "foreign key orders_customer_fkey");
}

/// V05: inserts, updates and deletes of each table; and each second, between two runs.
#[test]
fn v05() {
    let database = shop();
    let folder = tempfile::tempdir().unwrap();
    let before = folder.path().join("before.jsonl");
    let count =
        |name: &str, field: &str| row(&rows(&database, &["tables"]), "table", name)[field].clone();
    eventually("what was inserted is counted", || {
        count("public.orders", "rows_inserted") == 2000
    });
    let earlier = report(&database, &["server", "databases", "tables"]).run();
    std::fs::write(&before, &earlier.expect_code(0).stdout).unwrap();
    database.sql("update orders set note = 'x' where id <= 500; delete from big where id <= 10");
    eventually("the rest is, too", || {
        count("public.orders", "rows_updated") == 500 && count("public.big", "rows_deleted") == 10
    });
    let path = before.display().to_string();
    let rates = rows(&database, &["growth", "--baseline", &path]);
    let rate = |name: &str, field: &str| -> f64 {
        let table = row(&rates, "table", name);
        table[field].as_f64().unwrap() * table["seconds"].as_f64().unwrap()
    };
    assert!((rate("public.orders", "rows_updated_per_second") - 500.0).abs() < 1.0);
    assert!((rate("public.big", "rows_deleted_per_second") - 10.0).abs() < 1.0);
    assert!(rate("public.orders", "rows_inserted_per_second").abs() < 1.0);
}

/// V03: what pg_stat_database counts, and each second.
#[test]
fn v03() {
    let database = shop();
    let line = "pg-stat-report server databases -U watcher -d $d > before.jsonl; \
                for i in 1 2 3; do psql -X -q -d $d -c 'select 1' >sql.out; done; \
                pg-stat-report growth -U watcher -d $d --baseline before.jsonl \
                | jq --arg d $d 'select(.kind == \"database\" and .database == $d) | .transactions_per_second > 0'";
    let folder = tempfile::tempdir().unwrap();
    let line = format!("cd '{}' && {{ {line}; }}", folder.path().display());
    eventually("transactions are counted", || {
        shell(&database, &line).expect_code(0).stdout == "true\n"
    });
    let seen = rows(&database, &["databases"]);
    let own = row(&seen, "database", database.name());
    for field in ["commits", "rollbacks", "blocks_read", "blocks_hit"] {
        assert!(own[field].is_i64(), "{field}: {own}");
    }
}

/// A11: "VACUUM FULL (requires downtime)", "if index bloat is suspected: REINDEX": what is bloated is known,
/// and the remedy is the one that locks nobody out.
#[test]
fn a11() {
    let database = database();
    database.sql(
        "create table t (id int, filler text);
         insert into t select i, repeat('x', 100) from generate_series(1, 100000) i;
         create index by_id on t (id);
         create table good as select i from generate_series(1, 50000) i;
         create index good_by_i on good (i);
         delete from t where id % 20 <> 0;",
    );
    database.sql("vacuum analyze");
    // The texts of a column are hidden from one who may not read the table: that is unknown, and not well.
    let low = ["--warn", "table_bloat=1MB", "--warn", "index_bloat=1MB"];
    assert_eq!(
        check(&database, "table_bloat", &low)[0]["status"],
        "unknown"
    );
    database.sql("grant select on pg_statistic to watcher");
    assert_eq!(found(&database, "table_bloat", &low), warned(&["public.t"]));
    assert_eq!(
        found(&database, "index_bloat", &low),
        warned(&["public.by_id"])
    );
    let size = || {
        database
            .value("select pg_relation_size('by_id')")
            .parse::<i64>()
            .unwrap()
    };
    let before = size();
    remedy(&database, "index_bloat", "--warn index_bloat=1MB");
    assert!(size() * 5 < before, "{before} and then {}", size());
    let table = check(&database, "table_bloat", &low);
    let advice = table[0]["remedy"].as_str().unwrap();
    assert!(advice.starts_with("-- locks everybody out"), "{advice}");
    // A comment does nothing, until somebody decides.
    remedy(&database, "table_bloat", "--warn table_bloat=1MB");
    assert_eq!(found(&database, "table_bloat", &low), warned(&["public.t"]));
}
