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
        (
            "is_cycling",
            "it begins anew after that; false where a column ends before it does",
        ),
        (
            "is_computed",
            "a column's default computes with its numbers, and many were given: when the column ends is not known",
        ),
        ("used_ratio", "how much of it is used up"),
        ("left_values", "how many values are left"),
        ("is_hidden", "the role may not read it"),
        (
            "is_locked",
            "it was not read, because somebody changes it at the moment",
        ),
    ],
    gather: Gather::Narrowed(rows),
};

/// How many are read at once. To read one locks it until the statement has ended, and the server has room for 64
/// locks of each session that may be there (`max_locks_per_transaction`): 10,000 would leave others none.
const AT_ONCE: usize = 500;

/// Where the narrowest column ends that checks reckon with, one of numeric(3), and how much of it has to be used up
/// before they ask which columns a sequence fills.
const NARROWEST: i64 = 999;
const ENOUGH: f64 = 0.5;

fn rows(section: &'static Section, server: &mut Server, is_narrow: bool) -> Result<Vec<Row>> {
    let known = server.ask(include_str!("../../sql/sequences.sql"))?;
    let mut sequences = known.iter().map(Sequence::of).collect::<Result<Vec<_>>>()?;
    let values = values(server, &sequences)?;
    // One that is gone meanwhile is none.
    sequences.retain(|sequence| !sequence.is_open || values.contains_key(&sequence.oid));
    let value = |sequence: &Sequence| values.get(&sequence.oid).copied().unwrap_or_default();
    let asked: Vec<u32> = match is_narrow {
        false => sequences.iter().map(|sequence| sequence.oid).collect(),
        true => near(&sequences, value),
    };
    let mut filled = filled(server, &asked)?;
    for sequence in &mut sequences {
        if let Some(mut filled) = filled.remove(&sequence.oid) {
            // Of few numbers nothing that is reckoned with them is near any end.
            filled.is_computed &= is_near(sequence, value(sequence));
            sequence.fill(filled);
        }
    }
    let (origin, database) = (server.origin(), server.database().to_string());
    let row = |sequence: Sequence| {
        let value = value(&sequence);
        section.row(&origin, sequence.cells(&database, value))
    };
    let mut rows: Vec<Row> = sequences.into_iter().map(row).collect();
    rows.sort_by(by_use);
    Ok(rows)
}

/// Those that may be near the end of a column, and the one that is nearest to its own: it stands for all that are well.
fn near(sequences: &[Sequence], value: impl Fn(&Sequence) -> Value) -> Vec<u32> {
    let is_near = |sequence: &&Sequence| is_near(sequence, value(sequence));
    let by_own = |sequence: &&Sequence| sequence.used(value(sequence), sequence.end);
    let nearest = sequences.iter().max_by(|one, other| {
        by_own(one)
            .partial_cmp(&by_own(other))
            .unwrap_or(Ordering::Equal)
    });
    // Of one that begins anew and is not to be seen it counts whether a column ends before.
    let is_hidden = |sequence: &&Sequence| sequence.is_cycling && value(sequence).at.is_none();
    let hidden = sequences.iter().filter(is_hidden);
    let chosen = sequences.iter().filter(is_near).chain(nearest);
    let chosen = chosen.chain(hidden);
    chosen.map(|sequence| sequence.oid).collect()
}

/// Whether it may be near the end of some column.
fn is_near(sequence: &Sequence, value: Value) -> bool {
    let used = sequence.used(value, sequence.end_within(NARROWEST));
    used.is_some_and(|ratio| ratio >= ENOUGH)
}

/// Where those stand that the role may read.
fn values(server: &mut Server, sequences: &[Sequence]) -> Result<HashMap<u32, Value>> {
    let open = sequences.iter().filter(|sequence| sequence.is_open);
    let open: Vec<u32> = open.map(|sequence| sequence.oid).collect();
    read(server, &open)
}

/// Where these stand: of one that the role may not read, or that is locked, nothing is known.
pub fn read(server: &mut Server, oids: &[u32]) -> Result<HashMap<u32, Value>> {
    let mut values = HashMap::new();
    for some in oids.chunks(AT_ONCE) {
        let statement = of_these(include_str!("../../sql/sequence_values.sql"), some);
        for row in server.ask(&statement)? {
            let value = Value {
                is_locked: row.try_get("is_locked")?,
                last: row.try_get("last")?,
                at: row.try_get("at")?,
            };
            values.insert(row.try_get("oid")?, value);
        }
    }
    Ok(values)
}

