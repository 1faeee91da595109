//! A database of a user's is changed only if it was declared disposable.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::ground::Ground;
use crate::{SQLX, of};

const HISTORY: &str = "create table _sqlx_migrations
    (version bigint primary key, description text not null, installed_on timestamptz not null default now(),
     success boolean not null, checksum bytea not null, execution_time bigint not null);
    create table t (x int); insert into t select generate_series(1, 100);
    insert into _sqlx_migrations values (1, 'a', now(), true, sha384('create table t (x int);'), 1);";

const FILES: &[(&str, &str)] = &[
    ("m/1_a.sql", "create table t (x int);"),
    ("m/2_b.sql", "alter table t alter x type bigint;"),
    ("m/3_c.sql", "create index on t (x);"),
    SQLX,
];

fn ground() -> Ground {
    Ground::of(FILES, HISTORY)
}

/// The type of the column that the second migration changes.
fn kind(ground: &Ground) -> String {
    let sql = "select format_type(atttypid, atttypmod) from pg_attribute where attrelid = 't'::regclass and attname = 'x'";
    ground.database.value(sql)
}

/// Whether there is a table of this name.
fn has(ground: &Ground, table: &str) -> bool {
    let sql = format!("select to_regclass('{table}') is not null");
    ground.database.value(&sql) == "t"
}

/// What a server has beside a database is looked at before and after: nobody else may change it meanwhile.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The tool with these words on the database.
fn named(ground: &Ground, words: &[&str]) -> tests::ToolCommand {
    let conninfo = ground.database.conninfo();
    ground.tool(&[words, &["-d", &conninfo]].concat())
}

#[test]
fn what_was_not_declared_is_not_touched() {
    let _alone = alone();
    let ground = ground();
    let output = named(&ground, &["--rehearse"])
        .run()
        .expect_code(2)
        .expect_no_output();
    assert!(
        output.stderr.contains("was not declared disposable"),
        "{output:?}"
    );
    assert!(
        output.stderr.contains("hint: --yes-disposable says"),
        "{output:?}"
    );
    assert_eq!(kind(&ground), "integer");
    let words = ["--rehearse", "--yes-disposable"];
    let output = tests::tool("pg-migrate-lint")
        .args(words)
        .arg("m")
        .current_dir(ground.folder.path())
        .run();
    assert!(output.expect_code(2).stderr.contains("none is named"));
    for (flag, said) in [
        (
            vec!["--yes-disposable"],
            "--yes-disposable needs --rehearse",
        ),
        (vec!["--rehearse", "--status"], "--rehearse and --status"),
        (vec!["--rehearse", "--drift"], "--rehearse and --drift"),
        (
            vec!["--check-rollback", "--rehearse"],
            "--rehearse and --check-rollback",
        ),
    ] {
        let output = ground.tool(&flag).run().expect_code(2);
        assert!(output.stderr.contains(said), "{output:?}");
    }
}

#[test]
fn what_is_pending_is_run_there_and_nothing_else() {
    let _alone = alone();
    // Whose they are is told by the folder, or by the database alone.
    for ground in [ground(), Ground::of(&FILES[..3], HISTORY)] {
        let output = named(&ground, &["--rehearse", "--yes-disposable"])
            .run()
            .expect_code(0);
        assert_eq!(output.json_lines().len(), 2, "{output:?}");
        let change = of(&output, "alter table t");
        assert_eq!(change["rewritten"], serde_json::json!(["public.t"]));
        assert_eq!(change["file"], "m/2_b.sql");
        assert_eq!(kind(&ground), "bigint");
    }
}

#[test]
fn what_is_about_the_whole_server_is_refused_before_anything_is_run() {
    let _alone = alone();
    let ground = ground();
    let role = format!("rehearsed_{}", ground.database.name());
    ground.write(
        "m/4_d.sql",
        &format!("do $$ begin execute 'create role {role}'; end $$;"),
    );
    let output = named(&ground, &["--rehearse", "--yes-disposable"])
        .run()
        .expect_code(2)
        .expect_no_output();
    assert!(
        output
            .stderr
            .contains("m/4_d.sql:1: CREATE ROLE reaches beyond the database"),
        "{output:?}"
    );
    assert_eq!(kind(&ground), "integer");
    named(&ground, &["--rehearse", "--yes-disposable-server"])
        .run()
        .expect_code(0);
    let made = format!("select count(*) from pg_roles where rolname = '{role}'");
    assert_eq!(ground.database.value(&made), "1");
    ground.database.sql(&format!("drop role {role}"));
}

