//! Rows that are read back while indexes are built, and changed after that.

use std::path::Path;

use shared::programs::Program;
use tests::{Database, Output, program, tool};

use crate::backups::{expect_verdict, failed};

/// What the backup does to its large table where it is restored: as many rows, or not.
const CHANGES: [&str; 6] = [
    "update app.large set words = 'another' where id = 17",
    "delete from app.large where id = 13000",
    "insert into app.large values (14001, 'one more')",
    "delete from app.large where id = 3; insert into app.large values (3, 'in its place')",
    "delete from app.large where id = 3; insert into app.large select * from app.large where id = 4",
    "truncate app.large",
];

/// A table that is worth reading early, with an index to be built, and a view that is filled after
/// that and makes this `change`.
fn changing(change: &str) -> Database<'static> {
    let database = Database::new();
    let name = database.name();
    database.sql(&format!(
        "create schema app;
         create table app.large (id int not null, words text, at timestamptz default now());
         insert into app.large select i, repeat(md5(i::text), 20) from generate_series(1, 14000) i;
         create index on app.large (id);
         create index on app.large (words);
         create type app.mood as enum ('sad', 'happy');
         create table app.moods (mood app.mood, words text);
         insert into app.moods select 'sad', repeat(md5(i::text), 20) from generate_series(1, 14000) i;
         create index on app.moods (words);
         create function app.change() returns int language plpgsql as $$
             begin
                 if current_database() = '{name}' then return 0; end if;
                 {change};
                 return 1;
             end $$;
         create materialized view app.zz_changes as select app.change()",
    ));
    database
}

fn restored(database: &Database, format: &str, path: &Path) -> Output {
    let pg_dump = Program::find("pg_dump", None).unwrap();
    let run = program(pg_dump.path()).database(database).arg(format);
    run.arg("--file").arg(path).run().expect_code(0);
    // One connection alone builds one index after the other, and nothing is read meanwhile.
    tool("pg-restore-verify").arg("-j2").arg(path).run()
}

#[test]
fn rows_that_change_after_they_were_read_are_seen() {
    let folder = tempfile::tempdir().unwrap();
    let formats = ["-Fc", "-Fp", "-Fd"].into_iter().cycle();
    for (number, (change, format)) in CHANGES.into_iter().zip(formats).enumerate() {
        let path = folder.path().join(number.to_string());
        let output = restored(&changing(change), format, &path);
        expect_verdict(&output, "failed");
        assert_eq!(failed(&output), ["rows app.large"], "{change}: {output:?}");
    }
}

#[test]
fn words_of_a_type_that_change_after_rows_were_read_are_seen() {
    let folder = tempfile::tempdir().unwrap();
    let database = changing("alter type app.mood rename value 'sad' to 'sadder'");
    for format in ["-Fd", "-Fp"] {
        let output = restored(&database, format, &folder.path().join(format));
        expect_verdict(&output, "failed");
        let failed = failed(&output);
        assert!(failed.contains(&"rows app.moods".to_string()), "{output:?}");
    }
}

#[test]
fn what_does_not_change_is_as_if_it_were_read_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let database = changing("perform 1");
    for format in ["-Fc", "-Fd", "-Ft", "-Fp"] {
        let output = restored(&database, format, &folder.path().join(format));
        assert_eq!(failed(&output), [""; 0], "{format}: {output:?}");
        expect_verdict(&output, "ok");
    }
}
