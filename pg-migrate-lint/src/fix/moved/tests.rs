use super::*;
use crate::parse;
use crate::source::Source;

fn there(sql: &str) -> There {
    let source = Source::new("t.sql", sql.as_bytes().to_vec());
    let statement = source.statements.first().unwrap();
    There::of(&source, statement.start()..statement.end(), parse::one(sql))
}

fn passes(moved: &str, other: &str) -> bool {
    let moved = Moved::of(&[Statement::new(moved)]).unwrap();
    moved.passes(&there(other))
}

const INDEX: &str = "CREATE INDEX CONCURRENTLY tk ON t (k)";
const UNIQUE: &str = "CREATE UNIQUE INDEX CONCURRENTLY tk ON t (k)";
const CHECKED: &str = "ALTER TABLE u VALIDATE CONSTRAINT ut";
const DROPPED: &str = "DROP INDEX CONCURRENTLY tk";

#[test]
fn what_has_nothing_to_do_with_it_lets_it_pass() {
    for (moved, other) in [
        (INDEX, "CREATE TABLE plans (t_id int REFERENCES t)"),
        (INDEX, "INSERT INTO t VALUES (1)"),
        (INDEX, "CREATE INDEX tn ON t (n)"),
        (INDEX, "ALTER TABLE t ADD COLUMN n int"),
        (INDEX, "ALTER TABLE t DROP COLUMN n"),
        (INDEX, "DROP TABLE plans"),
        (UNIQUE, "CREATE TABLE plans (name text UNIQUE)"),
        (
            UNIQUE,
            "ALTER TABLE u ADD CONSTRAINT p FOREIGN KEY (p) REFERENCES plans",
        ),
        (CHECKED, "UPDATE u SET a = 1"),
        (CHECKED, "SELECT setval('s', (SELECT max(id) FROM u))"),
        (DROPPED, "ALTER TABLE t ADD CONSTRAINT c CHECK (k > 0)"),
        (INDEX, "SET lock_timeout = '1s'"),
    ] {
        assert!(passes(moved, other), "{moved}: {other}");
    }
}

#[test]
fn what_needs_it_or_changes_what_it_is_of_does_not() {
    for (moved, other) in [
        (INDEX, "COMMENT ON INDEX \"tk\" IS ''"),
        (INDEX, "CREATE INDEX ON t (k)"),
        (INDEX, "CREATE TABLE c (LIKE t INCLUDING ALL)"),
        (INDEX, "ALTER TABLE t RENAME k TO kk"),
        (INDEX, "ALTER TABLE parent DROP COLUMN k"),
        (INDEX, "DROP TABLE t"),
        (INDEX, "DROP TABLE plans CASCADE"),
        (INDEX, "ALTER SCHEMA public RENAME TO old"),
        (INDEX, "DO $$ BEGIN PERFORM 1; END $$"),
        (INDEX, "SELECT make_index('t')"),
        (INDEX, "SET search_path = s"),
        (INDEX, "ROLLBACK"),
        (INDEX, "CREATE EXTENSION pg_trgm"),
        (UNIQUE, "INSERT INTO v VALUES (1) ON CONFLICT DO NOTHING"),
        (UNIQUE, "CREATE TABLE plans (k int REFERENCES t (k))"),
        (UNIQUE, "ALTER TABLE u ADD FOREIGN KEY (k) REFERENCES t (k)"),
        (UNIQUE, "CREATE VIEW v AS SELECT * FROM t GROUP BY k"),
        (CHECKED, "ALTER TABLE u DROP CONSTRAINT ut"),
        (CHECKED, "ALTER TABLE u DISABLE TRIGGER ALL"),
        (DROPPED, "UPDATE t SET k = 1"),
        (DROPPED, "DROP TABLE t"),
        (DROPPED, "ALTER TABLE t DROP COLUMN x"),
        (INDEX, "ALTER INDEX U&\"\\0074k\" RENAME TO x"),
    ] {
        assert!(!passes(moved, other), "{moved}: {other}");
    }
}

#[test]
fn a_nameless_index_can_not_be_moved() {
    let nameless = Statement::new("CREATE INDEX CONCURRENTLY ON t (lower(k))");
    assert!(Moved::of(&[nameless]).is_err());
}

#[test]
fn settings_that_decide_what_a_statement_means_stay_with_it() {
    for sql in [
        "SET LOCAL search_path = s",
        "SET ROLE owner",
        "SELECT set_config('search_path', 's', true)",
        "DO $$ BEGIN END $$",
    ] {
        assert!(!sets_nothing(&there(sql)), "{sql}");
    }
    for sql in [
        "SET statement_timeout = 0",
        "CREATE TABLE p (a int)",
        "SELECT 1",
    ] {
        assert!(sets_nothing(&there(sql)), "{sql}");
    }
}
