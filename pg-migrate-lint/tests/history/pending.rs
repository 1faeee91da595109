//! What `--pending` names is run by psql, and what psql can't run is not named.

use std::fmt::Write as _;
use std::time::Instant;

use tests::program;

use crate::ground::{Ground, files};

#[test]
fn xargs_runs_it() {
    let ground = Ground::of(
        &[
            ("Cargo.toml", "[dependencies]\nsqlx = \"0.8\"\n"),
            ("m/1_a.sql", "create table a (id int);\n"),
            ("m/2_b.sql", "alter table a add b int;\n"),
            ("m/10_c.sql", "alter table a rename b to c;\n"),
        ],
        "",
    );
    let tool = tests::binary("pg-migrate-lint");
    let line = format!(
        "'{}' --pending -q m | jq -r .file | xargs -n1 psql -q -1 -v ON_ERROR_STOP=1 -f",
        tool.display()
    );
    let run = program("sh").args(["-c", &line]).database(&ground.database);
    run.current_dir(ground.folder.path()).run().expect_code(0);
    let columns = "select string_agg(attname, ' ' order by attnum) from pg_attribute where attrelid = 'a'::regclass and attnum > 0";
    assert_eq!(ground.database.value(columns), "id c");
}

/// The line of the README, with what it runs on.
fn line() -> String {
    let tool = tests::binary("pg-migrate-lint");
    format!(
        "'{}' --pending -q m > next.jsonl &&
         jq -r '\"psql -X -q -1 -v ON_ERROR_STOP=1 -f \" + (.file | @sh)' next.jsonl | sh -e",
        tool.display()
    )
}

#[test]
fn the_line_stops_at_what_fails() {
    let ground = Ground::of(
        &[
            ("Cargo.toml", "[dependencies]\nsqlx = \"0.8\"\n"),
            ("m/1_it's a \"name\".sql", "create table a (id int);\n"),
            ("m/2_fails.sql", "update a set no_such = 1;\n"),
            ("m/3_drops.sql", "drop table a;\n"),
        ],
        "create table _sqlx_migrations (version bigint primary key, description text not null,
            installed_on timestamptz not null default now(), success boolean not null, checksum bytea not null,
            execution_time bigint not null);",
    );
    let run = || {
        program("sh")
            .args(["-c", &line()])
            .database(&ground.database)
            .current_dir(ground.folder.path())
            .run()
    };
    let failed = run().expect_code(3);
    assert!(failed.stderr.contains("column \"no_such\""), "{failed:?}");
    assert_eq!(ground.database.value("select to_regclass('a')::text"), "a");
    // What is not safe is not run, and the line says so.
    ground
        .database
        .sql("drop table a; insert into _sqlx_migrations values (1, '', now(), false, '\\x00', 1)");
    run().expect_code(1);
    assert_eq!(
        ground
            .database
            .value("select coalesce(to_regclass('a')::text, 'none')"),
        "none"
    );
    // Nothing pending, nothing run.
    for name in ["m/1_it's a \"name\".sql", "m/2_fails.sql", "m/3_drops.sql"] {
        ground.remove(name);
    }
    ground.database.sql("truncate _sqlx_migrations");
    ground.write("m/1_a.sql", "create table a (id int);\n");
    ground.database.sql(
        "insert into _sqlx_migrations values (1, '', now(), true, sha384(convert_to(E'create table a (id int);\\n', 'UTF8')), 1)",
    );
    let nothing = run().expect_code(0);
    assert_eq!((nothing.stdout.as_str(), nothing.stderr.as_str()), ("", ""));
}

