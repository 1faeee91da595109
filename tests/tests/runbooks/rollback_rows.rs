//! The rows about the way back.

use std::fs;

use tempfile::TempDir;
use tests::{Database, Output, tool};

/// Up and down of two migrations, as golang-migrate has them.
const SHOP: &[(&str, &str)] = &[
    (
        "1_shop.up.sql",
        "create table shop (id int primary key, name text);\n",
    ),
    ("1_shop.down.sql", "drop table shop;\n"),
    ("2_town.up.sql", "alter table shop add town text;\n"),
    ("2_town.down.sql", "alter table shop drop town;\n"),
];

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        put(&folder, name, text);
    }
    folder
}

fn put(folder: &TempDir, name: &str, text: &str) {
    let path = folder.path().join("migrations").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn run(folder: &TempDir, words: &[&str]) -> Output {
    let run = tool("pg-migrate-lint").args(words).arg("migrations");
    run.current_dir(folder.path()).run()
}

/// V13: "Plan rollback strategies before deployment", and a dry run of them: the down parts in order, and what each locks
/// and loses; from where the server is.
#[test]
fn v13() {
    let project = folder(SHOP);
    let told = |output: &Output| -> Vec<String> {
        let records = output.json_lines();
        let line = |record: &serde_json::Value| {
            format!(
                "{} {} {} {}",
                record["file"], record["lock"], record["object"], record["loses"]
            )
        };
        records
            .iter()
            .map(|record| line(record).replace('"', ""))
            .collect()
    };
    let plan = run(&project, &["--rollback-plan"]).expect_code(0);
    let town = "migrations/2_town.down.sql AccessExclusiveLock shop [column shop.town]";
    let shop = "migrations/1_shop.down.sql AccessExclusiveLock shop [table shop]";
    assert_eq!(told(&plan), [town, shop]);
    let to_one = run(&project, &["--rollback-plan", "--to", "1"]).expect_code(0);
    assert_eq!(told(&to_one), [town]);
    // Only the first one has reached the server.
    let database = Database::new();
    let history =
        "create table schema_migrations (version bigint primary key, dirty boolean not null);
        insert into schema_migrations values (1, false)";
    database.sql(history);
    let there = tool("pg-migrate-lint")
        .args(["--rollback-plan", "-d", database.name(), "migrations"])
        .database(&database)
        .current_dir(project.path());
    assert_eq!(told(&there.run().expect_code(0)), [shop]);
    put(&project, "3_note.up.sql", "create table note (id int);\n");
    let stuck = run(&project, &["--rollback-plan"]).expect_code(1);
    assert!(
        stuck.stderr.contains("3_note.up.sql has no way back"),
        "{stuck:?}"
    );
}
