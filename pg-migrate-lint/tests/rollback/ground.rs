//! A folder of migrations with their ways back.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;
use tests::{Output, ToolCommand, tool};

/// A folder.
pub struct Ground {
    /// Where the migrations are, in `m`.
    pub folder: TempDir,
}

impl Ground {
    /// These files below the folder.
    pub fn of(files: &[(&str, &str)]) -> Self {
        let ground = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        for (name, text) in files {
            ground.write(name, text);
        }
        ground
    }

    /// Writes a file.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// The tool with these words, before the folder `m`.
    pub fn tool(&self, words: &[&str]) -> ToolCommand {
        let tool = tool("pg-migrate-lint").args(words).arg("m");
        tool.current_dir(self.folder.path())
    }

    /// What it writes, with this status.
    #[track_caller]
    pub fn run(&self, words: &[&str], code: i32) -> Output {
        self.tool(words).run().expect_code(code)
    }
}

/// The text of these fields of each record, `-` for none.
pub fn told(output: &Output, fields: &[&str]) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_string(),
        other => other.to_string(),
    };
    let line = |record: Value| -> String {
        let words: Vec<String> = fields.iter().map(|field| text(&record[field])).collect();
        words.join(" ")
    };
    output.json_lines().into_iter().map(line).collect()
}