/// Which columns each of these fills, and up to which number.
fn filled(server: &mut Server, oids: &[u32]) -> Result<HashMap<u32, Filled>> {
    if oids.is_empty() {
        return Ok(HashMap::new());
    }
    let statement = of_these(include_str!("../../sql/sequence_columns.sql"), oids);
    let statement = server.there().of_statement(&statement);
    let rows = server.ask(&statement)?;
    let filled = rows.iter().map(|row| {
        let filled = Filled {
            columns: row.try_get("columns")?,
            most: row.try_get("most")?,
            is_computed: row.try_get("is_computed")?,
        };
        Ok((row.try_get("oid")?, filled))
    });
    filled.collect()
}

fn of_these(statement: &str, oids: &[u32]) -> String {
    let numbers: Vec<String> = oids.iter().map(u32::to_string).collect();
    statement.replace("{sequences}", &format!("'{{{}}}'", numbers.join(",")))
}

/// What a sequence fills.
struct Filled {
    columns: Cell,
    most: i64,
    is_computed: bool,
}

/// Where a sequence stands.
#[derive(Debug, Clone, Copy, Default)]
pub struct Value {
    is_locked: bool,
    /// What it gave last, if it gave anything.
    pub last: Option<i64>,
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
    is_computed: bool,
    is_open: bool,
}

impl Sequence {
    fn of(row: &postgres::Row) -> Result<Self> {
        Ok(Self {
            oid: row.try_get("oid")?,
            name: row.try_get("sequence")?,
            columns: Cell::Null,
            kind: row.try_get("type")?,
            increment: row.try_get("increment")?,
            beginning: row.try_get("beginning")?,
            end: row.try_get("final")?,
            is_cycling: row.try_get("is_cycling")?,
            is_computed: false,
            is_open: row.try_get("is_open")?,
        })
    }

    /// Takes the columns that it fills, which may end before it does.
    fn fill(&mut self, filled: Filled) {
        self.columns = filled.columns;
        self.is_computed = filled.is_computed;
        let end = self.end_within(filled.most);
        self.is_cycling &= end == self.end;
        self.end = end;
    }

    /// The last number that it gives, where there are none beyond that, and as many below zero.
    fn end_within(&self, most: i64) -> i64 {
        match self.increment > 0 {
            true => self.end.min(most),
            false => self.end.max(-most - 1),
        }
    }

    fn cells(self, database: &str, value: Value) -> Vec<Cell> {
        let whole = |number: Option<i64>| number.map_or(Cell::Null, Cell::Int);
        let left = value.at.map(|at| self.left(at, value, self.end));
        let next = left.filter(|left| *left > 0).and_then(|_| self.next(value));
        let used = value.at.map(|at| self.used_ratio(at, value, self.end));
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
            Cell::Bool(self.is_computed),
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

    /// How many values are left up to this end.
    fn left(&self, at: i64, value: Value, end: i64) -> i128 {
        let is_beyond = end != at && (end < at) == (self.increment > 0);
        match is_beyond {
            true => 0,
            false => self.between(at, end) + i128::from(value.last.is_none()),
        }
    }

    /// How much of it is used up, if that is its end.
    fn used_ratio(&self, at: i64, value: Value, end: i64) -> f64 {
        let left = self.left(at, value, end);
        let used = self.between(self.beginning, at) + i128::from(value.last.is_some());
        match left {
            0 => 1.0,
            _ => used as f64 / (used + left) as f64,
        }
    }

    /// The same, if where it stands is known.
    fn used(&self, value: Value, end: i64) -> Option<f64> {
        Some(self.used_ratio(value.at?, value, end))
    }
}

fn by_use(one: &Row, other: &Row) -> Ordering {
    let used = |row: &Row| row.number("used_ratio").unwrap_or(-1.0);
    let nearest = used(other).total_cmp(&used(one));
    nearest.then_with(|| one.text("sequence").cmp(&other.text("sequence")))
}
