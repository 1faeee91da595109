//! What of a report is compared with a later one: which thing it is, by what it is known again, and
//! how much it had.

use serde_json::{Map, Value};
use shared::time::{self, Time};

use crate::look::Seen;
use crate::row::{Cell, Row};
use crate::section::Section;
use crate::sections::{databases, indexes, queries, server, tables, wal};

/// The sections that are compared.
pub const SECTIONS: &[&Section] = &[
    &server::SECTION,
    &databases::SECTION,
    &tables::SECTION,
    &wal::SECTION,
    &queries::SECTION,
];

/// What is kept of a section's rows.
#[derive(Debug)]
pub struct Kind {
    /// Whose rows.
    pub section: &'static Section,
    /// What a thing is called by.
    names: &'static [&'static str],
    /// What is another where the thing, or what counts it, is another.
    marks: &'static [&'static str],
    /// What it has, or has counted.
    numbers: &'static [&'static str],
}

/// The server itself.
pub const SERVER: Kind = Kind {
    section: &server::SECTION,
    names: &[],
    marks: &[
        "system_identifier",
        "timeline",
        "started_at",
        "crashed_or_reset_at",
    ],
    numbers: &[],
};

/// Its databases.
pub const DATABASE: Kind = Kind {
    section: &databases::SECTION,
    names: &["database"],
    marks: &["oid", "counted_since"],
    numbers: &[
        "bytes",
        "commits",
        "rollbacks",
        "blocks_read",
        "blocks_hit",
        "rows_read",
        "rows_fetched",
        "rows_inserted",
        "rows_updated",
        "rows_deleted",
        "temp_files",
        "temp_bytes",
        "deadlocks",
        "sessions",
        "sessions_abandoned",
        "sessions_fatal",
    ],
};

/// Tables.
pub const TABLE: Kind = Kind {
    section: &tables::SECTION,
    names: &["database", "table"],
    marks: &["oid", "file"],
    numbers: &[
        "bytes",
        "sequential_scans",
        "index_scans",
        "rows_inserted",
        "rows_updated",
        "rows_deleted",
    ],
};

/// The write-ahead log.
pub const WAL: Kind = Kind {
    section: &wal::SECTION,
    names: &[],
    marks: &[],
    numbers: &["written_bytes"],
};

/// Statements.
pub const STATEMENT: Kind = Kind {
    section: &queries::SECTION,
    names: &["database", "user", "queryid"],
    marks: &["counted_since"],
    numbers: &["calls", "total_ms", "rows"],
};

/// Indexes, where they were looked at: since when each is there.
pub const INDEX: Kind = Kind {
    section: &indexes::SECTION,
    names: &["database", "index"],
    marks: &["oid", "known_since"],
    numbers: &[],
};

const KINDS: [&Kind; 6] = [&SERVER, &DATABASE, &TABLE, &WAL, &STATEMENT, &INDEX];

/// Which thing, of which server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// The server, as `host:port`.
    pub target: String,
    /// The section.
    section: &'static str,
    names: Box<[Option<Box<str>>]>,
}

/// A thing at one time.
#[derive(Debug, Clone)]
pub struct Past {
    /// When.
    pub taken_at: Time,
    marks: Box<[Option<Box<str>>]>,
    numbers: Box<[Option<f64>]>,
}

/// What a record of an earlier run says, if it is one of those that are compared.
pub fn of_record(record: &Value) -> Option<(Key, Past)> {
    let section = record["section"].as_str()?;
    let kind = KINDS.iter().find(|kind| kind.section.name == section)?;
    let target = record["target"].as_str()?;
    let taken_at = time::parse(record["taken_at"].as_str()?).ok()?;
    Some(kind.of(target, taken_at, |field| record[field].clone()))
}

/// What was seen just now, of all kinds.
pub fn of_look(seen: &Seen) -> Vec<(&'static Kind, Key, Past)> {
    let kinds = KINDS.into_iter();
    kinds
        .flat_map(|kind| of_kind(kind, seen).map(move |(_, key, past)| (kind, key, past)))
        .collect()
}

/// What was seen just now of one kind, with its rows.
pub fn of_kind<'a>(
    kind: &'static Kind,
    seen: &'a Seen,
) -> impl Iterator<Item = (&'a Row, Key, Past)> {
    let parts = seen.parts.iter();
    let own = parts.filter(|part| part.section.name == kind.section.name);
    let now = time::parse(&seen.origin.taken_at).unwrap_or(Time::UNIX_EPOCH);
    own.flat_map(|part| part.rows.iter().flatten())
        .map(move |row| {
            let (key, past) = kind.of_row(&seen.origin.target, now, row);
            (row, key, past)
        })
}

