//! The rows about what must hold in a database, restored or live.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tests::{Database, Output, pipe, tool};

use crate::backup_rows::{application, back_up, text};

/// A database that went wrong in each of the ways that the guides look for.
fn gone_wrong() -> Database<'static> {
    let database = application();
    database.sql(
        "create extension amcheck;
         create table customers (id serial primary key, email text);
         insert into customers (email) select i || '@example.org' from generate_series(1, 50) i;
         create table orders (id int, customer int constraint bought_by references customers);
         insert into orders select i, i from generate_series(1, 50) i;
         create table returns (customer int);
         insert into returns values (1), (777);
         alter table returns add constraint returned_by foreign key (customer) references customers not valid;
         create function key(a text) returns text immutable language sql as 'select lower(a)';
         create index by_key on customers (key(email));
         create or replace function key(a text) returns text immutable language sql as 'select upper(a) || a';
         select setval('customers_id_seq', 10);",
    );
    // What a trigger that is off lets in.
    database.sql(
        "set session_replication_role = replica; insert into orders values (51, 999), (52, 999)",
    );
    let twice = "insert into customers values (60, '1@example.org');
                 create unique index concurrently one_email on customers (email)";
    for statement in twice.split(';') {
        let _ = database.client().batch_execute(statement);
    }
    database
}

fn live(database: &Database) -> Output {
    let run = tool("pg-restore-verify").args(["--live", &database.conninfo()]);
    run.arg("--deep").run()
}

/// Check, object and message of what has this status.
fn with(output: &Output, status: &str) -> Vec<(String, String, String)> {
    let records = output.json_lines();
    let with = records.iter().filter(|record| record["status"] == status);
    with.map(|record| {
        let field = |name: &str| record[name].as_str().unwrap_or_default().to_string();
        (field("check"), field("object"), field("message"))
    })
    .collect()
}

/// V14, `validate --constraints --indexes --full-report`: on a live database, and on the copy that
/// was restored from its backup.
#[test]
fn v14() {
    let database = gone_wrong();
    let output = live(&database).expect_code(1);
    let failed = with(&output, "failed");
    let found: Vec<(&str, &str)> = failed
        .iter()
        .map(|(check, object, _)| (check.as_str(), object.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("foreign_keys", "public.orders bought_by"),
            ("foreign_keys", "public.returns returned_by"),
            ("indexes", "public.one_email"),
            ("btrees", "public.by_key"),
            ("sequence_columns", "public.customers_id_seq"),
            ("verdict", ""),
        ],
        "{output:?}"
    );
    assert!(failed[1].2.contains("NOT VALID"), "{output:?}");
    // As a report for people.
    let table = tool("pg-restore-verify").args(["--live", &database.conninfo(), "-o", "table"]);
    assert!(table.run().stdout.contains("one_email"));
    // The orphans of a key that is valid are no longer there in a backup that can be restored.
    database.sql("delete from orders where customer = 999");
    let folder = tempfile::tempdir().unwrap();
    let taken = back_up(folder.path()).args(["-d", &database.conninfo(), "-q"]);
    let ends = pipe([taken, tool("pg-restore-verify").args(["-", "--deep"])]);
    let output = ends.last().unwrap();
    assert_eq!(output.code(), Some(0), "{output:?}");
    let shown: Vec<String> = with(output, "skipped")
        .into_iter()
        .map(|(check, object, _)| format!("{check} {object}"))
        .collect();
    for came_along in [
        "foreign_keys public.returns returned_by",
        "sequence_columns public.customers_id_seq",
    ] {
        assert!(shown.iter().any(|shown| shown == came_along), "{shown:?}");
    }
    // The index is new and whole.
    assert!(
        with(output, "ok")
            .iter()
            .any(|(check, _, _)| check == "btrees"),
        "{output:?}"
    );
}

/// V27: orphans by a hand-written `NOT IN` for one key, which a single NULL silences. Here each key
/// is asked, and the rows are shown.
#[test]
fn v27() {
    let database = gone_wrong();
    let not_in = "select count(*) from returns where customer not in (select id from customers union all select null)";
    assert_eq!(database.value(not_in), "0");
    let output = live(&database).expect_code(1);
    let keys: Vec<_> = with(&output, "failed")
        .into_iter()
        .filter(|(check, _, _)| check == "foreign_keys")
        .map(|(_, _, message)| message)
        .collect();
    assert_eq!(
        keys,
        [
            "2 rows without counterpart in public.customers: (999)",
            "NOT VALID; 1 row without counterpart in public.customers: (777)",
        ]
    );
}

/// N13, "verify recovery: check data integrity, run tests": queries with what they must answer.
#[test]
fn n13() {
    let database = application();
    let folder = tempfile::tempdir().unwrap();
    let taken = back_up(folder.path()).args(["-d", &database.conninfo()]);
    let path = text(&taken.run().expect_code(0).json_lines()[0], "path");
    let checks = folder.path().join("recovery.sql");
    let write = |least: u32| {
        let text = format!(
            "-- What must be there after a disaster.\n\n\
             -- check: users\n-- expect: >= {least}\nSELECT count(*) FROM users;\n\n\
             -- check: every project has an owner\nSELECT p.* FROM projects p\n\
             LEFT JOIN users u ON u.id = p.owner WHERE u.id IS NULL;\n"
        );
        fs::write(&checks, text).unwrap();
    };
    let run = || {
        let run = tool("pg-restore-verify").arg(Path::new(&path));
        let run = run.arg("--checks").arg(&checks);
        run.args(["--expect", "SELECT max(id) FROM users = 500"])
            .run()
    };
    write(500);
    let output = run().expect_code(0);
    let own = |output: &Output| -> Vec<Value> {
        let records = output.json_lines();
        let own = records.iter().filter(|record| record["check"] == "expect");
        own.map(|record| serde_json::json!([record["object"], record["status"], record["actual"]]))
            .collect()
    };
    assert_eq!(
        own(&output),
        [
            serde_json::json!(["SELECT max(id) FROM users", "ok", "500"]),
            serde_json::json!(["users", "ok", "500"]),
            serde_json::json!(["every project has an owner", "ok", "no rows"]),
        ]
    );
    // The file is one for psql, too.
    write(501);
    let output = run().expect_code(1).expect_error("expect users");
    assert_eq!(
        own(&output)[1],
        serde_json::json!(["users", "failed", "500"])
    );
}
