//! A project with ways back.

use std::fs;

use tempfile::TempDir;
use tests::{Output, tool};

/// Up and down of two migrations, as golang-migrate has them.
pub const SHOP: &[(&str, &str)] = &[
    (
        "1_shop.up.sql",
        "create table shop (id int primary key, name text);\n",
    ),
    ("1_shop.down.sql", "drop table shop;\n"),
    ("2_town.up.sql", "alter table shop add town text;\n"),
    ("2_town.down.sql", "alter table shop drop town;\n"),
];

pub fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        put(&folder, name, text);
    }
    folder
}

pub fn put(folder: &TempDir, name: &str, text: &str) {
    let path = folder.path().join("migrations").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

pub fn run(folder: &TempDir, words: &[&str]) -> Output {
    let run = tool("pg-migrate-lint").args(words).arg("migrations");
    run.current_dir(folder.path()).run()
}

/// Check and status of each record of one version.
pub fn checks(output: &Output, version: &str) -> Vec<String> {
    let records = output.json_lines();
    let own = records.iter().filter(|record| record["version"] == version);
    own.map(|record| format!("{} {}", record["check"], record["status"]).replace('"', ""))
        .collect()
}
