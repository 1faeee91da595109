//! `--rollback-plan`: what leads back, in which order, and what has no way back.

use tests::Database;

use crate::ground::{Ground, told};

const SHOP: &[(&str, &str)] = &[
    (
        "m/0001_shop.up.sql",
        "create table shop (id int primary key, name text);\n",
    ),
    ("m/0001_shop.down.sql", "drop table shop;\n"),
    (
        "m/0002_town.up.sql",
        "alter table shop add town text;\ncreate index by_town on shop (town);\n",
    ),
    (
        "m/0002_town.down.sql",
        "drop index by_town;\nalter table shop drop town;\n",
    ),
    ("m/0010_note.up.sql", "create table note (id int);\n"),
    ("m/0010_note.down.sql", "drop table note;\n"),
];

const PLAN: &[&str] = &["--rollback-plan", "--layout", "golang-migrate"];

#[test]
fn the_newest_comes_first_with_its_locks_and_losses() {
    let ground = Ground::of(SHOP);
    let output = ground.run(PLAN, 0);
    assert_eq!(
        told(
            &output,
            &["step", "file", "version", "line", "lock", "object", "loses"]
        ),
        [
            "1 m/0010_note.down.sql 10 1 AccessExclusiveLock note [\"table note\"]",
            "2 m/0002_town.down.sql 2 1 AccessExclusiveLock shop []",
            "2 m/0002_town.down.sql 2 2 AccessExclusiveLock shop [\"column shop.town\"]",
            "3 m/0001_shop.down.sql 1 1 AccessExclusiveLock shop [\"table shop\"]",
        ]
    );
    let index = &output.json_lines()[1];
    assert_eq!(index["findings"][0]["rule"], "drop-index-not-concurrent");
    assert_eq!(index["blocks"], "reads+writes");
    // What it costs is no reason not to go; who wants to know, asks.
    ground.run(&[PLAN, &["--fail-on", "warning"]].concat(), 1);
    ground.run(&[PLAN, &["--fail-on", "warning", "--to", "10"]].concat(), 0);
}

#[test]
fn a_version_to_go_back_to_stays() {
    let ground = Ground::of(SHOP);
    let steps = |to: &str| {
        let output = ground.run(&[PLAN, &["--to", to]].concat(), 0);
        told(&output, &["version"])
    };
    assert_eq!(steps("2"), ["10"]);
    assert_eq!(steps("0001"), ["10", "2", "2"]);
    assert_eq!(steps("m/0002_town.up.sql"), ["10"]);
    assert_eq!(steps("0"), ["10", "2", "2", "1"]);
    assert!(steps("10").is_empty());
    let unknown = ground.run(&[PLAN, &["--to", "3"]].concat(), 2);
    let unknown = unknown.expect_no_output();
    assert!(unknown.stderr.contains("has the version 3"), "{unknown:?}");
    assert!(
        unknown.stderr.contains("the newest are 10, 2, 1"),
        "{unknown:?}"
    );
}

#[test]
fn one_without_a_way_back_is_named() {
    let ground = Ground::of(SHOP);
    ground.write("m/0011_gone.up.sql", "drop table note;\n");
    ground.write("m/0012_empty.up.sql", "create table d (id int);\n");
    ground.write("m/0012_empty.down.sql", "-- later\n");
    let output = ground.run(PLAN, 1);
    let records = told(
        &output,
        &["version", "file", "severity", "statement", "message"],
    );
    assert_eq!(
        records[..2],
        [
            "12 m/0012_empty.up.sql warning - the way back of 0012_empty.up.sql is empty: nothing of it is undone",
            "11 m/0011_gone.up.sql error - 0011_gone.up.sql has no way back",
        ]
    );
    assert!(
        output
            .stderr
            .contains("error: 0011_gone.up.sql has no way back"),
        "{output:?}"
    );
    // It is not on this way; and nobody has to care.
    ground.run(&[PLAN, &["--to", "11"]].concat(), 0);
    ground.run(&[PLAN, &["--fail-on", "never"]].concat(), 0);
}

#[test]
fn what_would_fail_on_the_way_is_an_error() {
    for (down, said) in [
        ("alter table shop drop colour;", "colour"),
        (
            "drop index concurrently by_town;",
            "fails within a transaction",
        ),
        ("alter tabel shop;", "syntax error"),
    ] {
        let ground = Ground::of(SHOP);
        ground.write("m/0002_town.down.sql", &format!("select 1;\n{down}\n"));
        let output = ground.run(PLAN, 1);
        let records = told(&output, &["line", "severity", "loses", "message"]);
        assert!(
            records[2].starts_with("2 error [] m/0002_town.down.sql:2: "),
            "{records:?}"
        );
        assert!(records[2].contains(said), "{said}: {records:?}");
    }
}

