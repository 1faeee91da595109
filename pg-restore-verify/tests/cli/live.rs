//! The same checks on a running database, which is only looked at.

use std::fs;

use tests::{Database, Output, ToolCommand, tool};

use crate::backups::{failed, shop};
use crate::checks::of;

fn live(database: &Database) -> ToolCommand {
    let run = tool("pg-restore-verify").arg("--live");
    run.arg(database.conninfo())
}

#[track_caller]
fn expect_verdict(output: &Output, status: &str, code: i32) {
    assert_eq!(of(output, "verdict")[0].0, status, "{output:?}");
    assert_eq!(output.code(), Some(code), "{output:?}");
}

#[test]
fn a_sound_database_is_sound() {
    let shop = shop();
    shop.sql("create schema ext; create extension amcheck schema ext");
    for options in [&[][..], &["--deep", "-j3"]] {
        let output = live(&shop).args(options).run();
        expect_verdict(&output, "ok", 0);
        for check in [
            "foreign_keys",
            "indexes",
            "btrees",
            "sequence_columns",
            "check_constraints",
        ] {
            assert_eq!(of(&output, check)[0].0, "ok", "{check}\n{output:?}");
        }
        let verdict = &of(&output, "verdict")[0].2;
        assert!(verdict.contains("foreign key"), "{verdict}");
        // None of the server's own for long values.
        assert!(verdict.contains(", 4 unique keys,"), "{verdict}");
    }
}

/// A fault tells more than what could not be looked at, for want of amcheck here.
#[test]
fn a_fault_is_told_from_what_could_not_be_looked_at() {
    let database = Database::new();
    database.sql("create table t (a int primary key); create index t_a on t (a)");
    let output = live(&database).run();
    expect_verdict(&output, "skipped", 2);
    database.sql("update pg_index set indisvalid = false where indexrelid = 't_a'::regclass");
    let output = live(&database).run();
    assert_eq!(of(&output, "btrees")[0].0, "skipped", "{output:?}");
    expect_verdict(&output, "failed", 1);
    // Also where our session ends before all was looked at.
    let killer = "SELECT pg_terminate_backend(pg_backend_pid()) = t";
    let output = live(&database).args(["--expect", killer]).run();
    expect_verdict(&output, "failed", 1);
}

#[test]
fn every_fault_is_found() {
    let database = Database::new();
    database.sql(
        "create extension amcheck;
         create table parent (id serial primary key);
         insert into parent (id) select generate_series(1, 10);
         create sequence used_up maxvalue 2;
         select nextval('used_up'), nextval('used_up');
         create table child (id int, parent int references parent);
         insert into child select i, i from generate_series(1, 10) i;
         alter table child disable trigger all;
         insert into child values (11, 4711), (1, null);
         alter table child enable trigger all;
         create table loose (parent int);
         insert into loose values (4712);
         alter table loose add foreign key (parent) references parent not valid;
         alter table loose add constraint small check (parent < 10) not valid;
         alter table loose add constraint large check (parent > 10) not valid;
         create function key(a int) returns int immutable language sql as 'select a';
         create index child_key on child (key(id));
         create or replace function key(a int) returns int immutable language sql as 'select -a';
         create collation german (provider = icu, locale = 'de');
         create table words (word text collate german primary key);
         update pg_collation set collversion = '1.2' where collname = 'german'",
    );
    // One that could not be built.
    let unique = "create unique index concurrently child_id on child (id)";
    database.client().batch_execute(unique).unwrap_err();
    let output = live(&database).arg("--deep").run();
    expect_verdict(&output, "failed", 1);
    let expected = [
        "foreign_keys public.child child_parent_fkey",
        "foreign_keys public.loose loose_parent_fkey",
        "check_constraints public.loose small",
        "indexes public.child_id",
        "btrees public.child_key",
        "sequence_columns public.parent_id_seq",
        "sequence_columns public.used_up",
        "collations public.german",
    ];
    assert_eq!(failed(&output), expected, "{output:?}");
    let keys = of(&output, "foreign_keys");
    assert_eq!(
        keys[0].2,
        "1 row without counterpart in public.parent: (4711)"
    );
    let collation = &of(&output, "collations")[0].2;
    assert!(
        collation.contains("ALTER COLLATION public.german REFRESH VERSION"),
        "{collation}"
    );
    let checks = of(&output, "check_constraints");
    assert_eq!(
        (checks[0].0.as_str(), checks[0].1.as_str()),
        ("skipped", "public.loose large")
    );
}

