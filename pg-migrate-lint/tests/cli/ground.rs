//! Running the tool on SQL.

use tests::{Output, ToolCommand, tool};

/// The tool with these words.
pub fn lint(words: &[&str]) -> ToolCommand {
    tool("pg-migrate-lint").args(words)
}

/// What it says of this SQL.
pub fn of(sql: &str, words: &[&str]) -> Output {
    let words = [words, &["-"]].concat();
    lint(&words).stdin(sql).run()
}

/// The rules that find something, but for timeouts, each with its severity, in order.
pub fn rules(sql: &str, words: &[&str]) -> Vec<String> {
    let words = [&["--skip", "timeouts,lint"][..1], &["timeouts"], words].concat();
    let records = of(sql, &words).json_lines();
    let said = records
        .iter()
        .map(|record| record["rule"].as_str().unwrap().to_string());
    said.collect()
}