#[test]
fn psql_is_told_of_a_server_that_it_would_not_find() {
    let ground = Ground::of(
        &[
            ("Cargo.toml", "[dependencies]\nsqlx = \"0.8\"\n"),
            ("m/1_a.sql", "select 1;\n"),
        ],
        "create schema app",
    );
    let cluster = ground.database.cluster();
    let folder = cluster
        .socket_dir()
        .display()
        .to_string()
        .replace('/', "%2F");
    let url = format!(
        "postgresql://{}@{folder}:{}/{}",
        cluster.superuser(),
        cluster.port(),
        ground.database.name()
    );
    let asked = |question: &str, url: &str| {
        tests::tool("pg-migrate-lint")
            .args([question, "m"])
            .env("DATABASE_URL", url)
            .current_dir(ground.folder.path())
            .run()
    };
    let said = "the history is that of DATABASE_URL, which psql does not read: run the files by psql -d \"$DATABASE_URL\"";
    let pending = asked("--pending", &url).expect_code(0);
    assert!(pending.stderr.contains(said), "{pending:?}");
    assert_eq!(files(&pending), ["m/1_a.sql"]);
    assert!(!asked("--status", &url).expect_code(0).stderr.contains(said));
    assert!(!ground.tool(&["--pending"]).run().stderr.contains(said));
    // Prisma and its like have it run in a schema that psql knows nothing of.
    let other = asked("--pending", &format!("{url}?schema=app"))
        .expect_code(2)
        .expect_no_output();
    assert!(
        other
            .stderr
            .contains("DATABASE_URL has them run in app, and psql would run the files in public"),
        "{other:?}"
    );
    asked("--status", &format!("{url}?schema=app")).expect_code(0);
    // Where both are the same, nothing is in the way, and the hint is true.
    asked("--pending", &format!("{url}?schema=public")).expect_code(0);
    let told = tests::tool("pg-migrate-lint")
        .args(["--pending", "m", "-d", &format!("{url}?schema=app")])
        .env("PGOPTIONS", "-c search_path=app")
        .current_dir(ground.folder.path())
        .run()
        .expect_code(0);
    assert_eq!(files(&told), ["m/1_a.sql"]);
}

#[test]
fn what_psql_would_do_otherwise_is_not_named() {
    for (project, text, said) in [
        (
            "Cargo.toml",
            "-- no-transaction\ncreate index concurrently i on a (id);\n",
            "1_a.sql has CREATE INDEX CONCURRENTLY, which fails",
        ),
        (
            "Cargo.toml",
            "-- no-transaction\nselect 1;\n",
            "1_a.sql is to be run outside of a transaction",
        ),
        (
            "",
            "-- +goose Up\nselect 1;\n-- +goose Down\nselect 2;\n",
            "1_a.sql has its way back in the same file",
        ),
        (
            "Cargo.toml",
            "\\connect postgres\nselect 1;\n",
            "1_a.sql has \\connect, a command of psql, which sqlx does not know",
        ),
        (
            "Cargo.toml",
            "\\echo a\nselect 1;\n",
            "1_a.sql has \\echo, a command of psql",
        ),
        (
            "Cargo.toml",
            "select :x;\n",
            "1_a.sql has a variable or a template",
        ),
        (
            "Cargo.toml",
            "begin; create table a (); commit; create table b ();\n",
            "1_a.sql begins or ends transactions of its own",
        ),
        (
            "Cargo.toml",
            "create table a ();\nrollback;\n",
            "1_a.sql begins or ends transactions of its own",
        ),
        (
            "Cargo.toml",
            "do $$ begin commit; end $$;\n",
            "1_a.sql has a block that ends transactions",
        ),
        (
            "Cargo.toml",
            "create table a (id int);\ncopy a from stdin;\n1\n\\.\n",
            "1_a.sql has COPY FROM stdin, whose rows psql reads and sqlx does not",
        ),
        (
            "Cargo.toml",
            "create tabel a (id int);\n",
            "1_a.sql is no SQL that PostgreSQL takes: syntax error at or near \"tabel\"",
        ),
        (
            "Cargo.toml",
            "select 'unterminated;\n",
            "1_a.sql is no SQL that PostgreSQL takes: unterminated quoted string",
        ),
        (
            "",
            "-- +goose Up\n-- +goose ENVSUB ON\nselect '${X}';\n",
            "1_a.sql has +goose ENVSUB ON, which goose replaces",
        ),
    ] {
        let mut given = vec![("m/1_a.sql", text)];
        if !project.is_empty() {
            given.push((project, "[dependencies]\nsqlx = \"0.8\"\n"));
        }
        let ground = Ground::of(&given, "");
        ground.refuses(&[], said);
        // Who asks for it gets them all the same.
        assert_eq!(ground.pending(&["--fail-on", "never"]), ["m/1_a.sql"]);
    }
}

