//! A folder of migrations and a database that has a history of them.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;
use tests::{Database, Output, ToolCommand, program, tool};

/// A folder and a database.
pub struct Ground {
    /// Where the migrations are, in `m`.
    pub folder: TempDir,
    /// What was applied.
    pub database: Database<'static>,
}

impl Ground {
    /// These files below the folder, and a database in which this was run.
    pub fn of(files: &[(&str, &str)], sql: &str) -> Self {
        let ground = Self {
            folder: tempfile::tempdir().unwrap(),
            database: Database::new(),
        };
        for (name, text) in files {
            ground.write(name, text);
        }
        if !sql.is_empty() {
            ground.database.sql(sql);
        }
        ground
    }

    /// Writes a file.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Takes one away.
    pub fn remove(&self, name: &str) {
        fs::remove_file(self.folder.path().join(name)).unwrap();
    }

    /// The tool with these words, before the folder `m`.
    pub fn tool(&self, words: &[&str]) -> ToolCommand {
        tool("pg-migrate-lint")
            .args(words)
            .arg("m")
            .database(&self.database)
            .current_dir(self.folder.path())
    }

    /// What `--status` says.
    pub fn status(&self, words: &[&str]) -> Output {
        self.tool(&[&["--status"], words].concat()).run()
    }

    /// Version and state of each migration, and the exit status.
    #[track_caller]
    pub fn states(&self, words: &[&str], code: i32) -> Vec<String> {
        states(&self.status(words).expect_code(code))
    }

    /// The files that `--pending` names.
    #[track_caller]
    pub fn pending(&self, words: &[&str]) -> Vec<String> {
        let output = self.tool(&[&["--pending"], words].concat()).run();
        files(&output.expect_code(0))
    }

    /// That `--pending` names none, and says this.
    #[track_caller]
    pub fn refuses(&self, words: &[&str], said: &str) {
        let output = self.tool(&[&["--pending"], words].concat()).run();
        let output = output.expect_code(1).expect_no_output();
        assert!(output.stderr.contains(said), "{said}\n{output:?}");
    }
}

/// Version and state of each record.
pub fn states(output: &Output) -> Vec<String> {
    let state = |record: Value| {
        let text = |field: &str| record[field].as_str().unwrap().to_string();
        format!("{} {}", text("version"), text("state"))
    };
    output.json_lines().into_iter().map(state).collect()
}

/// The file of each record.
pub fn files(output: &Output) -> Vec<String> {
    let file = |record: Value| record["file"].as_str().unwrap().to_string();
    output.json_lines().into_iter().map(file).collect()
}

/// The message of the record of this version.
pub fn message(output: &Output, version: &str) -> String {
    let records = output.json_lines();
    let record = records.iter().find(|record| record["version"] == version);
    let message = record.and_then(|record| record["message"].as_str());
    message.unwrap_or_default().to_string()
}

/// The checksum of a text by coreutils: `sha1sum` and its kin.
pub fn sum(program_name: &str, text: &str) -> String {
    let output = program(program_name).stdin(text).run().expect_code(0);
    output.stdout.split(' ').next().unwrap().to_string()
}
