//! What somebody has locked costs its own rows only.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use serde_json::{Value, json};
use tests::{Database, eventually};

use crate::ground::{Ground, asked, found, set};

/// What could not be looked at, of everything.
fn everything(database: &Database) -> Vec<Value> {
    let words = ["--fail-on", "never", "--skip", "slow_queries"];
    let records = asked(database, &words).run().expect_code(0).json_lines();
    let is_lost = |record: &Value| record["message"].as_str().unwrap().starts_with("section ");
    records.into_iter().filter(is_lost).collect()
}

/// Whether every check could look at its sections.
#[track_caller]
fn all_was_seen(database: &Database) {
    let lost = everything(database);
    assert!(lost.is_empty(), "{lost:#?}");
}

fn sized(database: &Database) -> Vec<(Value, Value)> {
    let rows = asked(database, &["tables"]).run().expect_code(0);
    let mut rows: Vec<_> = rows
        .json_lines()
        .iter()
        .map(|row| (row["table"].clone(), row["is_exact"].clone()))
        .collect();
    rows.sort_by_key(|(name, _)| name.to_string());
    rows
}

#[test]
fn a_sequence_that_somebody_changes() {
    let database = Database::new();
    database.sql("create sequence changed; create sequence short maxvalue 10; select setval('short', 10); create sequence round maxvalue 10 cycle");
    let mut holder = database.client();
    holder
        .batch_execute("begin; alter sequence changed restart; alter sequence round restart")
        .unwrap();
    let expected = set(&["critical public.short", "unknown public.changed"]);
    assert_eq!(found(&database, "sequences", &[]), expected);
    let rows = asked(&database, &["sequences"]).run().expect_code(0);
    let rows = rows.json_lines();
    let row = rows.iter().find(|row| row["sequence"] == "public.changed");
    let row = row.unwrap();
    let seen = [&row["is_locked"], &row["is_hidden"], &row["last_value"]];
    assert_eq!(seen, [&json!(true), &json!(false), &Value::Null]);
    holder.batch_execute("rollback").unwrap();
    assert_eq!(
        found(&database, "sequences", &[]),
        set(&["critical public.short"])
    );
}

/// To read a sequence locks it, and what a server has room for is meant for everybody.
#[test]
fn more_sequences_than_the_server_has_locks() {
    let ground = Ground::with(&[
        ("max_connections", "20"),
        ("max_locks_per_transaction", "64"),
    ]);
    for some in 0..10 {
        ground.sql(&format!(
            "do $$ begin for i in 1..500 loop execute format('create sequence s_%s_%s', {some}, i); end loop; end $$"
        ));
    }
    ground.sql("create sequence short maxvalue 10; select setval('short', 10)");
    let records = ground.run(&["--only", "sequences"]).json_lines();
    assert_eq!(records.len(), 1, "{records:?}");
    assert_eq!(records[0]["object"], "public.short");
    assert_eq!(ground.rows("sequences").len(), 5001);
}

#[test]
fn a_table_that_somebody_has_locked() {
    let database = Database::new();
    database.sql(
        "
        create table p (id int primary key);
        create table t (id int constraint to_p references p, b text, s serial);
        alter table t add constraint positive check (id > 0) not valid;
        create index on t (lower(b));
        create index twice on t (id) where id is not null;
        create index again on t (id) where (id is not null);
        create table parts (id int) partition by range (id);
        create table part1 partition of parts for values from (0) to (10);
        create index on parts (id);
        create table other as select 1 as i",
    );
    let mut holder = database.client();
    holder
        .batch_execute("begin; drop index parts_id_idx; lock table t")
        .unwrap();
    all_was_seen(&database);
    let duplicates = set(&["warning public.again"]);
    assert_eq!(found(&database, "duplicate_indexes", &[]), duplicates);
    let all = ["--warn", "unindexed_foreign_keys=0"];
    assert_eq!(
        found(&database, "unindexed_foreign_keys", &all),
        set(&["ok"])
    );
    assert_eq!(
        found(&database, "not_validated", &[]),
        set(&["warning public.t positive"])
    );
    let exact = |name: &str, is: bool| (json!(name), json!(is));
    let expected = [
        exact("public.other", true),
        exact("public.p", true),
        exact("public.part1", false),
        exact("public.t", false),
    ];
    assert_eq!(sized(&database), expected);
}