#[test]
fn nothing_is_written() {
    let database = Database::new();
    database.sql(
        "create extension amcheck;
         create table log (at text);
         create function writes() returns int language plpgsql
             as 'begin insert into log values (''x''); return 1; end';
         create function asks(a int) returns boolean language plpgsql
             as 'begin perform nextval(''asked''); return a > 0; end';
         create sequence asked;
         create table t (a int check (asks(a)), b int);
         insert into t values (1);
         alter table t add constraint b check (asks(b)) not valid",
    );
    let calls = database.value("select last_value from asked");
    let writes = [
        "select writes() = 1",
        "select set_config('transaction_read_only', 'off', false) || writes() = off1",
        "select set_config('default_transaction_read_only', 'off', false) || writes() = off1",
        "commit; insert into log values ('y') = 1",
        "insert into log values ('y') returning 1 = 1",
        "with i as (insert into log values ('y') returning 1) select 1 = 1",
        "create table made () = 1",
    ];
    let run = writes
        .iter()
        .fold(live(&database), |run, text| run.args(["--expect", text]));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("checks.sql");
    fs::write(
        &file,
        "SELECT writes();\nSELECT nextval('asked') WHERE false;",
    )
    .unwrap();
    let output = run.arg("--checks").arg(&file).run();
    expect_verdict(&output, "failed", 1);
    let own = of(&output, "expect");
    assert_eq!(own.len(), writes.len() + 2, "{output:?}");
    let passed = own.iter().filter(|(status, _, _)| status != "failed");
    assert_eq!(passed.count(), 1, "{output:?}");
    assert_eq!(database.value("select count(*) from log"), "0");
    assert_eq!(database.value("select last_value from asked"), calls);
    assert_eq!(database.value("select to_regclass('made') is null"), "t");
    let trusted = of(&output, "check_constraints");
    assert_eq!(trusted.len(), 2, "{output:?}");
    assert!(
        trusted[0].2.contains("calls functions of the database"),
        "{output:?}"
    );
}

/// EXCLUSIVE lets nothing through but ACCESS SHARE.
#[test]
fn no_lock_keeps_anybody_from_writing() {
    let shop = shop();
    shop.sql("create extension amcheck");
    let mut holder = shop.client();
    let mut held = holder.transaction().unwrap();
    held.batch_execute("lock table app.customers, app.orders, public.notes in exclusive mode")
        .unwrap();
    let output = live(&shop).arg("--deep").run();
    expect_verdict(&output, "ok", 0);
}

#[test]
fn a_lock_is_not_waited_for_in_vain() {
    let shop = shop();
    shop.sql("create extension amcheck");
    let mut holder = shop.client();
    let mut held = holder.transaction().unwrap();
    held.batch_execute("lock table app.orders in access exclusive mode")
        .unwrap();
    let conninfo = format!("{} options='-c lock_timeout=50ms'", shop.conninfo());
    let output = tool("pg-restore-verify").args(["--live", &conninfo]).run();
    expect_verdict(&output, "skipped", 2);
    let keys = of(&output, "foreign_keys");
    assert!(
        keys.iter()
            .any(|(status, _, why)| status == "skipped" && why.contains("lock timeout")),
        "{output:?}"
    );
}

#[test]
fn a_missing_right_is_named() {
    let shop = shop();
    shop.sql("create extension amcheck");
    let role = format!("reader_{}", shop.name());
    shop.sql(&format!("create role {role} login"));
    let conninfo = format!("{} user={role}", shop.conninfo());
    let run = || tool("pg-restore-verify").args(["--live", &conninfo]).run();
    let output = run();
    expect_verdict(&output, "skipped", 2);
    assert_eq!(of(&output, "indexes")[0].0, "ok", "{output:?}");
    for (check, words) in [
        ("foreign_keys", "permission denied"),
        ("foreign_keys", "pg_read_all_data"),
        ("btrees", "GRANT EXECUTE"),
    ] {
        let (status, _, why) = &of(&output, check)[0];
        assert_eq!(status, "skipped", "{output:?}");
        assert!(why.contains(words), "{why}");
    }
    // 13 has no such role.
    let everything = match tests::cluster().version().major {
        ..14 => {
            "grant usage on schema app to ROLE; grant select on all tables in schema public, app to ROLE;
             grant select on all sequences in schema public, app to ROLE"
        }
        _ => "grant pg_read_all_data to ROLE",
    };
    shop.sql(&everything.replace("ROLE", &role));
    shop.sql(&format!(
        "grant execute on all functions in schema public to {role}"
    ));
    // Whose policies would hide rows from it is not looked at.
    shop.sql("alter table app.log disable row level security");
    expect_verdict(&run(), "ok", 0);
    shop.sql("alter table app.customers enable row level security");
    let output = run();
    expect_verdict(&output, "skipped", 2);
    let why = &of(&output, "foreign_keys")[0].2;
    assert!(why.contains("row-level security"), "{why}");
    let remedy = format!("ALTER ROLE \"{role}\" BYPASSRLS");
    assert!(why.contains(&remedy), "{why}");
    assert!(!why.contains("GRANT"), "{why}");
    shop.sql(&remedy);
    expect_verdict(&run(), "ok", 0);
    shop.sql(&format!("drop owned by {role}; drop role {role}"));
}

