//! `sequences`: how near sequences are to their end.

use std::cmp::Ordering;
use std::collections::HashMap;

use shared::Result;

use crate::row::{Cell, Row};
use crate::section::{Gather, Reach, Section};
use crate::server::Server;

/// One row for each.
pub const SECTION: Section = Section {
    name: "sequences",
    answers: "how near are sequences to their end, and to that of the columns that they fill?",
    costs: "a look at the page of each sequence, a short statement for each that has given nothing yet",
    needs: "SELECT on each sequence and USAGE on its schema (pg_read_all_data): one that may not be read is hidden",
    reach: Reach::Database,
    fields: &[
        ("database", "where"),
        ("sequence", "which"),
        ("columns", "the columns that it fills"),
        ("type", "of the sequence"),
        ("last_value", "what it gave last; null: nothing, or hidden"),
        ("next_value", "what it gives next; null: nothing, or hidden"),
        (
            "final_value",
            "the last that it can give, or that its columns can take",
        ),
        ("increment", "by how much it goes on"),
        ("is_cycling", "it begins anew"),
        ("used_ratio", "how much of it is used up"),
        ("left_values", "how many values are left"),
        ("is_hidden", "the role may not read it"),
        (
            "is_locked",
            "it was not read, because somebody changes it at the moment",
        ),
    ],
    gather: Gather::Made(rows),
};

/// How many are read at once. To read one locks it until the statement has ended, and the server has room for 64
/// locks of each session that may be there (`max_locks_per_transaction`): 10,000 would leave others none.
const AT_ONCE: usize = 500;

fn rows(section: &'static Section, server: &mut Server) -> Result<Vec<Row>> {
    let known = server.ask(include_str!("../../sql/sequences.sql"))?;
    let mut sequences = known.iter().map(Sequence::of).collect::<Result<Vec<_>>>()?;
    let open = sequences.iter().filter(|sequence| sequence.is_open);
    let open: Vec<u32> = open.map(|sequence| sequence.oid).collect();
    let mut values = HashMap::new();
    for some in open.chunks(AT_ONCE) {
        read(server, some, &mut values)?;
    }
    // One that is gone meanwhile is none.
    sequences.retain(|sequence| !sequence.is_open || values.contains_key(&sequence.oid));
    let (origin, database) = (server.origin(), server.database().to_string());
    let row = |sequence: Sequence| {
        let value = values.get(&sequence.oid).copied().unwrap_or_default();
        section.row(&origin, sequence.cells(&database, value))
    };
    let mut rows: Vec<Row> = sequences.into_iter().map(row).collect();
    rows.sort_by(by_use);
    Ok(rows)
}

fn read(server: &mut Server, oids: &[u32], values: &mut HashMap<u32, Value>) -> Result<()> {
    let numbers: Vec<String> = oids.iter().map(u32::to_string).collect();
    let array = format!("'{{{}}}'", numbers.join(","));
    let statement = include_str!("../../sql/sequence_values.sql").replace("{sequences}", &array);
    for row in server.ask(&statement)? {
        let value = Value {
            is_locked: row.try_get("is_locked")?,
            last: row.try_get("last")?,
            at: row.try_get("at")?,
        };
        values.insert(row.try_get("oid")?, value);
    }
    Ok(())
}

/// Where a sequence stands.
#[derive(Debug, Clone, Copy, Default)]
struct Value {
    is_locked: bool,
    /// What it gave last, if it gave anything.
    last: Option<i64>,
    /// That, or what it gives first.
    at: Option<i64>,
}

/// What a sequence is.
struct Sequence {
    oid: u32,
    name: Cell,
    columns: Cell,
    kind: Cell,
    increment: i64,
    beginning: i64,
    end: i64,
    is_cycling: bool,
    is_open: bool,
}

impl Sequence {
    fn of(row: &postgres::Row) -> Result<Self> {
        Ok(Self {
            oid: row.try_get("oid")?,
            name: row.try_get("sequence")?,
            columns: row.try_get("columns")?,
            kind: row.try_get("type")?,
            increment: row.try_get("increment")?,
            beginning: row.try_get("beginning")?,
            end: row.try_get("final")?,
            is_cycling: row.try_get("is_cycling")?,
            is_open: row.try_get("is_open")?,
        })
    }

    fn cells(self, database: &str, value: Value) -> Vec<Cell> {
        let whole = |number: Option<i64>| number.map_or(Cell::Null, Cell::Int);
        let left = value.at.map(|at| self.left(at, value));
        let next = left.filter(|left| *left > 0).and_then(|_| self.next(value));
        let used = value.at.map(|at| self.used_ratio(at, value));
        let is_hidden = !self.is_open || !value.is_locked && value.at.is_none();
        vec![
            Cell::Text(database.into()),
            self.name,
            self.columns,
            self.kind,
            whole(value.last),
            whole(next),
            Cell::Int(self.end),
            Cell::Int(self.increment),
            Cell::Bool(self.is_cycling),
            used.map_or(Cell::Null, Cell::Float),
            whole(left.map(|left| i64::try_from(left).unwrap_or(i64::MAX))),
            Cell::Bool(is_hidden),
            Cell::Bool(value.is_locked),
        ]
    }

    /// What it gives next, if there is anything left.
    fn next(&self, value: Value) -> Option<i64> {
        match value.last {
            Some(last) => last.checked_add(self.increment),
            None => value.at,
        }
    }

    /// How many values it has from this one to that one, this one left out.
    fn between(&self, from: i64, to: i64) -> i128 {
        (i128::from(to) - i128::from(from)) / i128::from(self.increment)
    }

    /// How many values are left.
    fn left(&self, at: i64, value: Value) -> i128 {
        let is_beyond = self.end != at && (self.end < at) == (self.increment > 0);
        match is_beyond {
            true => 0,
            false => self.between(at, self.end) + i128::from(value.last.is_none()),
        }
    }

    /// How much of it is used up.
    fn used_ratio(&self, at: i64, value: Value) -> f64 {
        let left = self.left(at, value);
        let used = self.between(self.beginning, at) + i128::from(value.last.is_some());
        match left {
            0 => 1.0,
            _ => used as f64 / (used + left) as f64,
        }
    }
}

fn by_use(one: &Row, other: &Row) -> Ordering {
    let used = |row: &Row| row.number("used_ratio").unwrap_or(-1.0);
    let nearest = used(other).total_cmp(&used(one));
    nearest.then_with(|| one.text("sequence").cmp(&other.text("sequence")))
}
