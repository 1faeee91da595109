//! Files are run as their framework would run them.

use serde_json::Value;

use crate::{SQLX, of, rehearse};

/// The state of each statement, and its transaction.
fn states(output: &tests::Output) -> Vec<String> {
    let state = |record: Value| {
        format!(
            "{} {}",
            record["state"].as_str().unwrap(),
            record["transaction"]
        )
    };
    output.json_lines().into_iter().map(state).collect()
}

const INDEX: &str = "create table t (x int);\ncreate index concurrently i on t (x);\n";

#[test]
fn what_a_string_of_several_statements_may_not_do_fails() {
    let lock = ("m/migration_lock.toml", "provider = \"postgresql\"\n");
    let output = rehearse(&[lock, ("m/20250101000000_a/migration.sql", INDEX)], &[], 1);
    assert_eq!(states(&output), ["ok 1", "failed 1"]);
    let record = of(&output, "create index");
    assert_eq!(record["sqlstate"], "25001");
    assert!(
        output.stderr.contains(
            "m/20250101000000_a/migration.sql:2: ERROR: CREATE INDEX CONCURRENTLY cannot"
        ),
        "{output:?}"
    );
    // psql sends one after the other.
    let output = rehearse(&[("m/1_a.sql", INDEX)], &["--layout", "plain"], 0);
    assert_eq!(states(&output), ["ok null", "ok null"]);
}

#[test]
fn all_that_is_pending_of_drizzle_is_one_transaction() {
    let journal = "{\"entries\": [{\"tag\": \"0000_a\", \"when\": 1}, {\"tag\": \"0001_b\", \"when\": 2}, {\"tag\": \"0002_c\", \"when\": 3}]}";
    let files = [
        ("m/meta/_journal.json", journal),
        ("m/0000_a.sql", "create type e as enum ('a');"),
        ("m/0001_b.sql", "alter type e add value 'b';"),
        ("m/0002_c.sql", "select 'b'::e;"),
    ];
    // From 17 on values may be used that are added to a type of the same transaction.
    let is_refused = tests::cluster().version().major < 17;
    let output = rehearse(&files, &[], i32::from(is_refused));
    match is_refused {
        true => {
            assert_eq!(states(&output), ["ok 1", "ok 1", "failed 1"]);
            assert_eq!(of(&output, "select")["sqlstate"], "55P04");
        }
        false => assert_eq!(states(&output), ["ok 1", "ok 1", "ok 1"]),
    }
    // Deployed one by one they pass.
    let output = rehearse(&files, &["m/0002_c.sql"], 0);
    assert_eq!(states(&output).len(), 1);
}

#[test]
fn the_marker_of_a_way_back_is_heeded() {
    let text = "-- +goose Up\ncreate table t (x int);\n-- +goose Down\ndrop table t;\n";
    let output = rehearse(&[("m/00001_a.sql", text)], &[], 0);
    assert_eq!(output.json_lines().len(), 1, "{output:?}");
    let outside =
        "-- +goose NO TRANSACTION\n-- +goose Up\ncreate index concurrently on t (x);\nselect 1;\n";
    let output = rehearse(
        &[("m/00001_a.sql", text), ("m/00002_b.sql", outside)],
        &["m/00002_b.sql"],
        0,
    );
    assert_eq!(states(&output), ["ok null", "ok null"]);
}

#[test]
fn psql_sends_rows_and_what_it_alone_knows_is_refused() {
    let copy = "create table t (x int);\ncopy t from stdin;\n1\n2\n\\.\nselect count(*) from t;\n";
    let files = [("m/1_a.sql", copy)];
    let output = rehearse(&files, &["--layout", "plain"], 0);
    assert_eq!(output.json_lines().len(), 3);
    let output = rehearse(
        &[("m/1_a.sql", "\\ir other.sql\n")],
        &["--layout", "plain"],
        2,
    );
    assert!(
        output.stderr.contains("m/1_a.sql:1: \\ir is for psql"),
        "{output:?}"
    );
    let output = rehearse(&[SQLX, ("m/1_a.sql", copy)], &[], 2);
    assert!(
        output
            .stderr
            .contains("m/1_a.sql:2: COPY … FROM stdin waits for rows, and sqlx sends none"),
        "{output:?}"
    );
}

#[test]
fn what_was_before_is_run_and_not_told_of() {
    let files = [
        SQLX,
        ("m/1_a.sql", "create table t (x int);"),
        ("m/2_b.sql", "alter table t add y int;"),
    ];
    let output = rehearse(&files, &["m/2_b.sql"], 0);
    assert_eq!(output.json_lines().len(), 1);
    let broken = [
        SQLX,
        ("m/1_a.sql", "select 1;\nselect nothing;"),
        ("m/2_b.sql", "select 2;"),
    ];
    let output = rehearse(&broken, &["m/2_b.sql"], 2).expect_no_output();
    assert!(
        output.stderr.contains(
            "what was before does not run on an empty database: m/1_a.sql:2: ERROR: column"
        ),
        "{output:?}"
    );
}

#[test]
fn what_a_runner_refuses_is_not_rehearsed() {
    // sqlx and Flyway stop at a version that is there twice; Rails' kin pass over the second.
    let twice = [
        SQLX,
        ("m/1_a.sql", "create table a (x int);"),
        ("m/1_b.sql", "create table b (x int);"),
    ];
    let output = rehearse(&twice, &[], 1);
    let told: Vec<String> = output
        .json_lines()
        .iter()
        .map(|record| {
            format!(
                "{} {} {}",
                record["file"].as_str().unwrap(),
                record["state"].as_str().unwrap(),
                record["message"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "m/1_b.sql failed 1_b.sql has the version of 1_a.sql: sqlx fails on the key of its history"
        ]
    );
    let up = "-- migrate:up\ncreate table a (x int);\n-- migrate:down\ndrop table a;\n";
    let passed = [("m/1_a.sql", up), ("m/1_b.sql", up)];
    let output = rehearse(&passed, &[], 0);
    assert_eq!(states(&output).len(), 1, "{output:?}");
    assert!(
        output.stderr.contains("dbmate takes it for applied"),
        "{output:?}"
    );
    // A file that is not asked for stops a runner that reads them all.
    let flyway = [
        ("m/V1__a.sql", "select 1;"),
        ("m/V01__b.sql", "select 2;"),
        ("m/V2__c.sql", "select 3;"),
    ];
    let output = rehearse(&flyway, &["m/V2__c.sql"], 1);
    assert!(output.stderr.contains("Flyway refuses both"), "{output:?}");
}

#[test]
fn what_git_says_of_a_file_is_not_what_its_runner_says() {
    let folder = tempfile::tempdir().unwrap();
    let write = |text: &str| std::fs::write(folder.path().join("V1__a.sql"), text).unwrap();
    let git = |words: &[&str]| {
        let own = ["-c", "user.name=a", "-c", "user.email=a@b", "-C"];
        let git = tests::program("git").args(own).arg(folder.path());
        git.args(words).run().expect_code(0);
    };
    write("create table a (x int);\n");
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-qm", "a"]);
    write("create table a (x bigint);\n");
    let tool = tests::tool("pg-migrate-lint").args(["--rehearse", "--since", "HEAD", "."]);
    let output = tool.current_dir(folder.path()).run().expect_code(0);
    assert_eq!(states(&output).len(), 1, "{output:?}");
}
