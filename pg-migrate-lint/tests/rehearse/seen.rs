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
            // That it is locked wholly at the end, when nobody can use it any more, is left out.
            "drop index concurrently t_a",
            vec![
                "public.t ShareUpdateExclusiveLock let go",
                "public.t_a ShareUpdateExclusiveLock let go",
            ],
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
    // Of what nobody can use any more a lock keeps nobody waiting.
    for sql in [
        "reindex table concurrently t",
        "drop index concurrently t_a",
    ] {
        for _ in 0..3 {
            let file = format!("-- no-transaction\n{sql};\n");
            let files = [SQLX, ("m/1_a.sql", ROWS), ("m/2_b.sql", &file)];
            let record = of(&rehearse(&files, &["m/2_b.sql"], 0), sql);
            assert_eq!(record["blocks"], "none", "{record}");
            let rewritten = record["rewritten"].to_string();
            assert_eq!(
                rewritten.contains("t_pkey"),
                sql.starts_with("reindex"),
                "{record}"
            );
        }
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
    let lock = [
        SQLX,
        ("m/1_a.sql", "create table t ();"),
        ("m/2_b.sql", "alter table t add x int;"),
    ];
    let table = rehearse(&lock, &["-o", "table"], 0);
    assert!(
        table.stdout.contains(" public.t AccessExclusiveLock "),
        "{table:?}"
    );
    assert!(!table.stdout.contains('{'), "{table:?}");
    let refused = rehearse(&files, &["-o", "sarif"], 2);
    assert!(
        refused.stderr.contains("-o sarif is for findings"),
        "{refused:?}"
    );
}

#[test]
fn indexes_that_are_built_anew_are_named() {
    let text = "alter table t alter column a type bigint;\ndrop index t_a;\ncreate index t_a on t (a);\n\
        alter table t alter column b type varchar(30);\n";
    let files = [SQLX, ("m/1_a.sql", ROWS), ("m/2_b.sql", text)];
    let output = rehearse(&files, &["m/2_b.sql"], 0);
    let rewritten = |start: &str| {
        let mut names: Vec<String> =
            serde_json::from_value(of(&output, start)["rewritten"].clone()).unwrap();
        names.sort();
        names
    };
    let change = rewritten("alter table t alter column a");
    assert_eq!(
        change,
        ["public.t", "public.t_a", "public.t_pkey"],
        "{output:?}"
    );
    // One that was dropped before is made, and not made anew.
    assert_eq!(rewritten("create index t_a"), [""; 0]);
    assert_eq!(rewritten("alter table t alter column b"), [""; 0]);
}

#[test]
fn what_code_held_between_its_transactions_is_not_known() {
    let make = "create table t (id int primary key, b int); insert into t select generate_series(1, 1000), 1;
        create procedure pr() language plpgsql as $$ begin update t set b = 7; commit; lock table t; commit; end $$;";
    let files = [
        SQLX,
        ("m/1_a.sql", make),
        ("m/2_b.sql", "-- no-transaction\ncall pr();"),
        (
            "m/3_c.sql",
            "-- no-transaction\ndo $$ begin update t set b = 8; commit; end $$;",
        ),
    ];
    let output = rehearse(&files, &[], 0);
    for start in ["call pr", "do $$"] {
        let record = of(&output, start);
        assert_ne!(record["blocks"], "none", "{record}");
        assert!(
            record["message"]
                .as_str()
                .unwrap()
                .contains("ends transactions on the way"),
            "{record}"
        );
    }
}

#[test]
fn rows_that_psql_sends_are_a_write() {
    let files = [
        ("m/1_a.sql", "create table t (x int);\n"),
        ("m/2_b.sql", "copy t from stdin;\n1\n2\n\\.\n"),
    ];
    let output = rehearse(&files, &["--layout", "plain"], 0);
    let copy = of(&output, "copy t");
    assert_eq!(locks(&copy), ["public.t RowExclusiveLock"]);
    assert_eq!(
        (&copy["rows_inserted"], &copy["blocks"]),
        (&json!(2), &json!("none"))
    );
}

#[test]
fn a_transaction_that_nothing_ends_is_told_of() {
    let files = [(
        "m/1_a.sql",
        "create table t (x int);\nbegin;\ndrop table t;\n",
    )];
    let output = rehearse(&files, &["--layout", "plain"], 1);
    let records = output.json_lines();
    let last = records.last().unwrap();
    assert_eq!(
        (&last["statement"], &last["state"]),
        (&json!("COMMIT"), &json!("failed"))
    );
    assert!(
        last["message"].as_str().unwrap().contains("is not ended"),
        "{last}"
    );
    assert!(
        output
            .stderr
            .contains("m/1_a.sql:2: the transaction that begins here is not ended"),
        "{output:?}"
    );
    let ended = [("m/1_a.sql", "begin;\ncreate table t (x int);\nrollback;\n")];
    rehearse(&ended, &["--layout", "plain"], 0);
}

