//! Scripts run on a real server, as each framework would.

use std::time::Duration;

use tests::Database;

use super::{Connection, Failure, Runner, Script, Unwatched};
use crate::layout::Layout;
use crate::session::Wrapping;

fn script(layout: Layout, name: &str, text: &str, wrapping: Wrapping) -> Script {
    Script::new(layout, name.to_string(), text.as_bytes().to_vec(), wrapping).unwrap()
}

fn run_within(database: &Database, scripts: &[Script], limit: Duration) -> Option<Failure> {
    let open = || Ok(Connection::local(database.client()));
    let mut runner = Runner::new(Box::new(open), limit);
    runner.run(scripts, &mut Unwatched).unwrap()
}

fn run(database: &Database, scripts: &[Script]) -> Option<Failure> {
    run_within(database, scripts, Duration::ZERO)
}

/// How many of the tables `a`, `b`, `c` are there after these two files.
fn left(wrapping: Wrapping, first: &str, second: &str) -> String {
    let database = Database::new();
    let scripts = [("1.sql", first), ("2.sql", second)]
        .map(|(name, text)| script(Layout::Sqlx, name, text, wrapping));
    let failure = run(&database, &scripts).expect("the second file has an error");
    assert_eq!(failure.file, "2.sql");
    database.value(
        "select coalesce(string_agg(relname, '' order by relname), '') from pg_class where relkind = 'r' \
         and relnamespace = 'public'::regnamespace",
    )
}

#[test]
fn what_fails_takes_back_what_shares_its_transaction() {
    let (first, second) = ("create table a ()", "create table b (); select 1 / 0");
    assert_eq!(left(Wrapping::None, first, second), "ab");
    assert_eq!(left(Wrapping::File, first, second), "a");
    assert_eq!(left(Wrapping::Implicit, first, second), "a");
    assert_eq!(left(Wrapping::All, first, second), "");
    let own = "create table b (); commit; create table c (); select 1 / 0";
    assert_eq!(left(Wrapping::File, first, own), "abc");
    assert_eq!(left(Wrapping::Implicit, first, own), "ab");
    let begun = "begin; create table b (); commit; begin; create table c (); select 1 / 0";
    assert_eq!(left(Wrapping::None, first, begun), "ab");
    let chained = "begin; create table b (); commit and chain; create table c (); select 1 / 0";
    assert_eq!(left(Wrapping::None, first, chained), "ab");
}

#[test]
fn a_string_of_one_statement_is_in_no_transaction() {
    let index = "create index concurrently i on a (x)";
    for (text, is_refused) in [
        (index.to_string(), false),
        (format!("select 1; {index}"), true),
    ] {
        let database = Database::new();
        database.sql("create table a (x int)");
        let scripts = [script(Layout::Prisma, "1.sql", &text, Wrapping::Implicit)];
        let failure = run(&database, &scripts);
        let code = failure
            .as_ref()
            .and_then(|failure| failure.error.sqlstate());
        assert_eq!(code, is_refused.then_some("25001"), "{text}: {failure:?}");
    }
}

#[test]
fn a_string_has_no_savepoints() {
    let database = Database::new();
    let text = "create table a (); savepoint s; create table b ()";
    let failure = run(
        &database,
        &[script(Layout::Prisma, "1.sql", text, Wrapping::Implicit)],
    );
    let failure = failure.expect("the server refuses it");
    assert_eq!(failure.error.sqlstate(), Some("25P01"), "{failure:?}");
    assert_eq!(
        database.value("select count(*) from pg_class where relname in ('a', 'b')"),
        "0"
    );
    let text = "begin; savepoint s; create table b (); release s; commit";
    assert!(
        run(
            &database,
            &[script(Layout::Prisma, "1.sql", text, Wrapping::Implicit)]
        )
        .is_none()
    );
}

#[test]
fn a_failure_says_where_and_in_the_servers_words() {
    let database = Database::new();
    let text = "-- héllo\nselect 1;\nselect 'é',\n  nothing;\n";
    let scripts = [script(Layout::Plain, "m/1.sql", text, Wrapping::None)];
    let failure = run(&database, &scripts).expect("there is no such column");
    assert_eq!(
        (failure.file.as_str(), failure.line, failure.step),
        ("m/1.sql", 4, 1)
    );
    assert_eq!(failure.statement, "select 'é',\n  nothing");
    let error = shared::Error::from(failure);
    assert_eq!(
        error.message(),
        "m/1.sql:4: ERROR: column \"nothing\" does not exist"
    );
    assert_eq!(error.sqlstate(), Some("42703"));
}

#[test]
fn what_is_deferred_fails_at_the_end() {
    let database = Database::new();
    database.sql("create table p (id int primary key); create table c (p int references p deferrable initially deferred)");
    let scripts = [script(
        Layout::Sqlx,
        "1.sql",
        "select 1;\ninsert into c values (1);",
        Wrapping::File,
    )];
    let failure = run(&database, &scripts).expect("there is no such row");
    assert_eq!((failure.statement.as_str(), failure.line), ("COMMIT", 2));
    assert_eq!(failure.error.sqlstate(), Some("23503"));
}

