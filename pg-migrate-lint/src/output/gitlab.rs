//! GitLab's code quality report, for the widget and the diff of a merge request: one array.
//!
//! Source: <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>

use std::collections::HashMap;

use serde_json::{Value, json};
use shared::Result;

use crate::record::Record;

/// Writes all.
pub fn write(records: &[Record]) -> Result<()> {
    let mut seen = HashMap::new();
    let violations: Vec<Value> = records
        .iter()
        .map(|record| {
            let times: &mut usize = seen.entry(&record.fingerprint).or_default();
            *times += 1;
            violation(record, *times)
        })
        .collect();
    super::document(&violations)
}

fn violation(record: &Record, times: usize) -> Value {
    // GitLab shows one of those that share a fingerprint, as the same statement twice in a file would.
    let fingerprint = match times {
        1 => record.fingerprint.clone(),
        _ => format!("{}-{times}", record.fingerprint),
    };
    json!({
        "description": record.message,
        "check_name": record.rule,
        "fingerprint": fingerprint,
        "severity": severity(&record.severity),
        "location": {
            // It matches paths as text with those of the repository.
            "path": record.file.strip_prefix("./").unwrap_or(&record.file),
            "lines": { "begin": record.line },
        },
    })
}

/// Of its five, critical is what blocks others for long, loses data or fails.
fn severity(severity: &str) -> &str {
    match severity {
        "error" => "critical",
        "warning" => "major",
        _ => "info",
    }
}
