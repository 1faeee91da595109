//! Which table a name means, and what is said where there is none.

use serde_json::Value;
use tests::Database;

use crate::ground::{database, lint, number, of, record};

const THREE: &str = "create schema one; create schema two; create schema \"Odd one\";
    create table one.t (a int); insert into one.t select generate_series(1, 11);
    create table two.t (a int); insert into two.t select generate_series(1, 22);
    create table \"Odd one\".\"T\" (a int); insert into \"Odd one\".\"T\" select generate_series(1, 33);
    analyze one.t; analyze two.t; analyze \"Odd one\".\"T\"";

fn rows(database: &Database, sql: &str) -> Value {
    let output = of(database, sql, &[]);
    record(&output, "index-not-concurrent")["rows"].clone()
}

#[test]
fn names_are_looked_for_where_the_session_does() {
    let database = database(THREE);
    assert_eq!(rows(&database, "CREATE INDEX ON one.t (a);"), 11);
    assert_eq!(
        rows(&database, "CREATE INDEX ON \"Odd one\".\"T\" (a);"),
        33
    );
    assert_eq!(
        rows(
            &database,
            "SET search_path = one, two; CREATE INDEX ON t (a);"
        ),
        11
    );
    assert_eq!(
        rows(
            &database,
            "SET search_path = nowhere, two; CREATE INDEX ON t (a);"
        ),
        22
    );
    let name = database.name();
    database.sql(&format!(
        "alter database {name} set search_path = two, public"
    ));
    assert_eq!(rows(&database, "CREATE INDEX ON t (a);"), 22);
    // One that is written out is meant, whatever the path is.
    database.sql("create table public.t (a int)");
    assert_eq!(rows(&database, "CREATE INDEX ON public.t (a);"), 0);
    assert_eq!(rows(&database, "CREATE INDEX ON t (a);"), 22);
}

#[test]
fn a_table_that_is_not_there_is_said_and_never_empty() {
    let database = database(THREE);
    let message = |sql: &str| {
        let found = record(
            &of(&database, sql, &[]).expect_code(1),
            "index-not-concurrent",
        );
        for field in [
            "rows",
            "bytes",
            "index_bytes",
            "partitions",
            "writes_per_second",
            "estimated_seconds",
        ] {
            assert_eq!(found[field], Value::Null, "{found}");
        }
        found["message"].as_str().unwrap().to_string()
    };
    let said = message("CREATE INDEX ON nowhere (a);");
    assert!(said.ends_with(": nowhere is not there)"), "{said}");
    let said = message("CREATE INDEX ON t (a);");
    assert!(
        said.ends_with(": t is not in the search path, but in one, two)"),
        "{said}"
    );
}

#[test]
fn a_table_that_a_migration_makes_is_not_there_yet() {
    let database = database("");
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, sql: &str| std::fs::write(folder.path().join(name), sql).unwrap();
    write("1_a.sql", "CREATE TABLE t (a int);\n");
    write("2_b.sql", "CREATE INDEX i ON t (a);\n");
    let output = lint(&database, &[]).arg(folder.path()).run();
    let message = record(&output, "index-not-concurrent")["message"].to_string();
    assert!(message.contains(": t is not there yet)"), "{message}");
}

#[test]
fn a_table_that_only_the_server_knows_is_no_guess() {
    let database = database("create table t (a int)");
    let sql = "CREATE INDEX i ON t (a); CREATE INDEX j ON nowhere (a);";
    let guessed = "nothing is known of nowhere, which is taken for a table in use";
    let output = of(&database, sql, &[]);
    assert!(output.stderr.contains(guessed), "{output:?}");
    let known = of(&database, "CREATE INDEX i ON t (a);", &[]);
    assert!(!known.stderr.contains("nothing is known of"), "{known:?}");
}

#[test]
fn what_the_file_makes_is_not_asked_for() {
    let database =
        database("create table t (a int); insert into t select generate_series(1, 9); analyze t");
    let sql = "CREATE TABLE u (a money); ALTER TABLE t ADD CHECK (a > 0);";
    let output = of(&database, sql, &["--rule", "types,locks"]);
    assert_eq!(record(&output, "money-column")["rows"], Value::Null);
    assert_eq!(
        number(&record(&output, "check-without-not-valid"), "rows"),
        9.0
    );
}