#[test]
fn rows_are_sent_where_psql_would() {
    let database = Database::new();
    let text = "create table a (x int, y text);\n\\echo rows\ncopy a from stdin;\n1\tone;\n2\t\\N\n\\.\n\ncopy a (x) from stdin;\n\\.\ninsert into a values (3);\n";
    let scripts = [script(Layout::Plain, "1.sql", text, Wrapping::None)];
    assert!(run(&database, &scripts).is_none());
    assert_eq!(
        database.value("select string_agg(x || coalesce(y, '-'), ',' order by x) from a"),
        "1one;,2-,3-"
    );
}

#[test]
fn what_is_no_sql_is_refused_in_words() {
    let words = |layout, text: &[u8]| {
        let script = Script::new(layout, "1.sql".to_string(), text.to_vec(), Wrapping::None);
        script.expect_err("it is refused").message().to_string()
    };
    for (layout, text, said) in [
        (
            Layout::Sqlx,
            &b"copy a from stdin;\n1\n\\.\n"[..],
            "1.sql:1: COPY … FROM stdin waits for rows, and sqlx sends none",
        ),
        (
            Layout::Sqlx,
            b"select 1;\n\\restrict x\n",
            "1.sql:2: \\restrict is a command of psql",
        ),
        (
            Layout::Plain,
            b"select 1;\n\\ir other.sql\n",
            "1.sql:2: \\ir is for psql",
        ),
        (Layout::Plain, b"select :x;", "1.sql:1: :x; is for psql"),
        (
            Layout::Flyway,
            b"create table ${x} ();",
            "1.sql has ${, which Flyway replaces",
        ),
        (Layout::Plain, b"select '\xff';", "1.sql is not in UTF-8"),
        (Layout::Plain, b"\xff\xfes\0e\0", "1.sql is in UTF-16"),
    ] {
        let found = words(layout, text);
        assert!(found.contains(said), "{found}");
    }
}

#[test]
fn psql_begins_anew_with_each_file_and_others_go_on() {
    for (layout, left) in [
        (Layout::Plain, "public"),
        (Layout::Sqlx, "other"),
        (Layout::Supabase, "public"),
    ] {
        let database = Database::new();
        database.sql("create schema other");
        let scripts = [
            ("1.sql", "set search_path = other"),
            ("2.sql", "create table a ()"),
        ]
        .map(|(name, text)| script(layout, name, text, Wrapping::None));
        assert!(run(&database, &scripts).is_none());
        let place = "select relnamespace::regnamespace::text from pg_class where relname = 'a'";
        assert_eq!(database.value(place), left, "{layout:?}");
    }
}

#[test]
fn what_a_function_has_prepared_is_gone_with_each_file() {
    let database = Database::new();
    database.sql("create function known() returns void language plpgsql as $$ begin execute 'prepare k as select 1'; end $$");
    let make = "create function made() returns void language plpgsql as $$ begin execute 'prepare m as select 1'; end $$";
    let calls = "select known(), made()";
    let files = [make, calls, calls, "prepare m as select 2", calls];
    let scripts = files.map(|text| script(Layout::Plain, "1.sql", text, Wrapping::None));
    let failure = run(&database, &scripts);
    assert!(failure.is_none(), "{failure:?}");
}

#[test]
fn who_ends_its_own_session_is_survived() {
    let database = Database::new();
    let open = || Ok(Connection::local(database.client()));
    let mut runner = Runner::new(Box::new(open), Duration::ZERO);
    let bad = [script(
        Layout::Sqlx,
        "1.sql",
        "create table a (); select pg_terminate_backend(pg_backend_pid())",
        Wrapping::File,
    )];
    let failure = runner
        .run(&bad, &mut Unwatched)
        .unwrap()
        .expect("it has no session left");
    assert!(failure.is_closed, "{failure:?}");
    assert_eq!(failure.step, 1);
    let good = [script(
        Layout::Sqlx,
        "2.sql",
        "create table a ()",
        Wrapping::File,
    )];
    assert!(runner.run(&good, &mut Unwatched).unwrap().is_none());
}

#[test]
fn no_statement_takes_longer_than_the_limit() {
    let database = Database::new();
    let text = "set statement_timeout = 0; select pg_sleep(3600);";
    let scripts = [script(Layout::Sqlx, "1.sql", text, Wrapping::File)];
    let failure = run_within(&database, &scripts, Duration::from_millis(200)).expect("it is ended");
    assert!(
        failure
            .error
            .message()
            .contains("it did not end within 0.2 s"),
        "{failure:?}"
    );
    assert_eq!(failure.error.sqlstate(), Some("57014"));
}
