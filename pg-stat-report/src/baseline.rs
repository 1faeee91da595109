//! An earlier report, and what has grown since.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use shared::cli::Context;
use shared::time::{self, Time};
use shared::{Context as _, Error, Result, records};

use crate::look::{Part, Seen};
use crate::row::{Cell, Row};
use crate::sections::{databases, growth, tables};

/// The rows of `databases` and `tables` that an earlier run wrote.
#[derive(Debug, Default)]
pub struct Baseline {
    rows: HashMap<Key, Value>,
    targets: Vec<String>,
}

/// Target, database and table.
type Key = (String, Option<String>, Option<String>);

impl Baseline {
    /// Reads it from a file, or from stdin where that is `-`.
    pub fn read(path: &Path, context: &Context) -> Result<Self> {
        let name = || path.display().to_string();
        if path.as_os_str() == "-" {
            return Self::of(context.stdin()).context(|| "standard input".into());
        }
        let file = File::open(path).context(name)?;
        Self::of(BufReader::new(file)).context(name)
    }

    fn of(input: impl BufRead) -> Result<Self> {
        let mut baseline = Self::default();
        for record in records::read::<Value, _>(input) {
            let record = record?;
            let text = |field: &str| record[field].as_str().map(str::to_string);
            let table = match record["section"].as_str() {
                Some("databases") => None,
                Some("tables") => text("table"),
                _ => continue,
            };
            let Some(target) = text("target") else {
                continue;
            };
            if !baseline.targets.contains(&target) {
                baseline.targets.push(target.clone());
            }
            let key = (target, text("database"), table);
            // Of several runs the first is the longest ago.
            baseline.rows.entry(key).or_insert(record);
        }
        Ok(baseline)
    }

    /// What has grown since, as the rows of the section `growth`.
    pub fn compare(&self, seen: &Seen) -> Part {
        Part {
            section: &growth::SECTION,
            database: None,
            rows: self.rows(seen),
        }
    }

    fn rows(&self, seen: &Seen) -> Result<Vec<Row>> {
        let target = &seen.origin.target;
        if !self.targets.contains(target) {
            let others = self.targets.join(", ");
            return Err(Error::new(format!(
                "the baseline has no rows of databases or tables of {target} ({})",
                if others.is_empty() {
                    "none at all"
                } else {
                    &others
                }
            )));
        }
        let mut rows = Vec::new();
        for part in &seen.parts {
            let table = match part.section.name {
                name if name == databases::SECTION.name => None,
                name if name == tables::SECTION.name => Some("table"),
                _ => continue,
            };
            let now = part.rows.as_ref().map_err(Clone::clone)?;
            rows.extend(now.iter().filter_map(|row| self.grown(seen, row, table)));
        }
        Ok(rows)
    }

    /// How a thing has grown; nothing of one that was not there.
    fn grown(&self, seen: &Seen, row: &Row, table: Option<&str>) -> Option<Row> {
        let name = table.and_then(|field| row.text(field));
        let database = row.text("database").map(str::to_string);
        let key = (
            seen.origin.target.clone(),
            database,
            name.map(str::to_string),
        );
        let before = self.rows.get(&key)?;
        let seconds = between(before["taken_at"].as_str()?, &seen.origin.taken_at)?;
        let old = number(&before["bytes"]);
        let bytes = row.number("bytes");
        let grown = old.zip(bytes).map(|(old, new)| new - old);
        let per_day = grown.map(|grown| grown * 86_400.0 / seconds);
        let ratio = per_day.zip(old).map(|(per_day, old)| per_day / old);
        let rate = |field: &str| {
            let increase = row.number(field)? - number(&before[field])?;
            // Less than before: it was counted anew.
            (increase >= 0.0).then_some(increase / seconds)
        };
        let transactions = match table {
            None => rate("commits")
                .zip(rate("rollbacks"))
                .map(|(one, other)| one + other),
            Some(_) => None,
        };
        let float = |value: Option<f64>| {
            let finite = value.filter(|value| value.is_finite());
            finite.map_or(Cell::Null, Cell::Float)
        };
        let whole = |value: Option<f64>| value.map_or(Cell::Null, |value| Cell::Int(value as i64));
        let text = |value: Option<&str>| value.map_or(Cell::Null, |value| Cell::Text(value.into()));
        let cells = vec![
            text(Some(if table.is_some() { "table" } else { "database" })),
            text(row.text("database")),
            text(name),
            float(Some(seconds)),
            whole(old),
            whole(bytes),
            float(per_day),
            float(ratio),
            float(transactions),
            float(rate("rows_inserted")),
            float(rate("rows_updated")),
            float(rate("rows_deleted")),
        ];
        Some(Row::new(&growth::SECTION, Arc::clone(&seen.origin), cells))
    }
}

/// Numbers beyond what JSON holds exactly are text.
fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

/// The seconds between two moments; none if there are none.
fn between(then: &str, now: &str) -> Option<f64> {
    let (then, now): (Time, Time) = (time::parse(then).ok()?, time::parse(now).ok()?);
    let seconds = (now - then).as_seconds_f64();
    (seconds > 0.0).then_some(seconds)
}