/// Behind one who waits for such a lock everybody waits.
#[test]
fn a_table_that_somebody_waits_to_lock() {
    let database = Database::new();
    database.sql("create table t (id serial primary key, b text); create index on t (lower(b)); create table other as select 1 as i");
    let mut reader = database.client();
    reader.batch_execute("begin; table t").unwrap();
    let mut waiter = database.client();
    let token = waiter.cancel_token();
    let waiting = thread::spawn(move || waiter.batch_execute("alter table t add c int"));
    eventually("it waits for its lock", || {
        database
            .value("select count(*) from pg_locks where relation = 't'::regclass and not granted")
            == "1"
    });
    all_was_seen(&database);
    let expected = [
        (json!("public.other"), json!(true)),
        (json!("public.t"), json!(false)),
    ];
    assert_eq!(sized(&database), expected);
    token.cancel_query(postgres::NoTls).unwrap();
    waiting.join().unwrap().unwrap_err();
}

#[test]
fn a_catalogue_that_somebody_has_locked() {
    let database = Database::new();
    let mut holder = database.client();
    holder
        .batch_execute("begin; lock table pg_catalog.pg_sequence")
        .unwrap();
    let output = asked(&database, &[]).run();
    let records = output.json_lines();
    let of_check = |name: &str| {
        let mut records = records.iter();
        let found = records.find(|record| record["check"] == name);
        found.unwrap_or_else(|| panic!("{output:?}"))
    };
    let sequences = of_check("sequences");
    assert_eq!(sequences["status"], "unknown");
    let message = sequences["message"].as_str().unwrap();
    assert!(message.contains("somebody has locked"), "{message}");
    assert_eq!(of_check("wraparound")["status"], "ok");
    let shown = asked(&database, &["sequences", "wal"]).run().expect_code(2);
    assert_eq!(shown.json_lines().len(), 1, "that of wal");
    let name = database.name();
    shown.expect_error(&format!(
        "section sequences in database \"{name}\": somebody has locked what it has to read"
    ));
}

/// What is there is asked of several catalogues at once: where one of them is locked, the others tell what they have.
#[test]
fn one_of_the_catalogues_that_say_what_is_there() {
    let database = Database::new();
    database.sql("create view low as select 1 as a; create view high as select * from low");
    database.sql("create table uq (id int not null unique); create publication p for table uq");
    let mut holder = database.client();
    holder
        .batch_execute("begin; lock table pg_catalog.pg_event_trigger")
        .unwrap();
    let nested = ["--warn", "nested_views=2"];
    let nested = found(&database, "nested_views", &nested);
    assert_eq!(nested, set(&["warning public.high"]));
    let published = found(&database, "no_primary_key", &[]);
    assert_eq!(published, set(&["warning public.uq"]));
    let triggers = found(&database, "disabled_triggers", &[]);
    assert_eq!(triggers, set(&["unknown"]));
}

/// What is dropped while we look is gone, and takes nothing with it.
#[test]
fn tables_that_come_and_go() {
    let database = Database::new();
    database.sql(
        "create table stays (id serial primary key, x text); create index on stays (lower(x))",
    );
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut client = database.client();
            while !is_over.load(Relaxed) {
                client.batch_execute("create table goes (id serial primary key, x text); alter table goes add check (x <> '') not valid").unwrap();
                client.batch_execute("create index on goes (lower(x)); create materialized view v as table goes").unwrap();
                client.batch_execute("drop table goes cascade").unwrap();
            }
        });
        let looks: Vec<_> = (0..3).map(|_| everything(&database)).collect();
        is_over.store(true, Relaxed);
        for lost in looks {
            assert!(lost.is_empty(), "{lost:#?}");
        }
    });
}