#[test]
fn a_comment_silences_a_rule_here_too() {
    let ground = Ground::of(SHOP);
    let silent = "-- pg-migrate-lint: ignore drop-table nobody has notes\ndrop table note;\n";
    ground.write("m/0010_note.down.sql", silent);
    let output = ground.run(PLAN, 0);
    assert_eq!(told(&output, &["findings"])[0], "[]");
}

#[test]
fn parts_of_a_file_are_ways_back_as_well() {
    let goose = "-- +goose Up\ncreate table a (id int);\n-- +goose Down\ndrop table a;\n";
    let ground = Ground::of(&[
        ("m/1_a.sql", goose),
        ("m/2_b.sql", "-- +goose Up\ncreate table b (id int);\n"),
    ]);
    let output = ground.run(&["--rollback-plan"], 1);
    assert_eq!(
        told(&output, &["version", "line", "statement"]),
        ["2 - -", "1 4 drop table a"]
    );
}

#[test]
fn of_a_server_only_what_is_applied_there() {
    let database = Database::new();
    database
        .sql("create table schema_migrations (version bigint primary key, dirty boolean not null)");
    database.sql("insert into schema_migrations values (2, false)");
    let ground = Ground::of(SHOP);
    let versions = |words: &[&str], code: i32| {
        let command = ground.tool(&[PLAN, words, &["-d", database.name()]].concat());
        let output = command.database(&database).run().expect_code(code);
        (told(&output, &["version"]), output.stderr)
    };
    assert_eq!(versions(&[], 0).0, ["2", "2", "1"]);
    assert_eq!(versions(&["--to", "1"], 0).0, ["2", "2"]);
    let (none, said) = versions(&["--to", "10"], 2);
    assert!(
        none.is_empty() && said.contains("10 is not applied there"),
        "{said}"
    );
    // It was applied, and then somebody took its files away.
    database.sql("update schema_migrations set version = 11");
    let (with_gone, said) = versions(&[], 1);
    assert_eq!(with_gone[0], "11");
    assert!(said.contains("11 has no way back"), "{said}");
}

#[test]
fn what_the_framework_would_fail_on_is_said() {
    let ground = Ground::of(SHOP);
    ground.write("m/0010_note.down.sql", "drop table note;\n\\! ls\n");
    let output = ground.run(PLAN, 1);
    let said = told(&output, &["line", "statement", "severity"]);
    assert!(said.contains(&"2 \\! ls error".to_string()), "{said:?}");
    let words =
        "0010_note.down.sql:2: \\! is a command of psql, and golang-migrate sends it to the server";
    assert!(output.stderr.contains(words), "{output:?}");
}

#[test]
fn what_no_migration_brings_back_is_named() {
    for (down, lost) in [
        (
            "drop type mood cascade;",
            "[\"columns of t that are mood\"]",
        ),
        (
            "alter table t alter id type smallint using 0;",
            "[\"values of t.id as they were\"]",
        ),
        (
            "select setval('numbers', 1);",
            "[\"where sequence numbers stands\"]",
        ),
        (
            "insert into t values (1) on conflict (id) do update set at = now();",
            "[\"values of t.at as they were\"]",
        ),
    ] {
        let ground = Ground::of(&[("m/1_t.down.sql", down)]);
        let made = "create sequence numbers; create type mood as enum ('a'); create table t (id int primary key, at date, m mood);";
        ground.write("m/1_t.up.sql", made);
        let output = ground.run(&["--rollback-plan"], 0);
        assert_eq!(told(&output, &["loses"]), [lost], "{down}");
    }
}

#[test]
fn what_goes_with_a_schema_is_locked() {
    let ground = Ground::of(&[(
        "m/1_k.down.sql",
        "alter sequence q restart; drop schema k cascade;",
    )]);
    let made = "create schema k; create table k.a (id int primary key); create sequence q;";
    ground.write("m/1_k.up.sql", made);
    let output = ground.run(&["--rollback-plan"], 0);
    let locks = told(&output, &["object", "lock", "blocks"]);
    assert_eq!(
        locks,
        [
            "q ShareRowExclusiveLock writes",
            "k.a AccessExclusiveLock reads+writes"
        ]
    );
}
