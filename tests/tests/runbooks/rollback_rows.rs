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

/// Check and status of each record of one version.
fn checks(output: &Output, version: &str) -> Vec<String> {
    let records = output.json_lines();
    let own = records.iter().filter(|record| record["version"] == version);
    own.map(|record| format!("{} {}", record["check"], record["status"]).replace('"', ""))
        .collect()
}

/// T05: "Never use `drizzle-kit push` in production": what it has done there, no migration makes.
#[test]
fn t05() {
    let project = tempfile::tempdir().unwrap();
    let meta = project.path().join("drizzle/meta");
    fs::create_dir_all(&meta).unwrap();
    let journal = r#"{"version":"7","dialect":"postgresql","entries":[{"idx":0,"when":1,"tag":"0000_shop","breakpoints":true}]}"#;
    fs::write(meta.join("_journal.json"), journal).unwrap();
    let shop = "create table shop (id int primary key);";
    fs::write(project.path().join("drizzle/0000_shop.sql"), shop).unwrap();
    let database = Database::new();
    database.sql(&format!(
        "{shop} create schema drizzle;
         create table drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint);
         insert into drizzle.__drizzle_migrations (hash, created_at) values ('x', 1)"
    ));
    let drift = |code| {
        let run = tool("pg-migrate-lint").args(["--drift", "drizzle"]);
        let run = run.database(&database).current_dir(project.path());
        run.run().expect_code(code)
    };
    drift(0).expect_no_output();
    // As a push from somebody's laptop does it.
    database.sql("alter table shop add phone text");
    let seen = drift(1).json_lines();
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(seen[0]["object"], "TABLE public.shop");
    assert_eq!(seen[0]["actual"], "phone text");
}

/// T06: "Test migration apply, then rollback, then re-apply".
#[test]
fn t06() {
    let project = folder(SHOP);
    let well = run(&project, &["--check-rollback"]).expect_code(0);
    let ways = [
        "up ok",
        "down ok",
        "schema ok",
        "data ok",
        "loss ok",
        "up_again ok",
    ];
    assert_eq!(checks(&well, "2"), ways);
    put(
        &project,
        "2_town.up.sql",
        "alter table shop add town text, alter name set not null;\n",
    );
    let ill = run(&project, &["--check-rollback"]).expect_code(1);
    assert_eq!(checks(&ill, "2")[2], "schema failed");
}

/// G08: a rollback as a new migration: it is a migration whose way back is the way up of the other, and both hold.
#[test]
fn g08() {
    let project = folder(SHOP);
    put(
        &project,
        "3_no_town.up.sql",
        "alter table shop drop town;\n",
    );
    put(
        &project,
        "3_no_town.down.sql",
        "alter table shop add town text;\n",
    );
    let well = run(&project, &["--check-rollback"]).expect_code(0);
    // What was written to the column does not come back, which is said.
    let ways = [
        "up ok",
        "down ok",
        "schema ok",
        "loss ok",
        "data ok",
        "up_again ok",
    ];
    assert_eq!(checks(&well, "3"), ways);
    put(
        &project,
        "3_no_town.down.sql",
        "alter table shop add town varchar(9);\n",
    );
    let ill = run(&project, &["--check-rollback"]).expect_code(1);
    assert_eq!(checks(&ill, "3")[2], "schema failed");
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
