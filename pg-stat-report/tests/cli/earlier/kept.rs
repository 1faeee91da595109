//! A server of which a state is kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};
use tempfile::TempDir;
use tests::eventually;

use crate::ground::{Ground, statuses};

/// A server, and a file for what is kept of it.
pub struct Kept {
    pub ground: Arc<Ground>,
    pub folder: TempDir,
}

impl Kept {
    pub fn with(settings: &[(&str, &str)]) -> Self {
        Self {
            ground: Arc::new(Ground::with(settings)),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// On a server that others have too, for who only reads.
    pub fn shared() -> Self {
        static GROUND: OnceLock<Arc<Ground>> = OnceLock::new();
        let ground = GROUND.get_or_init(|| Arc::new(Ground::new()));
        Self {
            ground: Arc::clone(ground),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    pub fn run(&self, words: &[&str]) -> tests::Output {
        let state = self.state().display().to_string();
        self.ground.run(&[&["--state", &state], words].concat())
    }

    /// The rows of growth, and what is kept then.
    pub fn growth(&self) -> Vec<Value> {
        self.run(&["growth"]).expect_code(0).json_lines()
    }

    pub fn statuses(&self, check: &str, more: &[&str]) -> Vec<(String, String)> {
        statuses(&self.run(&[&["--only", check], more].concat()).json_lines())
    }

    /// Makes what is kept so much older.
    pub fn age(&self, by: &str) {
        let ground = &self.ground;
        edit(&self.state(), |record| {
            if let Some(taken_at) = record["taken_at"].as_str() {
                let older = format!(
                    "select to_char((timestamptz '{taken_at}' - interval '{by}') at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
                );
                record["taken_at"] = json!(ground.value(&older));
            }
        });
    }
}

pub fn edit(path: &Path, change: impl Fn(&mut Value)) {
    let text = fs::read_to_string(path).unwrap();
    let records = text.lines().map(|line| {
        let mut record: Value = serde_json::from_str(line).unwrap();
        change(&mut record);
        format!("{record}\n")
    });
    fs::write(path, records.collect::<String>()).unwrap();
}

#[track_caller]
pub fn row<'a>(rows: &'a [Value], kind: &str, name: &str) -> &'a Value {
    let field = if kind == "table" { "table" } else { "database" };
    let found = rows
        .iter()
        .find(|row| row["kind"] == kind && (name.is_empty() || row[field] == name));
    found.unwrap_or_else(|| panic!("no {kind} {name} in {rows:#?}"))
}

/// A rate times the time it is of.
pub fn amount(row: &Value, field: &str) -> f64 {
    let rate = row[field].as_f64();
    let rate = rate.unwrap_or_else(|| panic!("no {field} in {row:#?}"));
    (rate * row["rate_seconds"].as_f64().unwrap()).round()
}

pub fn wait_for(ground: &Ground, query: &str) {
    eventually("the server has counted it", || {
        ground.value(&format!("select ({query})::text")) == "true"
    });
}
