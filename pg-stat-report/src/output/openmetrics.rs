//! The checks as OpenMetrics text, which is also what Prometheus's textfile collector takes.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::io::Write as _;

use shared::cli::Context;
use shared::records::Stdout;
use shared::{Error, Result};

use crate::check::Status;
use crate::checks::CHECKS;
use crate::record::Record;

/// What all names begin with.
const PREFIX: &str = "pg_stat_report";

/// Whether `-o openmetrics` was given.
pub fn is_asked(context: &Context) -> bool {
    context.extra_format() == Some("openmetrics")
}

/// Writes a family of the statuses, and one of the values of each check; the worst comes first in `judged`.
pub fn write(judged: &[(Status, Record)]) -> Result<()> {
    let mut text = statuses(judged);
    let mut by_check: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
    for (_, record) in judged {
        by_check.entry(&record.check).or_default().push(record);
    }
    for (check, records) in by_check {
        text.push_str(&values(check, &records));
    }
    text.push_str("# EOF\n");
    let mut out = Stdout::open();
    out.write_all(text.as_bytes()).map_err(Error::output)
}

fn statuses(judged: &[(Status, Record)]) -> String {
    let name = format!("{PREFIX}_status");
    let mut text = format!(
        "# HELP {name} What a check says: 0 ok, 1 warning, 2 critical, 3 unknown: it could not be seen.\n# TYPE {name} gauge\n"
    );
    let mut written = HashSet::new();
    for (status, record) in judged {
        let labels = labels(record, true);
        let number = match status {
            Status::Ok => 0,
            Status::Warning => 1,
            Status::Critical => 2,
            Status::Missing | Status::Unknown => 3,
        };
        if written.insert(labels.clone()) {
            let _ = writeln!(text, "{name}{{{labels}}} {number}");
        }
    }
    text
}

/// The values of one check: its unit is part of the name.
fn values(check: &str, records: &[&Record]) -> String {
    let unit = records.first().map(|record| record.unit.as_str());
    let unit = unit.filter(|unit| *unit != "count");
    let suffix = match unit {
        Some(unit) if !check.ends_with(unit) => format!("_{unit}"),
        _ => String::new(),
    };
    let name = format!("{PREFIX}_{check}{suffix}");
    let help = CHECKS.iter().find(|known| known.name == check);
    let help = help.map_or("", |known| known.finds);
    let mut samples = String::new();
    let mut written = HashSet::new();
    for record in records {
        let labels = labels(record, false);
        let Some(value) = record.value.filter(|_| written.insert(labels.clone())) else {
            continue;
        };
        let _ = writeln!(samples, "{name}{{{labels}}} {value}");
    }
    if samples.is_empty() {
        return samples;
    }
    let unit = unit.map(|unit| format!("# UNIT {name} {unit}\n"));
    format!(
        "# HELP {name} The value for: {help}.\n# TYPE {name} gauge\n{}{samples}",
        unit.unwrap_or_default()
    )
}

fn labels(record: &Record, with_check: bool) -> String {
    let check = with_check.then_some(record.check.as_str());
    let labels = [
        ("check", check),
        ("target", Some(record.target.as_str())),
        ("database", record.database.as_deref()),
        ("object", record.object.as_deref()),
    ];
    let labels = labels
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name}=\"{}\"", escaped(value?))));
    labels.collect::<Vec<_>>().join(",")
}

fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
