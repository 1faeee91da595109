//! What is known of a table's size, in words.

use std::time::Duration;

use shared::units::{human_bytes, human_duration};

use super::ask::{Answer, Size};
use super::subject::{Subject, Table};
use crate::name::Name;

/// What is said of the table that a finding is about.
pub fn of(subject: &Subject, answer: &Answer) -> String {
    let table = shown(&subject.table);
    match answer {
        Answer::Found(size) => format!("{table} has {}", size_of(size)),
        Answer::Elsewhere(schemas) => {
            let schemas = schemas.join(", ");
            format!("{table} is not in the search path, but in {schemas}")
        }
        Answer::Missing if subject.is_made => format!("{table} is not there yet"),
        Answer::Missing => format!("{table} is not there"),
    }
}

/// How long it takes, for tables that are named where they are not the one that is meant anyway.
pub fn time(subject: &Subject, seconds: f64) -> String {
    // As the field has it.
    let rounded = (seconds * 1000.0).round() / 1000.0;
    let time = Duration::try_from_secs_f64(rounded).unwrap_or(Duration::MAX);
    let time = match time.is_zero() {
        true => "less than 1ms".to_string(),
        false => format!("about {}", human_duration(time)),
    };
    match subject.worked == [subject.table.clone()] {
        true => time,
        false => format!("{time} for {}", all(&subject.worked)),
    }
}

/// Why a finding is no more than advice.
pub fn lowered(subject: &Subject, small: i64) -> String {
    let (verb, them) = match subject.worked.len() {
        1 => ("has", all(&subject.worked)),
        _ => ("have", all(&subject.worked)),
    };
    format!("info, as {them} {verb} fewer than {small} rows")
}

fn size_of(size: &Size) -> String {
    let mut words = match (size.rows, size.bytes) {
        (Some(rows), Some(bytes)) => format!("{} in {}", count(rows), human(bytes)),
        (Some(rows), None) => count(rows),
        (None, Some(bytes)) => format!("{} of rows that were never counted", human(bytes)),
        (None, None) => "rows that nobody can count".to_string(),
    };
    match size.partitions {
        Some(1) => words.push_str(", 1 partition"),
        Some(partitions) if partitions > 1 => words.push_str(&format!(", {partitions} partitions")),
        _ => {}
    }
    if let Some(writes) = size.writes_per_second.filter(|writes| *writes > 0.0) {
        words.push_str(&match writes {
            writes if writes < 0.1 => ", less than 0.1 writes/s".to_string(),
            writes if writes < 10.0 => format!(", {writes:.1} writes/s"),
            writes => format!(", {writes:.0} writes/s"),
        });
    }
    words
}

fn human(bytes: i64) -> String {
    human_bytes(u64::try_from(bytes).unwrap_or(0))
}

/// A number of rows, which is an estimate but where it is none.
fn count(rows: i64) -> String {
    #[allow(clippy::cast_precision_loss)]
    let real = rows as f64;
    match rows {
        0 => "no rows".to_string(),
        1 => "about 1 row".to_string(),
        2..10_000 => format!("about {rows} rows"),
        10_000..1_000_000 => format!("about {:.0},000 rows", real / 1e3),
        1_000_000..1_000_000_000 => format!("about {:.1} million rows", real / 1e6),
        _ => format!("about {:.1} billion rows", real / 1e9),
    }
}

fn shown(table: &Table) -> String {
    let schema = match table.schemas.as_slice() {
        [schema] if schema != "public" => schema,
        _ => "",
    };
    Name::of(schema, &table.name).to_string()
}

fn all(tables: &[Table]) -> String {
    let names: Vec<String> = tables.iter().map(shown).collect();
    names.join(" and ")
}
