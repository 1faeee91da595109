//! Integer keys, foreign keys that are too narrow, triggers that are off.

use serde_json::{Value, json};
use tests::{Database, eventually};

use crate::ground::{asked, found, set};

const WATCHER: &str = "do $$ begin create role key_watch login in role pg_monitor; exception when duplicate_object then null; end $$";

#[test]
fn integer_keys_that_applications_fill() {
    let database = Database::new();
    database.sql(WATCHER);
    assert_eq!(found(&database, "integer_keys", &[]), set(&["ok"]));
    database.sql("
        create table wide (id bigint primary key);
        create table served (id serial primary key); insert into served values (2147483000);
        create table by_hand (id int primary key); insert into by_hand select 1900000000 + i from generate_series(1, 1000) i;
        create table far (id int primary key); insert into far select i from generate_series(1, 1000) i;
        create table small (kind smallint, n int, unique (kind, n)); insert into small select 32000, i from generate_series(1, 1000) i;
        create table \"Child\" (wide_id int references wide); insert into wide values (7), (2140000000); insert into \"Child\" values (7), (2140000000);
        create table same (far_id int references far);
        create table parts (id int primary key) partition by range (id);
        create table part1 partition of parts for values from (0) to (2147483647); insert into parts values (7), (2100000000);
        create table plain (i int); insert into plain values (2147483647)");
    // Nobody has looked at the values yet; before 14 counters alone tell that there are some.
    eventually("the rows are counted", || {
        found(&database, "integer_keys", &[]) == set(&["unknown"])
    });
    database.sql("analyze");
    let expected = [
        "warning public.by_hand.id",
        "critical public.small.kind",
        "critical public.\"Child\".wide_id",
        "critical public.parts.id",
    ];
    assert_eq!(found(&database, "integer_keys", &[]), set(&expected));
    let rows = asked(&database, &["keys"])
        .run()
        .expect_code(0)
        .json_lines();
    let row = rows
        .iter()
        .find(|row| row["table"] == "public.by_hand")
        .unwrap();
    assert_eq!(
        (&row["largest_value"], &row["type"]),
        (&json!(1_900_001_000), &json!("integer"))
    );
    assert_eq!(
        found(&database, "narrow_foreign_keys", &[]),
        set(&["warning public.\"Child\" Child_wide_id_fkey"])
    );
    let as_watcher = |arguments: &[&str]| {
        let run = asked(&database, arguments).env("PGUSER", "key_watch").run();
        run.json_lines()
    };
    let blind = as_watcher(&["--only", "integer_keys"]);
    assert_eq!(
        (blind.len(), &blind[0]["status"]),
        (1, &Value::from("unknown")),
        "{blind:?}"
    );
    database.sql("grant select on all tables in schema public to key_watch");
    assert_eq!(as_watcher(&["--only", "integer_keys"]).len(), 4);
    database.sql("drop owned by key_watch");
    let remedy = asked(&database, &["--only", "narrow_foreign_keys"])
        .run()
        .json_lines()[0]["remedy"]
        .as_str()
        .unwrap()
        .to_string();
    database.sql(&remedy[remedy.find("ALTER").unwrap()..]);
    assert_eq!(found(&database, "narrow_foreign_keys", &[]), set(&["ok"]));
    assert!(!found(&database, "integer_keys", &[]).contains("critical public.\"Child\".wide_id"));
}

#[test]
fn triggers_that_are_off() {
    let database = Database::new();
    database.sql("
        create function f() returns trigger language plpgsql as 'begin return new; end';
        create table p (id int primary key); create table c (id int constraint points references p);
        create table t (i int); create trigger \"On\" before insert on t for each row execute function f();
        create trigger plain before insert on t for each row execute function f();
        create table parts (id int) partition by range (id); create table part1 partition of parts for values from (0) to (10);
        create trigger each_row after insert on parts for each row execute function f()");
    assert_eq!(found(&database, "disabled_triggers", &[]), set(&["ok"]));
    database.sql("alter table t disable trigger \"On\"; alter table c disable trigger all; alter table parts disable trigger each_row");
    let expected = [
        "warning public.t \"On\"",
        "warning public.c points",
        "warning public.parts each_row",
    ];
    assert_eq!(found(&database, "disabled_triggers", &[]), set(&expected));
    let critical = found(
        &database,
        "disabled_triggers",
        &["--crit", "disabled_triggers:public.c*=1"],
    );
    assert!(
        critical.contains("critical public.c points"),
        "{critical:?}"
    );
    for record in asked(&database, &["--only", "disabled_triggers"])
        .run()
        .json_lines()
    {
        let remedy = record["remedy"].as_str().unwrap();
        let sql = &remedy[remedy.find("ALTER").unwrap()..];
        database.sql(&sql[..=sql.find(';').unwrap()]);
    }
    assert_eq!(found(&database, "disabled_triggers", &[]), set(&["ok"]));
}

#[test]
fn statistics_that_the_planner_is_misled_by() {
    let database = Database::new();
    database.sql("create table t (i int); insert into t select generate_series(1, 20000); create table calm (i int)");
    database.sql("analyze");
    assert_eq!(found(&database, "stale_statistics", &[]).len(), 1);
    database.sql("update t set i = i + 1");
    eventually("the changes are counted", || {
        found(&database, "stale_statistics", &[]) == set(&["warning public.t"])
    });
    let crit = ["--crit", "stale_statistics=3"];
    assert_eq!(
        found(&database, "stale_statistics", &crit),
        set(&["critical public.t"])
    );
    database.sql("alter table t set (autovacuum_analyze_threshold = 15000)");
    assert_eq!(
        found(&database, "stale_statistics", &[]),
        set(&["ok public.t"])
    );
    database.sql("alter table t reset (autovacuum_analyze_threshold)");
    let remedy = asked(&database, &["--only", "stale_statistics"])
        .run()
        .json_lines()[0]["remedy"]
        .as_str()
        .unwrap()
        .to_string();
    database.sql(&remedy);
    eventually("the remedy helped", || {
        !found(&database, "stale_statistics", &[]).contains("warning public.t")
    });
}
