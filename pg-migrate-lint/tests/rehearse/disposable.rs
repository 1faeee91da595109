//! A database of a user's is changed only if it was declared disposable.

use crate::ground::Ground;
use crate::{SQLX, of};

const HISTORY: &str = "create table _sqlx_migrations
    (version bigint primary key, description text not null, installed_on timestamptz not null default now(),
     success boolean not null, checksum bytea not null, execution_time bigint not null);
    create table t (x int); insert into t select generate_series(1, 100);
    insert into _sqlx_migrations values (1, 'a', now(), true, sha384('create table t (x int);'), 1);";

fn ground() -> Ground {
    let files = [
        SQLX,
        ("m/1_a.sql", "create table t (x int);"),
        ("m/2_b.sql", "alter table t alter x type bigint;"),
        ("m/3_c.sql", "create index on t (x);"),
    ];
    Ground::of(&files, HISTORY)
}

/// The tool with these words on the database.
fn named(ground: &Ground, words: &[&str]) -> tests::ToolCommand {
    let conninfo = ground.database.conninfo();
    ground.tool(&[words, &["-d", &conninfo]].concat())
}

#[test]
fn what_was_not_declared_is_not_touched() {
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
    let kind = "select format_type(atttypid, atttypmod) from pg_attribute where attrelid = 't'::regclass and attname = 'x'";
    assert_eq!(ground.database.value(kind), "integer");
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
    ] {
        let output = ground.tool(&flag).run().expect_code(2);
        assert!(output.stderr.contains(said), "{output:?}");
    }
}

#[test]
fn what_is_pending_is_run_there_and_nothing_else() {
    let ground = ground();
    let output = named(&ground, &["--rehearse", "--yes-disposable"])
        .run()
        .expect_code(0);
    assert_eq!(output.json_lines().len(), 2, "{output:?}");
    let change = of(&output, "alter table t");
    assert_eq!(change["rewritten"], serde_json::json!(["public.t"]));
    assert_eq!(change["file"], "m/2_b.sql");
    let kind = "select format_type(atttypid, atttypmod) from pg_attribute where attrelid = 't'::regclass and attname = 'x'";
    assert_eq!(ground.database.value(kind), "bigint");
}

#[test]
fn what_is_about_the_whole_server_is_refused_before_anything_is_run() {
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
            .contains("m/4_d.sql:1: CREATE ROLE is about the whole server"),
        "{output:?}"
    );
    let kind = "select format_type(atttypid, atttypmod) from pg_attribute where attrelid = 't'::regclass and attname = 'x'";
    assert_eq!(ground.database.value(kind), "integer");
    named(&ground, &["--rehearse", "--yes-disposable-server"])
        .run()
        .expect_code(0);
    let made = format!("select count(*) from pg_roles where rolname = '{role}'");
    assert_eq!(ground.database.value(&made), "1");
    ground.database.sql(&format!("drop role {role}"));
}

#[test]
fn names_are_looked_for_where_the_role_has_them() {
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
    assert_eq!(
        ground
            .database
            .value("select count(*) from pg_class where oid = 'other.n'::regclass"),
        "1"
    );
}
