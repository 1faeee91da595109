//! What must hold in a restored database besides being what the backup holds.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tests::{Database, Output, ToolCommand, tool};

use crate::backups::{dump, expect_verdict, failed, plain, shop};

fn verify(path: &Path) -> ToolCommand {
    tool("pg-restore-verify").arg(path)
}

/// Verifies a plain dump of the database, changed.
fn verify_changed(database: &Database, change: impl Fn(String) -> String) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup.sql");
    fs::write(&path, change(plain(database, &[]))).unwrap();
    verify(&path).run()
}

/// Verifies a custom archive of the database, with options for the tool.
fn verify_whole(database: &Database, options: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup.dump");
    dump(database, &["-Fc"], &path);
    verify(&path).args(options).run()
}

/// The records of a check, as status, object and message.
#[track_caller]
pub fn of(output: &Output, check: &str) -> Vec<(String, String, String)> {
    let text = |record: &Value, field: &str| record[field].as_str().unwrap_or("").to_string();
    let records = output.json_lines();
    let records = records.iter().filter(|record| record["check"] == check);
    records
        .map(|record| {
            let message = text(record, "message");
            (text(record, "status"), text(record, "object"), message)
        })
        .collect()
}

/// Statements at the end of the script, beneath an entry whose own nobody compares.
fn meddled(script: &str, sql: &str) -> String {
    let closing = "--\n-- PostgreSQL database dump complete";
    let entry = "-- Data for Name: x; Type: TABLE DATA; Schema: -; Owner: -";
    let meddled = script.replacen(closing, &format!("{entry}\n\n{sql}\n\n{closing}"), 1);
    assert_ne!(meddled, script);
    meddled
}

#[test]
fn all_of_a_good_backup_holds() {
    let shop = shop();
    let output = verify_whole(&shop, &["--deep"]);
    expect_verdict(&output, "ok");
    for check in [
        "foreign_keys",
        "indexes",
        "btrees",
        "sequence_columns",
        "check_constraints",
    ] {
        let records = of(&output, check);
        assert_eq!(records.len(), 1, "{check}\n{output:?}");
        assert_eq!(records[0].0, "ok", "{check}\n{output:?}");
    }
}

