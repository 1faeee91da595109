//! What is seen of a statement.

use serde_json::{Value, json};

use crate::{SQLX, locks, of, rehearse};

const ROWS: &str = "create table p (id bigint primary key);
insert into p select generate_series(1, 500);
create table t (id bigint primary key, a int, b varchar(20), p_id bigint);
insert into t select g, g, 'b', g from generate_series(1, 500) g;
create index t_a on t (a);
";

#[test]
fn each_statement_has_its_locks_its_work_and_its_rows() {
    let text = "alter table t add foreign key (p_id) references p;\nupdate t set b = 'c' where id <= 7;\n\
        delete from t where id = 1; insert into t values (1000), (1001);\nalter table t alter column a type bigint;\n\
        create index on t (b);\n";
    let output = rehearse(
        &[SQLX, ("m/1_a.sql", ROWS), ("m/2_b.sql", text)],
        &["m/2_b.sql"],
        0,
    );
    let records = output.json_lines();
    assert_eq!(records.len(), 6, "{output:?}");
    assert!(
        records
            .iter()
            .all(|record| record["file"] == "m/2_b.sql" && record["mismatch"] == Value::Null)
    );

    let key = of(&output, "alter table t add foreign key");
    let expected = [
        "public.p ShareRowExclusiveLock",
        "public.t ShareRowExclusiveLock",
    ];
    assert_eq!(locks(&key), expected);
    assert_eq!(key["blocks"], "writes");
    assert_eq!(key["rewritten"], json!([]));
    assert!(
        key["scanned"]
            .as_array()
            .unwrap()
            .contains(&json!("public.t")),
        "{key}"
    );

    let update = of(&output, "update t");
    assert_eq!(locks(&update), ["public.t RowExclusiveLock"]);
    // Writes wait for what the transaction took before.
    assert_eq!(update["blocks"], "writes");
    assert_eq!(update["rows_updated"], 7);
    assert_eq!(
        (&update["rows_inserted"], &update["rows_deleted"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(of(&output, "delete from t")["rows_deleted"], 1);
    assert_eq!(of(&output, "insert into t")["rows_inserted"], 2);
    assert!(update["wal_bytes"].as_i64().unwrap() > 0);

    let change = of(&output, "alter table t alter column a");
    assert!(
        locks(&change).contains(&"public.t AccessExclusiveLock".to_string()),
        "{change}"
    );
    assert_eq!(change["blocks"], "reads+writes");
    let rewritten = change["rewritten"].as_array().unwrap();
    assert!(
        rewritten.contains(&json!("public.t")) && rewritten.contains(&json!("public.t_pkey")),
        "{change}"
    );
    assert_eq!(
        (&change["line"], &change["column"], &change["end_line"]),
        (&json!(4), &json!(1), &json!(4))
    );

    // A lock is held from its statement's beginning to the end of the transaction.
    let held = |record: &Value| record["locks"][0]["held_ms"].as_f64().unwrap();
    assert!(
        held(&key) > held(&update) && held(&update) > held(&change),
        "{output:?}"
    );
    let transactions = records.iter().map(|record| &record["transaction"]);
    assert!(
        transactions
            .clone()
            .all(|number| *number == records[0]["transaction"] && !number.is_null())
    );
}

#[test]
fn what_the_transaction_made_itself_keeps_nobody_waiting() {
    let text = "create table n (x int); insert into n values (1); alter table n alter column x type bigint;
        create index on n (x); drop table n;";
    let output = rehearse(&[SQLX, ("m/1_a.sql", text)], &[], 0);
    for record in output.json_lines() {
        assert_eq!(record["locks"], json!([]), "{record}");
        assert_eq!(record["blocks"], "none", "{record}");
        assert_eq!(record["mismatch"], Value::Null, "{record}");
    }
}

#[test]
fn statements_that_refuse_a_transaction_are_watched() {
    let statements = [
        (
            "create index concurrently c on t (b)",
            vec!["public.t ShareUpdateExclusiveLock let go"],
        ),
        (
            // The index itself is locked wholly once nobody can use it any more, if only for a moment.
            "drop index concurrently t_a",
            vec!["public.t ShareUpdateExclusiveLock let go"],
        ),
        (
            "reindex table concurrently t",
            vec!["public.t ShareUpdateExclusiveLock let go"],
        ),
        ("vacuum t", vec!["public.t ShareUpdateExclusiveLock let go"]),
        ("vacuum full t", vec!["public.t AccessExclusiveLock let go"]),
    ];
    for (sql, expected) in statements {
        let output = rehearse(
            &[
                SQLX,
                ("m/1_a.sql", ROWS),
                ("m/2_b.sql", &format!("-- no-transaction\n{sql};\n")),
            ],
            &["m/2_b.sql"],
            0,
        );
        let record = of(&output, sql);
        let locks = locks(&record);
        for lock in &expected {
            assert!(locks.contains(&(*lock).to_string()), "{sql}: {locks:?}");
        }
        assert_eq!(record["transaction"], Value::Null);
        assert_eq!(record["mismatch"], Value::Null, "{record}");
        // Nobody hands on at once what was read meanwhile.
        assert_eq!(record["scanned"], Value::Null);
    }
    let full = "-- no-transaction\nvacuum full t;\n";
    let output = rehearse(
        &[SQLX, ("m/1_a.sql", ROWS), ("m/2_b.sql", full)],
        &["m/2_b.sql"],
        0,
    );
    let rewritten = of(&output, "vacuum full")["rewritten"].clone();
    assert!(
        rewritten.as_array().unwrap().contains(&json!("public.t")),
        "{output:?}"
    );
}

#[test]
fn a_claim_that_is_not_so_is_a_mismatch() {
    // The linter can't know what code has made: here a reference to the table that is dropped.
    let hidden = "create function f() returns void language plpgsql as $$ begin
        execute 'create table c (p_id bigint references p)'; end $$; select f();";
    let output = rehearse(
        &[
            SQLX,
            ("m/1_a.sql", ROWS),
            ("m/2_b.sql", hidden),
            ("m/3_c.sql", "truncate p cascade;"),
        ],
        &["m/3_c.sql"],
        1,
    );
    let words = of(&output, "truncate p")["mismatch"].to_string();
    assert!(
        words.contains("c: no lock was claimed, AccessExclusiveLock seen"),
        "{output:?}"
    );
}

#[test]
fn who_reads_and_writes_meanwhile_waits_for_what_blocks_him() {
    let wait = |sql: &str| format!("{sql};\nselect pg_sleep(0.5);\n");
    let files = [
        SQLX,
        ("m/1_a.sql", ROWS),
        ("m/2_b.sql", &wait("create index on t (b)")),
        ("m/3_c.sql", &wait("alter table p add x int")),
        ("m/4_d.sql", &wait("update t set b = 'd'")),
        (
            "m/5_e.sql",
            "alter table p add constraint p_x check (id > 0) not valid;",
        ),
        ("m/6_f.sql", &wait("alter table p validate constraint p_x")),
    ];
    let output = rehearse(&files, &["--background-load"], 0);
    let waits = |start: &str| {
        let record = of(&output, start);
        let wait = |field: &str| record[field].as_f64().unwrap() > 0.0;
        (wait("blocked_reads_ms"), wait("blocked_writes_ms"))
    };
    assert_eq!(waits("create index on t (b)"), (false, true), "{output:?}");
    assert_eq!(waits("alter table p add x"), (true, true), "{output:?}");
    // For a row, not for the table.
    assert_eq!(waits("update t set b"), (false, true), "{output:?}");
    assert_eq!(
        waits("alter table p validate"),
        (false, false),
        "{output:?}"
    );
    assert_eq!(
        of(&output, "select pg_sleep")["blocked_reads_ms"],
        Value::Null
    );
    let quiet = rehearse(&[SQLX, ("m/1_a.sql", "select 1;")], &[], 0);
    assert_eq!(of(&quiet, "select 1")["blocked_writes_ms"], Value::Null);
}

#[test]
fn formats_have_the_same_fields() {
    let files = [SQLX, ("m/1_a.sql", "select 1;")];
    let csv = rehearse(&files, &["-o", "csv"], 0);
    let head = csv.stdout.lines().next().unwrap().to_string();
    assert!(
        head.starts_with(
            "file,line,column,end_line,statement,state,sqlstate,message,transaction,duration_ms"
        ),
        "{head}"
    );
    let json = rehearse(&files, &["-o", "json"], 0);
    let records: Vec<Value> = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(records[0]["state"], "ok");
    let refused = rehearse(&files, &["-o", "sarif"], 2);
    assert!(
        refused.stderr.contains("-o sarif is for findings"),
        "{refused:?}"
    );
}