/// Whoever looks may be a superuser, and what a function does nobody knows.
#[test]
fn no_function_of_the_database_is_run() {
    let database = Database::new();
    database.sql(
        "create extension amcheck;
         create type e as enum ('a');
         create function f(e) returns int4 language plpgsql as 'begin return 1; end';
         create cast (e as int4) with function f(e) as implicit;
         create domain d as e;
         create table parent (id int4 primary key); insert into parent values (1);
         create table child (x e constraint cast_key references parent); insert into child values ('a');
         create table plain (x int8 constraint plain_key references parent); insert into plain values (1);
         create function ok(int) returns bool language sql as 'select true';
         create table c (a int constraint own check (ok(a)) constraint other check (ok(a)),
             b int constraint late check (b > 0));
         insert into c values (1, 1);
         create or replace function f(e) returns int4 language plpgsql
             as 'begin raise exception ''called''; end';
         create or replace function ok(int) returns bool language plpgsql
             as 'begin raise exception ''called''; end'",
    );
    let output = live(&database).run();
    // The key was not looked at; the constraints were when their rows came.
    expect_verdict(&output, "skipped", 2);
    assert!(output.stderr.contains("as the superuser"), "{output:?}");
    assert!(output.stderr.contains("pg_read_all_data"), "{output:?}");
    assert!(!output.stdout.contains("called"), "{output:?}");
    let keys = of(&output, "foreign_keys");
    assert_eq!(
        (keys[0].0.as_str(), keys[0].1.as_str()),
        ("skipped", "public.child cast_key")
    );
    assert!(keys[0].2.contains("not looked at"), "{output:?}");
    assert_eq!((keys[1].0.as_str(), keys.len()), ("ok", 2), "{output:?}");
    let checks = of(&output, "check_constraints");
    assert_eq!(
        (checks[0].0.as_str(), checks[0].1.as_str()),
        ("skipped", "public.c")
    );
    assert!(
        checks[0].2.starts_with("2 valid constraints not looked at"),
        "{output:?}"
    );
    assert_eq!(
        (checks[1].0.as_str(), checks.len()),
        ("ok", 2),
        "{output:?}"
    );
}

#[test]
fn amcheck_that_is_missing_is_named() {
    let output = live(&shop()).run();
    expect_verdict(&output, "skipped", 2);
    assert!(
        of(&output, "btrees")[0]
            .2
            .contains("CREATE EXTENSION amcheck"),
        "{output:?}"
    );
}

/// Sets a flag of the catalogue, which no constraint is asked about.
fn flag(database: &Database, index: &str, flag: &str, value: bool) {
    database.sql(&format!(
        "update pg_index set {flag} = {value} where indexrelid = '{index}'::regclass"
    ));
}

#[test]
fn rows_that_a_constraint_would_not_take_are_found() {
    let database = Database::new();
    database.sql(
        "create extension amcheck;
         create table nulls (id int not null, a int, b int); insert into nulls values (1, null, 2), (2, 1, 3);
         update pg_attribute set attnotnull = true
             where attrelid = 'nulls'::regclass and attname in ('a', 'b');
         create table twice (a varchar(9), b int, constraint twice_key unique (a, b));
         create table other (r int4range, constraint other_key exclude using gist (r with &&));
         create domain amount as int; create domain price as amount;
         create table goods (id int, cost price); insert into goods values (1, -1), (2, 2), (3, null);
         alter domain amount add constraint positive check (value > 0) not valid;
         alter domain price add constraint small check (value < 2) not valid;
         alter domain price add constraint large check (value < 9) not valid;
         update pg_constraint set convalidated = true where conname = 'positive'",
    );
    flag(&database, "twice_key", "indisunique", false);
    flag(&database, "other_key", "indisexclusion", false);
    database.sql(
        "insert into twice values ('a', 1), ('b', 1), ('a', 1), ('b', 2), ('a', null), ('a', null);
         insert into other values ('[1,5)'), ('[3,9)'), ('[9,10)'), (null), (null)",
    );
    flag(&database, "twice_key", "indisunique", true);
    flag(&database, "other_key", "indisexclusion", true);
    let output = live(&database).run();
    expect_verdict(&output, "failed", 1);
    let expected = [
        "check_constraints public.goods positive of public.amount, in column cost",
        "check_constraints public.goods small of public.price, in column cost",
        "check_constraints public.nulls NOT NULL a",
        "unique_keys public.other other_key",
        "unique_keys public.twice twice_key",
    ];
    assert_eq!(failed(&output), expected, "{output:?}");
    let keys = of(&output, "unique_keys");
    assert_eq!(keys[0].2, "2 rows are excluded by another");
    assert_eq!(keys[1].2, "1 row is the same as another");
    let checks = of(&output, "check_constraints");
    let large = checks
        .iter()
        .find(|(_, object, _)| object.contains("large"));
    assert_eq!(large.unwrap().0, "skipped", "{checks:?}");
    // A domain's NOT NULL.
    database.sql("update pg_type set typnotnull = true where typname = 'amount'");
    let output = live(&database).run();
    let object = "check_constraints public.goods NOT NULL of public.amount, in column cost";
    assert!(failed(&output).contains(&object.to_string()), "{output:?}");
}