/// Keys of every kind, with rows that only look like orphans.
const KEYS: &str = "
    create table parent (id int primary key, a int, b text, unique (a, b));
    insert into parent select i, i, 'b' || i from generate_series(1, 100) i;
    create table child (id int primary key, parent int references parent deferrable initially deferred,
        a int, b varchar(10), foreign key (a, b) references parent (a, b));
    insert into child select i, nullif(i, 7), nullif(i, 8), 'b' || i from generate_series(1, 100) i;
    -- half of a key that is not MATCH FULL
    insert into child values (200, null, 4711, null);
    create table full_child (a int, b text, foreign key (a, b) references parent (a, b) match full);
    insert into full_child values (1, 'b1'), (null, null);
    create table tree (id int primary key, up int references tree);
    insert into tree values (1, null), (2, 1), (3, 3);
    create table wide (id bigint primary key);
    insert into wide select generate_series(1, 10);
    create table narrow (wide smallint references wide, n numeric);
    insert into narrow select generate_series(1, 10);
    create table amount (n numeric primary key);
    insert into amount values (1.0), (2);
    create table whole (n int references amount);
    insert into whole values (1), (2);
    create table padded (c char(5) primary key);
    insert into padded values ('a'), ('b');
    create table paddings (c char(9) references padded);
    insert into paddings values ('a'), ('b');
    create domain code as text check (value <> '');
    create table coded (c code primary key);
    insert into coded values ('x');
    create table codes (c varchar references coded, e text[]);
    insert into codes values ('x');
    create table listed (l int[] primary key);
    insert into listed values ('{1,2}');
    create table lists (l int[] references listed);
    insert into lists values ('{1,2}');
    create type mood as enum ('good', 'bad');
    create table moods (m mood primary key);
    insert into moods values ('good');
    create table felt (m mood references moods);
    insert into felt values ('good');
    create table german (t text collate \"C\" primary key);
    insert into german values ('ä');
    create table words (t text collate \"POSIX\" references german);
    insert into words values ('ä');
    create table events (id int, day date, primary key (id, day)) partition by range (day);
    create table events_1 partition of events for values from ('2026-01-01') to ('2026-02-01');
    create table events_2 partition of events for values from ('2026-02-01') to ('2026-03-01');
    insert into events select i, date '2026-01-01' + i from generate_series(0, 50) i;
    create table visits (id int, event int, day date,
        foreign key (event, day) references events) partition by hash (id);
    create table visits_1 partition of visits for values with (modulus 2, remainder 0);
    create table visits_2 partition of visits for values with (modulus 2, remainder 1);
    insert into visits select i, i, date '2026-01-01' + i from generate_series(0, 50) i;
    create table base (id int primary key, parent int references parent);
    create table derived () inherits (base);
    -- a key is not inherited
    insert into derived values (1, 4711);
    create unlogged table passing (parent int references parent);
    insert into passing values (1);
";

#[test]
fn no_foreign_key_is_suspected_wrongly() {
    let database = Database::new();
    database.sql(KEYS);
    let output = verify_whole(&database, &[]);
    expect_verdict(&output, "ok");
    let records = of(&output, "foreign_keys");
    assert_eq!(records.len(), 1, "{output:?}");
    let counted = output.json_lines();
    let counted = counted
        .iter()
        .find(|record| record["check"] == "foreign_keys");
    assert_eq!(counted.unwrap()["actual"], "14 foreign keys", "{output:?}");
}

#[test]
fn orphans_of_every_key_are_found() {
    let database = Database::new();
    database.sql(KEYS);
    // Nothing but the rows differs: keys are trusted by the catalogue.
    let orphans = [
        (
            "public.child child_parent_fkey",
            "update child set parent = 4711 where id = 1",
        ),
        (
            "public.child child_a_b_fkey",
            "update child set b = 'nope' where id = 2",
        ),
        (
            "public.full_child full_child_a_b_fkey",
            "insert into full_child values (null, 'b1')",
        ),
        (
            "public.tree tree_up_fkey",
            "update tree set up = 9 where id = 2",
        ),
        (
            "public.narrow narrow_wide_fkey",
            "delete from wide where id = 3",
        ),
        ("public.whole whole_n_fkey", "insert into whole values (3)"),
        (
            "public.paddings paddings_c_fkey",
            "insert into paddings values ('c')",
        ),
        (
            "public.codes codes_c_fkey",
            "insert into codes values ('y')",
        ),
        (
            "public.lists lists_l_fkey",
            "insert into lists values ('{2,1}')",
        ),
        ("public.felt felt_m_fkey", "insert into felt values ('bad')"),
        (
            "public.words words_t_fkey",
            "insert into words values ('ö')",
        ),
        (
            "public.visits visits_event_day_fkey",
            "delete from only events_1 where id = 3",
        ),
        (
            "public.base base_parent_fkey",
            "insert into base values (7, 4711)",
        ),
        (
            "public.passing passing_parent_fkey",
            "insert into passing values (4711)",
        ),
    ];
    let script = plain(&database, &[]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup.sql");
    let all: Vec<&str> = orphans.iter().map(|(_, sql)| *sql).collect();
    let sql = format!(
        "SET search_path = public;\nSET session_replication_role = replica;\n{};\n\
         RESET session_replication_role;\nSET search_path = '';",
        all.join(";\n")
    );
    fs::write(&path, meddled(&script, &sql)).unwrap();
    let output = verify(&path).run();
    expect_verdict(&output, "failed");
    let found = of(&output, "foreign_keys");
    for (key, sql) in orphans {
        let found = found.iter().find(|(_, object, _)| object == key);
        let Some((status, _, message)) = found else {
            panic!("{sql}: no orphan of {key}\n{output:?}");
        };
        assert_eq!(status, "failed", "{sql}\n{output:?}");
        assert!(message.contains("without counterpart"), "{message}");
    }
    assert_eq!(found.len(), orphans.len(), "{output:?}");
}

/// A key that is not valid may have orphans: the backup is as good as its source.
#[test]
fn what_came_with_the_data_is_shown_and_no_fault_of_the_backup() {
    let database = Database::new();
    database.sql(
        "create table parent (id serial primary key);
         insert into parent (id) select generate_series(1, 10);
         create table child (id int, parent int);
         insert into child values (1, 1), (2, 4711), (3, 4712);
         alter table child add constraint loose foreign key (parent) references parent not valid;
         alter table child add constraint sound foreign key (id) references parent not valid;
         alter table child add constraint small check (parent < 100) not valid;",
    );
    let output = verify_whole(&database, &[]);
    expect_verdict(&output, "ok");
    let keys = of(&output, "foreign_keys");
    assert_eq!(keys.len(), 2, "{output:?}");
    assert_eq!(
        (keys[0].0.as_str(), keys[0].1.as_str()),
        ("skipped", "public.child loose")
    );
    assert_eq!(
        keys[0].2,
        "NOT VALID; 2 rows without counterpart in public.parent: (4711), (4712)"
    );
    assert_eq!(
        (keys[1].0.as_str(), keys[1].1.as_str()),
        ("skipped", "public.child sound")
    );
    assert!(
        keys[1].2.contains("every row finds its counterpart"),
        "{output:?}"
    );
    let checks = of(&output, "check_constraints");
    assert_eq!(
        checks[0].2, "NOT VALID; 2 rows do not meet it",
        "{output:?}"
    );
    let behind = of(&output, "sequence_columns");
    assert_eq!(behind[0].0, "skipped", "{output:?}");
    assert!(
        behind[0]
            .2
            .contains("behind public.parent.id: it gives 1 next, and 10 is in use"),
        "{output:?}"
    );
    let verdict = &of(&output, "verdict")[0].2;
    assert!(
        verdict.contains("as in the source, public.child loose"),
        "{verdict}"
    );
}

#[test]
fn sequences_are_behind_only_where_a_number_is_met_again() {
    let database = Database::new();
    database.sql(
        "create table right_up (id serial, n int generated always as identity, text text);
         insert into right_up (text) select 'x' from generate_series(1, 20);
         create sequence falling increment -1;
         create table falls (id bigint default nextval('falling'));
         insert into falls select from generate_series(1, 5);
         create sequence round maxvalue 5 cycle;
         create table goes_round (id int default nextval('round'));
         insert into goes_round select from generate_series(1, 12);
         create sequence odd increment 2 start 1;
         create table shared_ids (id int primary key default nextval('odd'));
         insert into shared_ids values (default), (2), (4), (6);
         create sequence bounded maxvalue 1000;
         create table beyond (id int default nextval('bounded'));
         insert into beyond values (5000);
         create sequence finished maxvalue 3;
         create table full_up (id smallint default nextval('finished'));
         insert into full_up select from generate_series(1, 3);
         create sequence sunk increment -2 minvalue -3;
         select nextval('sunk'), nextval('sunk');
         create sequence at_its_last minvalue 2 maxvalue 3 start 3;
         create sequence once_more maxvalue 2 cycle;
         select nextval('once_more'), nextval('once_more');
         create sequence prefixed;
         create table invoices (id text default 'INV' || nextval('prefixed'), n int default nextval('prefixed') * 10);
         insert into invoices (n) values (999999);
         create table parts (id bigint generated by default as identity, day date) partition by list (day);
         create table parts_1 partition of parts for values in ('2026-01-01');
         insert into parts (day) select '2026-01-01' from generate_series(1, 9);
         create table empty (id serial);
         create sequence largest start 9223372036854775806;
         create table large (id bigint default nextval('largest'));
         insert into large values (default), (default);",
    );
    let output = verify_whole(&database, &[]);
    expect_verdict(&output, "ok");
    let at_their_end = |records: Vec<(String, String, String)>| {
        let is_at_end = |(_, _, message): &(String, String, String)| message.contains("at its end");
        records.into_iter().partition::<Vec<_>, _>(is_at_end)
    };
    let (ended, records) = at_their_end(of(&output, "sequence_columns"));
    let ended: Vec<&str> = ended.iter().map(|(_, name, _)| name.as_str()).collect();
    let expected = ["public.finished", "public.largest", "public.sunk"];
    assert_eq!(ended, expected, "{output:?}");
    assert_eq!(records.len(), 1, "{output:?}");
    assert_eq!(records[0].0, "ok", "{output:?}");
    database.sql(
        "insert into right_up (id, n) overriding system value values (100, 200);
         insert into falls values (-77);
         insert into shared_ids values (99);
         insert into parts values (50, '2026-01-01');
         select setval('bounded', 7);
         insert into beyond values (8);",
    );
    let output = verify_whole(&database, &[]);
    expect_verdict(&output, "ok");
    let behind: Vec<(String, String)> = at_their_end(of(&output, "sequence_columns"))
        .1
        .into_iter()
        .filter(|(status, _, _)| status == "skipped")
        .map(|(_, sequence, message)| (sequence, message.split(';').next().unwrap().to_string()))
        .collect();
    let expected = [
        (
            "public.bounded",
            "is behind public.beyond.id: it gives 8 next, and 8 is in use",
        ),
        (
            "public.falling",
            "is behind public.falls.id: it gives -6 next, and -77 is in use",
        ),
        (
            "public.odd",
            "is behind public.shared_ids.id: it gives 3 next, and 99 is in use",
        ),
        (
            "public.parts_id_seq",
            "is behind public.parts.id: it gives 10 next, and 50 is in use",
        ),
        (
            "public.right_up_id_seq",
            "is behind public.right_up.id: it gives 21 next, and 100 is in use",
        ),
        (
            "public.right_up_n_seq",
            "is behind public.right_up.n: it gives 21 next, and 200 is in use",
        ),
    ];
    let expected: Vec<_> = expected
        .iter()
        .map(|(a, b)| (a.to_string(), b.to_string()))
        .collect();
    assert_eq!(behind, expected, "{output:?}");
}

#[test]
fn collations_are_of_the_version_that_ordered_what_was_restored() {
    let database = Database::new();
    database.sql(
        "create collation german (provider = icu, locale = 'de');
         create table words (word text collate german primary key);
         insert into words values ('ä'), ('z')",
    );
    let output = verify_whole(&database, &[]);
    expect_verdict(&output, "ok");
    let told = of(&output, "collations");
    assert_eq!((told.len(), told[0].0.as_str()), (1, "ok"), "{output:?}");
    let output = verify_changed(&database, |script| {
        let other =
            "update pg_catalog.pg_collation set collversion = '1.2' where collname = 'german';";
        meddled(&script, other)
    });
    expect_verdict(&output, "failed");
    assert_eq!(failed(&output), ["collations public.german"], "{output:?}");
}

/// Without a manifest, the column tells what was lost with the position.
#[test]
fn a_position_that_the_backup_lost_is_found_by_its_column() {
    let database = Database::new();
    database.sql("create table t (id serial); insert into t select from generate_series(1, 5)");
    let output = verify_changed(&database, |script| {
        let lost = script.replacen(
            "SELECT pg_catalog.setval('public.t_id_seq', 5, true);",
            "",
            1,
        );
        assert_ne!(lost, script);
        lost
    });
    expect_verdict(&output, "failed");
    let failed = failed(&output);
    let behind = "sequence_columns public.t_id_seq".to_string();
    assert!(failed.contains(&behind), "{output:?}");
}

#[test]
fn materialized_views_are_filled_where_they_were() {
    let database = Database::new();
    database.sql(
        "create table t (id int);
         insert into t values (1);
         create materialized view filled as select * from t;
         create materialized view \"Not Filled\" as select * from t with no data;",
    );
    for format in ["-Fc", "-Fp"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("backup");
        dump(&database, &[format], &path);
        let output = verify(&path).run();
        expect_verdict(&output, "ok");
        let views = of(&output, "materialized_views");
        assert_eq!(views.len(), 2, "{output:?}");
        assert_eq!(
            (views[0].0.as_str(), views[0].1.as_str()),
            ("skipped", "public.\"Not Filled\"")
        );
        assert_eq!(views[1].0, "ok", "{output:?}");
    }
    let output = verify_changed(&database, |script| {
        let sql = "REFRESH MATERIALIZED VIEW public.filled WITH NO DATA;";
        meddled(&script, sql)
    });
    assert_eq!(
        failed(&output),
        ["materialized_views public.filled"],
        "{output:?}"
    );
}

#[test]
fn an_index_that_no_query_uses_is_found() {
    let shop = shop();
    let output = verify_changed(&shop, |script| {
        let sql = "UPDATE pg_catalog.pg_index SET indisvalid = false \
                   WHERE indexrelid = 'app.orders_by_state'::pg_catalog.regclass;";
        meddled(&script, sql)
    });
    let failed = failed(&output);
    assert!(
        failed.contains(&"indexes app.orders_by_state".to_string()),
        "{output:?}"
    );
}

/// An index over a function that came to answer otherwise: no query finds the rows by it.
#[test]
fn an_index_in_which_rows_are_missing_is_found() {
    let database = Database::new();
    database.sql(
        "create function key(a int) returns int immutable language sql as 'select a';
         create table t (a int);
         insert into t select generate_series(1, 1000);
         create index t_key on t (key(a));",
    );
    let swapped = |script: String| {
        let sql = "CREATE OR REPLACE FUNCTION public.key(a integer) RETURNS integer LANGUAGE sql \
                   IMMUTABLE AS 'select -a';";
        meddled(&script, sql)
    };
    let output = verify_changed(&database, swapped);
    assert!(
        !failed(&output)
            .iter()
            .any(|failed| failed.starts_with("btrees")),
        "{output:?}"
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup.sql");
    fs::write(&path, swapped(plain(&database, &[]))).unwrap();
    let output = verify(&path).arg("--deep").run();
    assert!(
        failed(&output).contains(&"btrees public.t_key".to_string()),
        "{output:?}"
    );
}

/// Functions find what they use by the path of the role and the database, which a restore sets aside.
#[test]
fn an_expression_index_that_needs_the_path_is_no_false_alarm() {
    let database = Database::new();
    database.sql(
        "create function helper(a text) returns text immutable language sql as 'select lower(a)';
         create function outer_one(a text) returns text immutable language plpgsql
             as 'begin return helper(a); end';
         create function is_small(a text) returns boolean immutable language plpgsql
             as 'begin return helper(a) = a; end';
         create table t (a text primary key);
         create index t_lower on t (outer_one(a));
         alter table t add constraint small check (is_small(a));
         create table u (a text references t);",
    );
    let output = verify_whole(&database, &["--deep"]);
    expect_verdict(&output, "ok");
}

#[test]
fn event_triggers_of_the_backup_see_nothing_of_the_checks() {
    let database = Database::new();
    database.sql(
        "create table t (a int primary key);
         create function no() returns event_trigger language plpgsql as 'begin raise exception ''no''; end';
         create event trigger no on ddl_command_start execute function no();",
    );
    let output = verify_whole(&database, &[]);
    expect_verdict(&output, "ok");
    assert_eq!(of(&output, "btrees")[0].0, "ok", "{output:?}");
}

#[test]
fn checks_of_rows_that_a_function_now_sees_otherwise() {
    let database = Database::new();
    database.sql("create table t (a int)");
    let output = verify_changed(&database, |script| {
        meddled(
            &script,
            "INSERT INTO public.t VALUES (5), (50), (NULL);
             ALTER TABLE public.t ADD CONSTRAINT small CHECK (a < 10) NOT VALID;
             ALTER TABLE public.t ADD CONSTRAINT large CHECK (1 / (a - 50) < 10) NOT VALID;
             UPDATE pg_catalog.pg_constraint SET convalidated = true;",
        )
    });
    assert!(
        failed(&output).contains(&"check_constraints public.t small".to_string()),
        "{output:?}"
    );
}

/// What could not be seen is not taken for sound.
#[test]
fn a_check_that_ends_in_an_error_leaves_the_backup_unproved() {
    let database = Database::new();
    database.sql(
        "create function shy(int) returns bool language plpgsql as $$ begin
             if current_query() like 'SELECT%FILTER (WHERE%' then raise exception 'too shy'; end if;
             return true; end $$;
         create table t (a int constraint shy check (shy(a))); insert into t values (1)",
    );
    let output = verify_whole(&database, &[]);
    expect_verdict(&output, "skipped");
    let verdict = output.json_lines().pop().unwrap();
    let message = verdict["message"].as_str().unwrap();
    assert!(
        message.contains("check_constraints public.t shy"),
        "{message}"
    );
    assert!(message.contains("too shy"), "{message}");
}

#[test]
fn the_users_own_checks() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup.dump");
    dump(&shop, &["-Fc"], &path);
    let file = folder.path().join("checks.sql");
    fs::write(
        &file,
        "-- check: customers\n-- expect: >= 100\nSELECT count(*) FROM app.customers;\n\n\
         -- check: no order without customer\nSELECT o.id FROM app.orders o\n\
         LEFT JOIN app.customers c ON c.id = o.customer WHERE c.id IS NULL;\n",
    )
    .unwrap();
    let good = [
        "select count(*) from app.customers >= 10",
        "select 42.0 = 42",
        "select true = true",
        "select null::text = NULL",
        "select 'a=b' = 'a=b'",
        "select now() > 2020-01-01".replace('>', ">=").leak() as &str,
    ];
    let run = verify(&path).arg("--checks").arg(&file);
    let run = good
        .iter()
        .fold(run, |run, text| run.args(["--expect", text]));
    let output = run.run();
    expect_verdict(&output, "ok");
    let own = of(&output, "expect");
    assert_eq!(own.len(), good.len() + 2, "{output:?}");
    assert!(
        own.iter().all(|(status, _, _)| status == "ok"),
        "{output:?}"
    );
    assert_eq!(own.last().unwrap().1, "no order without customer");
    fs::write(
        &file,
        "-- check: none\nSELECT id, 'x' FROM app.customers ORDER BY id;",
    )
    .unwrap();
    let bad = [
        "select count(*) from app.customers = 1",
        "select 'x' = y",
        "select null::text = ",
        "select 1, 2 = 1",
        "select 1 where false = 1",
        "select gone from app.customers = 1",
        "select 'x' >= 5",
        "select 1; select 2 = 2",
    ];
    let run = verify(&path).arg("--checks").arg(&file);
    let run = bad
        .iter()
        .fold(run, |run, text| run.args(["--expect", text]));
    let output = run.run();
    expect_verdict(&output, "failed");
    let own = of(&output, "expect");
    assert_eq!(own.len(), bad.len() + 1, "{output:?}");
    assert!(
        own.iter().all(|(status, _, _)| status == "failed"),
        "{output:?}"
    );
    assert_eq!(
        own.last().unwrap().2,
        "100 rows, the first: 1, x",
        "{output:?}"
    );
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_begins() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("checks.sql");
    fs::write(&file, "-- check: a\nSELECT 1;\n-- expect: 5\n").unwrap();
    let gone = folder.path().join("gone");
    let run = || tool("pg-restore-verify").arg("nothing.dump");
    run()
        .args(["--expect", "select 1"])
        .run()
        .expect_code(2)
        .expect_error("no value");
    run()
        .arg("--checks")
        .arg(&file)
        .run()
        .expect_code(2)
        .expect_error("line 3");
    fs::write(&file, "-- check: a\n\\set foo 3\nSELECT 1;\n").unwrap();
    let with_command = run().arg("--checks").arg(&file).run().expect_code(2);
    with_command.expect_error("line 2: commands of psql");
    run()
        .arg("--checks")
        .arg(&gone)
        .run()
        .expect_code(2)
        .expect_error("gone");
}

/// A database has it for whoever comes; a restore gives it to the new one last of all, or not at all.
#[test]
fn the_users_own_checks_find_tables_by_the_path_of_the_database() {
    let shop = shop();
    shop.sql(&format!(
        "alter database {} set search_path = app, public",
        shop.name()
    ));
    let server = tests::start(&Default::default());
    let conninfo = format!(
        "host={} user=postgres dbname=postgres",
        server.socket_dir().display()
    );
    let folder = tempfile::tempdir().unwrap();
    for options in [&["-Fc"][..], &["-Fp", "-C"]] {
        let path = folder.path().join("backup");
        dump(&shop, options, &path);
        for place in [&[][..], &["-d", &conninfo]] {
            let run = verify(&path).args(["--expect", "select count(*) from customers = 100"]);
            let output = run.args(place).run();
            assert_eq!(failed(&output), [""; 0], "{options:?} {place:?} {output:?}");
            expect_verdict(&output, "ok");
        }
    }
}