#[test]
fn a_transaction_around_the_whole_file_is_what_psql_has_anyway() {
    let ground = Ground::of(
        &[
            ("Cargo.toml", "[dependencies]\nsqlx = \"0.8\"\n"),
            (
                "m/1_a.sql",
                "-- words\nbegin;\nsavepoint s;\nselect ':x', '{{', e'\\'stdin';\ncommit;\n",
            ),
        ],
        "",
    );
    assert_eq!(ground.pending(&[]), ["m/1_a.sql"]);
}

#[test]
fn files_that_were_named_are_all_that_is_asked() {
    let ground = Ground::of(
        &[
            ("Cargo.toml", "[dependencies]\nsqlx = \"0.8\"\n"),
            ("m/1_a.sql", "select 1;\n"),
            ("m/2_b.sql", "select 2;\n"),
        ],
        "",
    );
    let named = |words: &[&str], file: &str| {
        let run = tests::tool("pg-migrate-lint").args(words).arg(file);
        run.database(&ground.database)
            .current_dir(ground.folder.path())
            .run()
    };
    assert_eq!(
        files(&named(&["--pending"], "m/1_a.sql").expect_code(0)),
        ["m/1_a.sql"]
    );
    // What its project would run first is not to be left out.
    let second = named(&["--pending"], "m/2_b.sql").expect_code(1);
    let said = "1_a.sql is pending as well, and comes before 2_b.sql, which was named";
    assert!(
        second.stderr.contains(said) && second.stdout.is_empty(),
        "{second:?}"
    );
    let forced = named(&["--pending", "--fail-on", "never"], "m/2_b.sql").expect_code(0);
    assert_eq!(files(&forced), ["m/2_b.sql"]);
    // Nor what is wrong with another file.
    ground.database.sql(
        "create table _sqlx_migrations (version bigint primary key, description text not null,
            installed_on timestamptz not null default now(), success boolean not null, checksum bytea not null,
            execution_time bigint not null);
         insert into _sqlx_migrations values (1, 'a', now(), true, '\\x00', 1)",
    );
    let edited = named(&["--pending"], "m/2_b.sql").expect_code(1);
    assert!(
        edited.stderr.contains("1_a.sql is not what was applied") && edited.stdout.is_empty(),
        "{edited:?}"
    );
    assert_eq!(
        crate::ground::states(&named(&["--status"], "m/2_b.sql").expect_code(0)),
        ["2 pending"]
    );
    ground
        .database
        .sql("update _sqlx_migrations set checksum = sha384(convert_to(E'select 1;\\n', 'UTF8'))");
    assert_eq!(
        files(&named(&["--pending"], "m/2_b.sql").expect_code(0)),
        ["m/2_b.sql"]
    );
    let stdin = tests::tool("pg-migrate-lint")
        .args(["--pending", "-"])
        .run()
        .expect_code(2);
    assert!(stdin.stderr.contains("needs files or folders"), "{stdin:?}");
}

#[test]
fn five_thousand() {
    let ground = Ground::of(&[("Cargo.toml", "[dependencies]\nsqlx = \"0.8\"\n")], "create table _sqlx_migrations
        (version bigint primary key, description text not null, installed_on timestamptz not null default now(),
         success boolean not null, checksum bytea not null, execution_time bigint not null)");
    let mut texts = String::new();
    for number in 1..=5000 {
        let text = format!("create table t{number} (id int);\n");
        ground.write(&format!("m/{number}_t.sql"), &text);
        let _ = write!(texts, "({number}, 'create table t{number} (id int);'),");
    }
    let insert = format!(
        "insert into _sqlx_migrations select n, 't', now(), true, sha384(convert_to(t || chr(10), 'UTF8')), 1 from (values {}) as v (n, t)",
        texts.trim_end_matches(',')
    );
    ground.database.sql(&insert);
    let began = Instant::now();
    let states = ground.states(&[], 0);
    assert_eq!(states.len(), 5000);
    assert!(states.iter().all(|state| state.ends_with(" applied")));
    // For whoever measures: `--nocapture` shows it.
    let _ = writeln_stderr(&format!("{:?}", began.elapsed()));
}

fn writeln_stderr(text: &str) -> std::io::Result<()> {
    use std::io::Write;
    writeln!(std::io::stderr(), "{text}")
}