impl Kind {
    fn of(&self, target: &str, taken_at: Time, get: impl Fn(&str) -> Value) -> (Key, Past) {
        let texts = |fields: &[&str]| fields.iter().map(|field| text(&get(field))).collect();
        let key = Key {
            target: target.to_string(),
            section: self.section.name,
            names: texts(self.names),
        };
        let numbers = self.numbers.iter().map(|field| number(&get(field)));
        let past = Past {
            taken_at,
            marks: texts(self.marks),
            numbers: numbers.collect(),
        };
        (key, past)
    }

    /// What a row says, of this server at this time.
    pub fn of_row(&self, target: &str, taken_at: Time, row: &Row) -> (Key, Past) {
        self.of(target, taken_at, |field| value(row.cell(field)))
    }

    /// Whether it is that one.
    pub fn is(&self, other: &Self) -> bool {
        self.section.name == other.section.name
    }

    /// The key of the one thing of this kind that a server has.
    pub fn only(&self, target: &str) -> Key {
        self.named(target, &[])
    }

    /// The key of the thing of this name.
    pub fn named(&self, target: &str, names: &[Option<&str>]) -> Key {
        let names = names.iter().map(|name| name.map(Box::from));
        Key {
            target: target.to_string(),
            section: self.section.name,
            names: names.collect(),
        }
    }

    /// Whether this is one of its numbers.
    pub fn has(&self, field: &str) -> bool {
        self.numbers.contains(&field)
    }

    /// Those of its numbers that only grow, unless they begin anew.
    pub fn counters(&self) -> impl Iterator<Item = &'static str> {
        let numbers = self.numbers.iter().copied();
        numbers.filter(|field| *field != "bytes")
    }

    /// How much of this there was.
    pub fn number(&self, past: &Past, field: &str) -> Option<f64> {
        let place = self.numbers.iter().position(|name| *name == field);
        debug_assert!(place.is_some(), "{} keeps no {field}", self.section.name);
        *past.numbers.get(place?)?
    }

    /// What this mark was.
    pub fn mark<'a>(&self, past: &'a Past, field: &str) -> Option<&'a str> {
        let place = self.marks.iter().position(|name| *name == field);
        debug_assert!(place.is_some(), "{} keeps no {field}", self.section.name);
        past.marks.get(place?)?.as_deref()
    }

    /// Whether both have this mark, and not the same.
    pub fn differs(&self, field: &str, then: &Past, now: &Past) -> bool {
        let marks = self.mark(then, field).zip(self.mark(now, field));
        marks.is_some_and(|(then, now)| then != now)
    }
}

impl Key {
    /// Whether it is the name of a thing, and not that of what all share.
    pub fn has_name(&self) -> bool {
        self.names.iter().all(Option::is_some)
    }

    /// The record that says this again.
    pub fn record(&self, past: &Past) -> Option<Value> {
        let kind = KINDS
            .iter()
            .find(|kind| kind.section.name == self.section)?;
        let mut record = Map::new();
        let mut put = |name: &str, value: Value| record.insert(name.into(), value);
        put("section", self.section.into());
        put("target", self.target.as_str().into());
        put("taken_at", time::format(past.taken_at).ok()?.into());
        let texts = |texts: &[Option<Box<str>>]| -> Vec<Value> {
            let texts = texts.iter();
            texts.map(|text| text.as_deref().into()).collect()
        };
        for (name, value) in kind.names.iter().zip(texts(&self.names)) {
            put(name, value);
        }
        for (name, value) in kind.marks.iter().zip(texts(&past.marks)) {
            put(name, value);
        }
        for (name, number) in kind.numbers.iter().zip(&past.numbers) {
            put(name, number.map_or(Value::Null, whole));
        }
        Some(Value::Object(record))
    }
}

/// Counts are whole; beyond what JSON holds exactly they are near enough.
fn whole(number: f64) -> Value {
    match number.fract() == 0.0 && number.abs() < 9e15 {
        true => (number as i64).into(),
        false => number.into(),
    }
}

fn value(cell: &Cell) -> Value {
    serde_json::to_value(cell).unwrap_or_default()
}

fn text(value: &Value) -> Option<Box<str>> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.as_str().into()),
        value => Some(value.to_string().into()),
    }
}

/// Numbers beyond what JSON holds exactly are text.
fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}
