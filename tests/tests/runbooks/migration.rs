//! Projects of migrations, and what is found in them.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;
use tests::{Output, program, tool};

/// A repository of these files.
pub fn project(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        put(folder.path(), name, text);
    }
    folder
}

pub fn put(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

pub fn lint(folder: &TempDir, arguments: &[&str]) -> Output {
    let run = tool("pg-migrate-lint").args(arguments);
    run.current_dir(folder.path()).run()
}

/// File, line and rule of each finding, and of the places in its file that it speaks of as well.
pub fn places(output: &Output) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_string();
    let mut places = Vec::new();
    for record in output.json_lines() {
        let (file, rule) = (text(&record["file"]), text(&record["rule"]));
        let others = record["elsewhere"].as_array().cloned().unwrap_or_default();
        let others = others
            .iter()
            .filter(|place| place["file"] == record["file"]);
        let all = std::iter::once(&record).chain(others);
        places.extend(all.map(|place| format!("{file}:{}: {rule}", place["line"])));
    }
    places
}

/// The finding of a rule.
pub fn of(output: &Output, rule: &str) -> Value {
    let records = output.json_lines();
    let found = records.into_iter().find(|record| record["rule"] == rule);
    found.unwrap_or_else(|| panic!("no {rule}\n{output:?}"))
}

pub fn git(folder: &TempDir, arguments: &[&str]) {
    let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
    let run = program("git").args(identity).args(arguments);
    run.current_dir(folder.path()).run().expect_code(0);
}

/// A repository with what these files are commited on main, on a branch.
pub fn branched(files: &[(&str, &str)]) -> TempDir {
    let folder = project(files);
    git(&folder, &["init", "-q", "-b", "main"]);
    git(&folder, &["add", "."]);
    git(&folder, &["commit", "-q", "-m", "main"]);
    git(&folder, &["checkout", "-q", "-b", "branch"]);
    folder
}

pub const USERS: &str = "SET lock_timeout = '2s';
CREATE TABLE users (id bigint PRIMARY KEY, name text, email text);
";