#[test]
fn tables_that_the_same_run_makes_are_read_and_written_once_they_are_there() {
    let text = "create table t (id int primary key, b int);\ninsert into t select g, g from generate_series(1, 100) g;\n\
        begin;\nalter table t add c int;\nselect pg_sleep(0.5);\ncommit;\n";
    let files = [("m/1_a.sql", text)];
    let output = rehearse(&files, &["--layout", "plain", "--background-load"], 0);
    let change = of(&output, "alter table t");
    assert!(
        change["blocked_reads_ms"].as_f64().unwrap() > 0.0,
        "{change}"
    );
    assert!(
        change["blocked_writes_ms"].as_f64().unwrap() > 0.0,
        "{change}"
    );
    // What code names nobody expects.
    let hidden = "create table t (x int);\ndo $$ begin execute 'lock table ' || 't'; end $$;\n";
    let output = rehearse(
        &[("m/1_a.sql", hidden)],
        &["--layout", "plain", "--background-load"],
        0,
    );
    assert!(
        output
            .stderr
            .contains("public.t: nobody read and wrote that meanwhile"),
        "{output:?}"
    );
}

#[test]
fn what_a_migration_sets_for_its_session_keeps_nobody_from_looking() {
    // It takes long to look at so many locks.
    let patience = "do $$ begin for i in 1 .. 4000 loop execute format('create table t%s ()', i); end loop; end $$;
        set statement_timeout = '40ms';\nselect 1;\nselect pg_sleep(60);";
    let output = rehearse(&[SQLX, ("m/1_a.sql", patience)], &[], 1);
    assert_eq!(of(&output, "select 1")["state"], "ok", "{output:?}");
    // Its own statements are ended by what it has set.
    assert_eq!(of(&output, "select pg_sleep")["sqlstate"], "57014");
    let names = "create table t (x int);
        create function loud(pg_lsn, pg_lsn) returns numeric language plpgsql as $$ begin raise 'heard'; end $$;
        create operator public.- (leftarg = pg_lsn, rightarg = pg_lsn, function = loud);
        set search_path = public, pg_catalog;\nset default_transaction_read_only = on;\n
        create role clerk;\ngrant all on t to clerk;\nset role clerk;\ninsert into t values (1);";
    let output = rehearse(&[SQLX, ("m/1_a.sql", names)], &[], 0);
    assert_eq!(of(&output, "insert")["rows_inserted"], 1);
}

#[test]
fn a_session_that_forgets_what_is_prepared_is_looked_at() {
    for forgetting in [
        "discard all",
        "do $$ begin execute 'deal' || 'locate all'; end $$",
    ] {
        let text = format!("create table a (x int);\n{forgetting};\nalter table a add y int;\n");
        let plain = rehearse(&[("m/1_a.sql", &text)], &["--layout", "plain"], 0);
        assert_eq!(
            locks(&of(&plain, "alter table a")),
            ["public.a AccessExclusiveLock"],
            "{forgetting}"
        );
    }
    let within = "create table a (x int);\ndo $$ begin execute 'deal' || 'locate all'; end $$;\nalter table a add y int;";
    rehearse(&[SQLX, ("m/1_a.sql", within)], &[], 0);
}

#[test]
fn what_the_server_chooses_to_rebuild_is_no_mismatch() {
    let many = "create table big (a int primary key, b text); insert into big select g, repeat(md5(g::text), 9) from generate_series(1, 60000) g;";
    let files = [
        SQLX,
        ("m/1_a.sql", many),
        ("m/2_b.sql", "-- no-transaction\nreindex schema public;"),
        ("m/3_c.sql", "-- no-transaction\nvacuum full;"),
        ("m/4_d.sql", "truncate big;"),
    ];
    let output = rehearse(&files, &[], 0);
    let reindex = of(&output, "reindex");
    assert!(
        locks(&reindex).contains(&"public.big ShareLock let go".to_string()),
        "{output:?}"
    );
    // Nothing was written anew of what is empty now.
    assert_eq!(of(&output, "truncate")["rewritten"], serde_json::json!([]));
}

#[test]
fn a_file_without_a_statement_is_named() {
    let files = [
        SQLX,
        ("m/1_a.sql", "select 1;"),
        ("m/2_b.sql", "-- later\n"),
    ];
    let output = rehearse(&files, &[], 0);
    assert_eq!(output.json_lines().len(), 1);
    assert!(
        output.stderr.contains("2_b.sql has no statement"),
        "{output:?}"
    );
}
