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
fn files_that_were_named_are_all_that_is_asked() {
    let ground = Ground::of(
        &[
            ("Cargo.toml", "[dependencies]\nsqlx = \"0.8\"\n"),
            ("m/1_a.sql", "select 1;\n"),
            ("m/2_b.sql", "select 2;\n"),
        ],
        "",
    );
    let run = tests::tool("pg-migrate-lint").args(["--pending", "m/2_b.sql"]);
    let run = run
        .database(&ground.database)
        .current_dir(ground.folder.path());
    assert_eq!(files(&run.run().expect_code(0)), ["m/2_b.sql"]);
    let stdin = tests::tool("pg-migrate-lint")
        .args(["--pending", "-"])
        .run()
        .expect_code(2);
    assert!(stdin.stderr.contains("need files or folders"), "{stdin:?}");
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