#[test]
fn what_domains_refuse_is_found_within_arrays_composites_and_ranges() {
    let database = Database::new();
    database.sql(
        "create extension amcheck;
         create domain word as text; create domain price as int; create domain prices as price[];
         create type \"Line\" as (\"The price\" price, words word[], n int);
         create type span as range (subtype = price);
         create table t (id int, w word[], l \"Line\"[], p prices, s span);
         insert into t values (1, array['a', ''], null, '{1}', '[1,9)'), (2, '{}', array[row(-1, null, 1)]::\"Line\"[], '{-1}', null),
             (3, null, array[null, row(1, array[null], null)]::\"Line\"[], null, '[-3,)'), (4, null, null, null, 'empty');
         alter domain word add constraint full_word check (value <> '') not valid;
         alter domain price add constraint positive check (value > 0) not valid;
         update pg_constraint set convalidated = true where conname in ('full_word', 'positive');
         update pg_type set typnotnull = true where typname = 'word'",
    );
    let output = live(&database).run();
    expect_verdict(&output, "failed", 1);
    let expected = [
        "check_constraints public.t full_word of public.word, in column w",
        "check_constraints public.t positive of public.price, in column l",
        "check_constraints public.t NOT NULL of public.word, in column l",
        "check_constraints public.t positive of public.price, in column p",
        "check_constraints public.t positive of public.price, in column s",
    ];
    assert_eq!(failed(&output), expected, "{output:?}");
    database.sql("delete from t where id < 4; insert into t values (5, '{a}', array[row(1, '{b}', null), null]::\"Line\"[], '{1,2}', '(,3)')");
    let output = live(&database).run();
    assert_eq!(failed(&output), [""; 0], "{output:?}");
}

#[test]
fn no_key_is_suspected_wrongly() {
    let database = Database::new();
    let major = tests::cluster().version().major;
    let nulls = match major >= 15 {
        true => "create unique index nulls on t (d, e) nulls not distinct",
        false => "create unique index nulls on t (d, e)",
    };
    database.sql(&format!(
        "create extension amcheck; create extension citext; create extension btree_gist;
         create table t (a text, b varchar(9) collate \"POSIX\", c numeric, d int, e int[], f citext, g point,
             h int4range, \"K k\" date, unique (a, d) deferrable initially deferred,
             exclude using gist (d with =, h with &&) where (c > 1), exclude using gist (g with ~=));
         create unique index on t (b desc nulls last, d) include (a);
         create unique index on t (lower(a), \"K k\") where d > 2;
         create unique index on t (a collate \"C\", c desc);
         create unique index on t (e, h); create unique index on t (f);
         {nulls};
         insert into t select 'a' || i, case i % 3 when 0 then null else 'b' || i end, i / 10.0, i,
             array[i, null], case i % 5 when 0 then null else 'c' || i end, point(i, i), int4range(i, i + 2), '2026-01-01'
             from generate_series(1, 200) i;
         create domain word as text not null check (value <> ''); create table words (w word[], v word);
         insert into words values (null, 'x');
         create type pair as (a int, b int); create table pairs (p pair not null);
         insert into pairs values (row(null, null));
         create function own(text) returns text immutable language plpgsql
             as 'begin if current_setting(''application_name'') like ''pg-restore%'' then
                 raise exception ''called''; end if; return $1; end';
         create table calls (a text); create unique index on calls (own(a)); insert into calls values ('x');
         create table parts (a int, b int, unique (a, b)) partition by list (a);
         create table part1 partition of parts for values in (1);
         create table part2 partition of parts for values in (2);
         insert into parts values (1, 1), (2, 1);
         create materialized view seen as select a from t; create unique index on seen (a);
         create materialized view empty as select a from t with no data; create unique index on empty (a)"
    ));
    let output = live(&database).run();
    assert_eq!(failed(&output), [""; 0], "{output:?}");
    let keys = of(&output, "unique_keys");
    let seen: Vec<&str> = keys.iter().map(|(status, ..)| status.as_str()).collect();
    assert_eq!(seen, ["skipped", "ok"], "{output:?}");
    assert!(keys[0].1.starts_with("public.calls "), "{keys:?}");
    assert!(!output.stdout.contains("called"), "{output:?}");
}
