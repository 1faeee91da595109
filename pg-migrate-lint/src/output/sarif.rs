//! SARIF 2.1.0, for code scanning.

use serde_json::{Value, json};
use shared::Result;

use crate::record::{Place, Record};
use crate::rules;

/// Writes all.
pub fn write(records: &[Record]) -> Result<()> {
    let rules: Vec<Value> = rules::all()
        .map(|rule| {
            json!({
                "id": rule.name,
                "shortDescription": { "text": rule.summary },
                "fullDescription": { "text": rule.explanation },
                "defaultConfiguration": { "level": level(rule.severity.name()), "enabled": rule.group.is_usual() },
                "properties": { "tags": [rule.group.name()] },
            })
        })
        .collect();
    let results: Vec<Value> = records.iter().map(result).collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": env!("CARGO_PKG_NAME"),
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    super::document(&document)
}

fn result(record: &Record) -> Value {
    let index = rules::all().position(|rule| rule.name == record.rule);
    let message = match &record.fix {
        Some(fix) => format!("{}\n\n{fix}", record.message),
        None => record.message.clone(),
    };
    let others: Vec<Value> = record.elsewhere.iter().flatten().map(other).collect();
    json!({
        "ruleId": record.rule,
        "ruleIndex": index,
        "level": level(&record.severity),
        "message": { "text": message },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(&record.file) },
            "region": {
                "startLine": record.line,
                "startColumn": record.column,
                "endLine": record.end_line,
                "endColumn": record.end_column,
            },
        } }],
        "relatedLocations": others,
        "partialFingerprints": { "statement/v1": record.fingerprint },
        "properties": {
            "object": record.object,
            "lock": record.lock,
            "effect": record.effect,
            "blocks": record.blocks,
            "rows": record.rows,
            "bytes": record.bytes,
            "index_bytes": record.index_bytes,
            "partitions": record.partitions,
            "writes_per_second": record.writes_per_second,
            "estimated_seconds": record.estimated_seconds,
        },
    })
}

/// A place of which the finding holds as well.
fn other(place: &Place) -> Value {
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(&place.file) },
            "region": { "startLine": place.line },
        },
        "message": { "text": place.object.as_deref().unwrap_or("likewise") },
    })
}

fn level(severity: &str) -> &str {
    match severity {
        "info" => "note",
        other => other,
    }
}

/// A path as a reference: what is no letter of one is written in percent.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                uri.push(char::from(byte))
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}