#[test]
fn names_are_looked_for_where_the_role_has_them() {
    let _alone = alone();
    let ground = Ground::of(
        &[(
            "m/1_a.sql",
            "alter table other.t add y int; create table n ();",
        )],
        "create schema other; create table other.t (x int)",
    );
    let name = ground.database.name();
    ground.database.sql(&format!(
        "alter database \"{name}\" set search_path = other"
    ));
    named(
        &ground,
        &["--rehearse", "--yes-disposable", "--layout", "plain"],
    )
    .run()
    .expect_code(0);
    assert!(has(&ground, "other.n"));
}

/// The tool on one file of SQL, which is psql's, in a database of its own.
fn run(ground: &Ground, sql: &str) -> tests::Output {
    ground.write("m/1_a.sql", sql);
    let words = ["--rehearse", "--yes-disposable", "--layout", "plain"];
    named(ground, &words).run()
}

#[test]
fn what_the_database_has_itself_may_be_changed() {
    let _alone = alone();
    let ground = Ground::of(&[], "");
    let name = ground.database.name();
    let sql = format!(
        "alter database \"{name}\" set work_mem = '5MB'; comment on database \"{name}\" is 'spoilt';
        do $$ begin execute format('alter database %I set search_path = public', current_database()); end $$;
        create table t (x int);"
    );
    run(&ground, &sql).expect_code(0);
    let comment = "select shobj_description(oid, 'pg_database') from pg_database where datname = current_database()";
    assert_eq!(ground.database.value(comment), "spoilt");
}

#[test]
fn functions_that_the_database_has_are_looked_into() {
    let _alone = alone();
    let ground = Ground::of(
        &[],
        "create function f() returns void language plpgsql as $$ begin create role rehearsed_in_f; end $$",
    );
    let output = run(&ground, "create table t (x int); select f();").expect_code(2);
    assert!(
        output
            .stderr
            .contains("m/1_a.sql:1: CREATE ROLE in f() reaches beyond"),
        "{output:?}"
    );
    assert!(!has(&ground, "t"));
}

