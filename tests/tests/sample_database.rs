//! The sample database loads, and a backup by PostgreSQL's own programs brings all
//! of it back: whatever a tool reports on it is the tool's doing.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use shared::programs::Program;
use tests::{Database, Output, program};

fn postgres(name: &str, database: &Database, arguments: &[&str]) -> Output {
    let found = Program::find(name, None).unwrap();
    program(found.path())
        .args(arguments)
        .database(database)
        .run()
        .expect_code(0)
}

fn schema(database: &Database) -> String {
    let dump = postgres("pg_dump", database, &["--schema-only", "--restrict-key=x"]);
    dump.stdout
}

#[test]
fn it_comes_back_whole_from_a_backup() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sample.dump");
    let file = file.to_str().unwrap();
    let (original, restored) = (Database::new(), Database::new());
    original.load_sample();
    postgres("pg_dump", &original, &["-Fc", "-f", file]);
    assert!(Path::new(file).metadata().unwrap().len() > 100_000);
    let arguments = ["--exit-on-error", "-d", restored.name(), file];
    assert_eq!(
        postgres("pg_restore", &restored, &arguments)
            .stderr
            .lines()
            .find(|l| l.contains("error")),
        None
    );
    assert_eq!(schema(&original), schema(&restored));
    let data = |database: &Database| {
        let dump = postgres("pg_dump", database, &["--data-only", "--restrict-key=x"]);
        dump.stdout
    };
    assert!(data(&original) == data(&restored), "the rows differ");
}

#[test]
fn it_grows_on_request() {
    let database = Database::new();
    database.load_sample_with(5000);
    assert_eq!(database.value("select count(*) from app.orders"), "5000");
    assert_eq!(database.value("select count(*) from app.texts"), "12");
}