#[test]
fn what_runs_by_itself_there_is_looked_into() {
    let _alone = alone();
    let outward = "create function outward() returns trigger language plpgsql as $$ begin CODE; return new; end $$;
        create table watched (x int primary key, y int); create trigger watch after insert on watched
        execute function outward();";
    let export = outward.replace("CODE", "perform lo_export(1, '/nowhere')");
    let with = |code: &str| outward.replace("CODE", code);
    let insert = "create table t (x int); insert into watched values (1);";
    for (there, sql, said) in [
        (with("copy watched to program 'cat'"), insert, "COPY … PROGRAM in outward() in trigger watch of public.watched"),
        (with("copy watched to '/nowhere'"), insert, "COPY TO a file of the server in outward()"),
        (with("perform dblink_exec('x', 'y')"), insert, "dblink_exec() in outward() in trigger watch"),
        (export.clone(), insert, "lo_export() in outward() in trigger watch of public.watched"),
        (
            format!("{export} create table above (x int primary key);
                alter table watched add foreign key (y) references above on delete cascade;"),
            "delete from above;",
            "in trigger watch of public.watched in foreign key watched_y_fkey of public.watched",
        ),
        (
            format!("{export} create view shown as select * from watched;"),
            "insert into shown values (1);",
            "in trigger watch of public.watched in view public.shown",
        ),
        (
            format!("{export} create table above (x int); create rule r as on update to above do also insert into watched values (1);"),
            "update above set x = 1;",
            "in trigger watch of public.watched in rule r of public.above",
        ),
        (
            "create function ends() returns bool language sql as 'select pg_terminate_backend(1)';
                create table watched (x bool default ends());".to_string(),
            "insert into watched default values;",
            "pg_terminate_backend() in ends() in column x of public.watched",
        ),
        (
            "create function ends(int) returns int immutable language sql as 'select pg_cancel_backend($1)::int';
                create table watched (x int, y int generated always as (ends(x)) stored);".to_string(),
            "alter table watched alter x type bigint;",
            "pg_cancel_backend() in ends() in column y of public.watched",
        ),
        (
            "create function ends(int) returns bool immutable language sql as 'select pg_cancel_backend($1)';
                create table watched (x int check (ends(x)));".to_string(),
            "insert into watched values (1);",
            "pg_cancel_backend() in ends() in constraint watched_x_check of public.watched",
        ),
        (
            "create function ends(int) returns bool immutable language sql as 'select pg_cancel_backend($1)';
                create table watched (x int); alter table watched enable row level security;
                create policy p on watched using (ends(x));".to_string(),
            "select * from watched;",
            "pg_cancel_backend() in ends() in policy p of public.watched",
        ),
        (
            "create function ends(int) returns bool immutable language sql as 'select pg_cancel_backend($1)';
                create table watched (x int); create index i on watched (ends(x));".to_string(),
            "reindex index i;",
            "pg_cancel_backend() in ends() in index public.i",
        ),
        (
            "create table above (x int) partition by list (x);
                create function ends(int) returns bool immutable language sql as 'select pg_cancel_backend($1)';
                create table below partition of above (check (ends(x))) for values in (1);".to_string(),
            "insert into above values (1);",
            "in constraint below_x_check of public.below in what inherits public.above",
        ),
        (
            "create domain small as int check (pg_cancel_backend(value)); create table watched (x small);".to_string(),
            "update watched set x = 1;",
            "pg_cancel_backend() in domain small",
        ),
        (
            "create domain small as int check (pg_cancel_backend(value));".to_string(),
            "create table t (x int); alter table t alter x type public.small;",
            "pg_cancel_backend() in domain small",
        ),
    ] {
        let ground = Ground::of(&[], &there);
        let output = run(&ground, sql).expect_code(2).expect_no_output();
        assert!(output.stderr.contains(said), "{there}: {output:?}");
        assert!(!has(&ground, "t"));
        // What does not have it run is not refused for it.
        run(&ground, "create table t (x int);").expect_code(0);
    }
    let ground = Ground::of(&[], &export);
    run(
        &ground,
        "alter table watched add z int; create view shown as select * from watched;",
    )
    .expect_code(0);
}

#[test]
fn what_runs_with_each_change_of_definitions_is_looked_into() {
    let _alone = alone();
    let there = "create function outward() returns event_trigger language plpgsql as $$ begin perform lo_export(1, '/x'); end $$;
        create event trigger watch on ddl_command_end execute function outward();
        alter event trigger watch disable;";
    let ground = Ground::of(&[], there);
    let output = run(&ground, "create table t (x int);").expect_code(2);
    let said = "lo_export() in outward() in event trigger watch reaches beyond";
    assert!(output.stderr.contains(said), "{output:?}");
    assert!(!has(&ground, "t"));
}

#[test]
fn what_is_called_without_a_name_is_looked_into() {
    let _alone = alone();
    let function = "create function ends(a int) returns text[] language sql as 'select array[pg_cancel_backend($1)::text]';
        create function ends(a text[], b int) returns text[] language sql as 'select ends(b)';";
    for (there, said) in [
        (
            "create cast (int as text[]) with function ends(int);",
            "in cast from integer to text[]",
        ),
        (
            "create operator ### (leftarg = text[], rightarg = int, function = ends);",
            "in operator ###",
        ),
        (
            "create aggregate last (int) (sfunc = ends, stype = text[]);",
            "in aggregate last",
        ),
    ] {
        let ground = Ground::of(&[], &format!("{function} {there}"));
        let output = run(&ground, "create table t (x int);").expect_code(2);
        let said = format!("pg_cancel_backend() in ends() {said} reaches beyond");
        assert!(output.stderr.contains(&said), "{output:?}");
        assert!(!has(&ground, "t"));
    }
}

/// Statements that nobody can see through, each put together from what a table has.
fn hidden(ground: &Ground, sql: &str) -> tests::Output {
    ground
        .database
        .sql("drop table if exists hidden; create table hidden (sql text)");
    let keep = format!("insert into hidden values ($sql${sql}$sql$)");
    ground.database.sql(&keep);
    run(
        ground,
        "create table if not exists kept (x int);
        do $$ begin execute (select sql from hidden); end $$;
        create table never (x int);",
    )
}

#[test]
fn what_nobody_can_see_beforehand_is_taken_back() {
    let _alone = alone();
    let ground = Ground::of(&[], "");
    let name = ground.database.name();
    let other = tests::Database::new();
    let database = |sql: &str| sql.replace("OTHER", other.name());
    for (sql, said) in [
        (
            "create role rehearsed_hidden",
            "role rehearsed_hidden is new",
        ),
        (
            "alter role postgres set work_mem = '3MB'",
            "configuration of postgres in every database is new",
        ),
        (
            "alter database \"OTHER\" set work_mem = '3MB'",
            "configuration of every role in OTHER is new",
        ),
        (
            "comment on database \"OTHER\" is 'x'",
            "comment on pg_database",
        ),
        (
            "update pg_database set datconnlimit = 7 where datname = 'OTHER'",
            "database OTHER was changed",
        ),
        (
            "grant pg_monitor to pg_signal_backend",
            "membership pg_signal_backend in pg_monitor is new",
        ),
        (
            "lock table pg_authid",
            "pg_authid, which all databases share, was changed or locked",
        ),
    ] {
        let output = hidden(&ground, &database(sql)).expect_code(1);
        let record = of(&output, "do $$");
        assert_eq!(record["state"], "failed", "{sql}: {output:?}");
        let message = record["message"].as_str().unwrap();
        assert!(
            message.contains(&database(said)) && message.contains("was taken back"),
            "{sql}: {message}"
        );
        assert!(!has(&ground, "never"));
    }
    if tests::cluster().version().major >= 15 {
        let output = hidden(&ground, "grant set on parameter work_mem to public").expect_code(1);
        let message = of(&output, "do $$")["message"].to_string();
        assert!(
            message.contains("parameter work_mem is new: that is beyond"),
            "{message}"
        );
    }
    let own = format!("alter database \"{name}\" set work_mem = '3MB'");
    hidden(&ground, &own).expect_code(0);
    ground.database.sql("drop table never");
    let left = "select count(*) from pg_roles where rolname = 'rehearsed_hidden'";
    assert_eq!(ground.database.value(left), "0");
}

#[test]
fn what_can_not_be_taken_back_is_told() {
    let settings = [("wal_level", "replica"), ("max_wal_senders", "2")];
    let cluster = tests::start(&shared::cluster::ClusterOptions {
        settings: settings
            .map(|(name, value)| (name.into(), value.into()))
            .into(),
        ..Default::default()
    });
    let database = tests::Database::on(&cluster);
    database.sql(
        "create table hidden (sql text);
        insert into hidden values ($$select pg_create_physical_replication_slot('rehearsed')$$)",
    );
    let folder = tempfile::tempdir().unwrap();
    let rehearse = |code: &str| {
        std::fs::write(folder.path().join("1_a.sql"), code).unwrap();
        tests::tool("pg-migrate-lint")
            .args(["--rehearse", "--yes-disposable", "--layout", "plain"])
            .args(["-d", &database.conninfo()])
            .arg(folder.path())
            .run()
    };
    let output = rehearse("do $$ begin execute (select sql from hidden); end $$;").expect_code(1);
    let said =
        "beyond the database that was declared disposable, replication slot rehearsed is new";
    assert!(output.stderr.contains(said), "{output:?}");
    assert_eq!(of(&output, "do $$")["state"], "ok");
    if cluster.version().major >= 15 {
        database.sql("update hidden set sql = 'grant set on parameter work_mem to public'");
        let code = "do $$ begin execute (select sql from hidden); commit; end $$;";
        let output = rehearse(code).expect_code(1);
        let said = "beyond the database that was declared disposable, parameter work_mem is new";
        assert!(output.stderr.contains(said), "{output:?}");
    }
    // Nobody can look any more.
    database.sql(
        "update hidden set sql =
        'update pg_database set datallowconn = false where datname = current_database()'",
    );
    let output = rehearse("do $$ begin execute (select sql from hidden); end $$;").expect_code(1);
    let said =
        "whether all beyond the database that was declared disposable is as it was is not known";
    assert!(output.stderr.contains(said), "{output:?}");
}

#[test]
fn a_transaction_of_the_files_own_is_taken_back_as_a_whole() {
    let _alone = alone();
    let ground = Ground::of(
        &[],
        "create table hidden (sql text); insert into hidden values ('create role rehearsed_own')",
    );
    let output = run(
        &ground,
        "begin; create table t (x int); do $$ begin execute (select sql from hidden); end $$; commit;",
    )
    .expect_code(1);
    assert!(
        of(&output, "do $$")["message"]
            .as_str()
            .unwrap()
            .contains("role rehearsed_own is new"),
        "{output:?}"
    );
    assert!(!has(&ground, "t"));
}

/// What is rehearsed there, with this status: file, state and message of each record.
#[track_caller]
fn refused(ground: &Ground, code: i32) -> Vec<String> {
    let output = named(ground, &["--rehearse", "--yes-disposable"]).run();
    let records = output.expect_code(code).json_lines();
    let told = records.iter().map(|record| {
        let text = |field: &str| record[field].as_str().unwrap_or("-").to_string();
        format!("{} {}: {}", text("file"), text("state"), text("message"))
    });
    told.collect()
}

#[test]
fn what_the_runner_would_refuse_there_is_not_run() {
    let _alone = alone();
    let edited = ground();
    edited.write("m/1_a.sql", "create table t (x int, y int);");
    assert_eq!(
        refused(&edited, 1),
        ["m/1_a.sql failed: 1_a.sql is not what was applied: sqlx refuses to go on"]
    );
    assert_eq!(kind(&edited), "integer");
    let gone = ground();
    gone.remove("m/1_a.sql");
    assert_eq!(
        refused(&gone, 1),
        ["m failed: 1 is applied, and there is no file of it: sqlx refuses to go on"]
    );
    let dirty = Ground::of(
        &[
            ("m/1_a.up.sql", "create table t (x int);"),
            ("m/1_a.down.sql", "drop table t;"),
            ("m/2_b.up.sql", "create table u (x int);"),
            ("m/2_b.down.sql", "drop table u;"),
        ],
        "create table schema_migrations (version bigint primary key, dirty boolean not null);
         insert into schema_migrations values (1, true)",
    );
    let told = refused(&dirty, 1);
    assert!(
        told[0].starts_with("m/1_a.up.sql failed: 1_a.up.sql broke off"),
        "{told:?}"
    );
    assert!(!has(&dirty, "u"));
    // What the runner only passes over is a warning.
    let (up, down) = (
        "-- migrate:up\ncreate table",
        "-- migrate:down\nselect 1;\n",
    );
    let ignored = Ground::of(
        &[
            ("m/2_b.sql", &format!("{up} u (x int);\n{down}")),
            ("m/3_c.sql", &format!("{up} v (x int);\n{down}")),
        ],
        "create table schema_migrations (version varchar primary key); insert into schema_migrations values ('1')",
    );
    assert_eq!(refused(&ignored, 0).len(), 2);
    assert!(has(&ignored, "v"));
}

#[test]
fn an_interrupted_rehearsal_says_what_was_not_compared() {
    let _alone = alone();
    let ground = ground();
    ground.write("m/2_b.sql", "select pg_sleep(3600);");
    let running = named(&ground, &["--rehearse", "--yes-disposable"]).start();
    tests::eventually("the migration runs", || {
        let sql = "select exists (select from pg_stat_activity where datname = current_database()
            and query = 'select pg_sleep(3600)')";
        ground.database.value(sql) == "t"
    });
    let id = running.id().to_string();
    tests::program("kill")
        .args(["-INT", &id])
        .run()
        .expect_code(0);
    let output = running.finish();
    assert_eq!(output.signal(), Some(2), "{output:?}");
    assert!(
        output.stderr.contains("was not compared with what it was"),
        "{output:?}"
    );
}
