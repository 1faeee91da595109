//! The rows of tables before a way there and back, and what of them is there afterwards.
//!
//! Tables and columns are followed by the numbers that the server gave them, whatever they are called meanwhile; what
//! was made anew stands for what had its name. Rows are followed by the key that their table had before.

mod keyed;
mod side;
#[cfg(test)]
mod tests;
mod unkeyed;

use postgres::{Client, SimpleQueryMessage};
use shared::Result;
use shared::dump::quote_identifier as quoted;
use side::{Comparison, Side};

use super::numbered::{Named, Numbered, follow};

/// Of a table with more rows than that nothing is compared.
const MOST: usize = 10_000;
/// Nor of one that comes when so many values have been read: memory does not grow with the data.
const VALUES: usize = 400_000;
/// Of a longer value only a digest is kept.
const LENGTH: usize = 64;

type Row = Vec<Option<String>>;

/// The rows of tables, by the tables' numbers.
#[derive(Debug, Default)]
pub struct Rows(Numbered<Table>);

#[derive(Debug)]
struct Table {
    name: String,
    columns: Vec<Column>,
    /// The places of the columns that tell its rows apart; empty where nothing says which.
    key: Vec<usize>,
    /// Whether the rows are those of its partitions, which are compared by themselves.
    is_whole: bool,
    /// None where there are too many.
    rows: Option<Vec<Row>>,
}

#[derive(Debug)]
struct Column {
    number: i16,
    name: String,
}

/// What became of rows on a way there and back.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What is not what it was.
    pub losses: Vec<Loss>,
    /// What was not there before.
    pub left: Vec<Left>,
    /// Tables that have too many rows to compare them, before, between or afterwards.
    pub too_great: Vec<String>,
    /// How many rows there were before in the tables that are compared.
    pub rows: usize,
    /// How many tables that was.
    pub tables: usize,
}

/// What is not what it was.
#[derive(Debug, PartialEq, Eq)]
pub struct Loss {
    /// Which table or column.
    pub object: String,
    /// What was there.
    pub expected: String,
    /// What of it is there.
    pub actual: String,
    /// What took it.
    pub taken: Taken,
    /// Whether the way back brings back what it has from somewhere, and that is something else.
    pub is_known: bool,
}

/// What took rows or values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Taken {
    /// The way back: the way up had left them alone.
    ByWayBack,
    /// The way up.
    ByWayUp,
    /// The way up, with the whole row, which is there again.
    WithRow,
}

impl Loss {
    /// Whether a way back could be better than this one.
    pub fn is_fault(&self) -> bool {
        match self.taken {
            Taken::ByWayBack => true,
            Taken::ByWayUp => false,
            Taken::WithRow => self.is_known,
        }
    }
}

/// Rows that were not there before, and stay.
#[derive(Debug, PartialEq, Eq)]
pub struct Left {
    /// Of which table.
    pub object: String,
    /// How many.
    pub count: usize,
}

impl Rows {
    /// Reads them.
    ///
    /// # Errors
    /// Where the server can't be asked.
    pub fn of(client: &mut Client) -> Result<Self> {
        client.batch_execute(include_str!("../../sql/rows_session.sql"))?;
        let sql = include_str!("../../sql/tables_with_rows.sql");
        let mut tables = Numbered::new();
        let mut room = VALUES;
        for row in client.query_typed(sql, &[])? {
            let (schema, name): (&str, &str) = (row.try_get("schema")?, row.try_get("name")?);
            let names: Vec<String> = row.try_get("columns")?;
            let numbers: Vec<i16> = row.try_get("numbers")?;
            let lengthy: Vec<bool> = row.try_get("lengthy")?;
            let key: Vec<i16> = row.try_get("key")?;
            let place = |number: &i16| numbers.iter().position(|one| one == number);
            let key = key.iter().filter_map(place).collect();
            let is_whole = row.try_get("is_whole")?;
            let from = match is_whole {
                true => format!("{}.{}", quoted(schema), quoted(name)),
                false => format!("ONLY {}.{}", quoted(schema), quoted(name)),
            };
            let limit = MOST.min(room / names.len().max(1));
            let rows = read(client, &select(&from, &names, &lengthy, limit + 1))?;
            let rows = Some(rows).filter(|rows| rows.len() <= limit);
            room -= rows.as_ref().map_or(0, Vec::len) * names.len();
            let columns = numbers.into_iter().zip(names);
            let table = Table {
                name: format!("{schema}.{name}"),
                columns: columns
                    .map(|(number, name)| Column { number, name })
                    .collect(),
                key,
                is_whole,
                rows,
            };
            tables.insert(row.try_get("number")?, table);
        }
        Ok(Self(tables))
    }

    /// Whether no table has a row.
    pub fn is_empty(&self) -> bool {
        let mut tables = self.0.values();
        tables.all(|table| table.rows.as_ref().is_some_and(Vec::is_empty))
    }

    /// What became of these rows in `back`, which came of `up`.
    pub fn compare(&self, up: &Self, back: &Self) -> Outcome {
        let mut outcome = Outcome::default();
        for (number, before) in self.0.iter().filter(|(_, table)| !table.is_whole) {
            let in_up = follow(&self.0, *number, &before.name, &up.0);
            let in_back = follow(&self.0, *number, &before.name, &back.0);
            let is_great = |found: &Option<(&Table, bool)>| {
                found.is_some_and(|(table, _)| table.rows.is_none())
            };
            let rows = match &before.rows {
                Some(rows) if !is_great(&in_up) && !is_great(&in_back) => rows,
                _ => {
                    outcome.too_great.push(before.name.clone());
                    continue;
                }
            };
            outcome.rows += rows.len();
            outcome.tables += usize::from(!rows.is_empty());
            let Some(back) = in_back.and_then(|found| before.side(found)) else {
                if !rows.is_empty() {
                    outcome.losses.push(Loss {
                        object: before.name.clone(),
                        expected: counted(rows.len(), "row"),
                        actual: "no such table".to_string(),
                        taken: match in_up {
                            Some(_) => Taken::ByWayBack,
                            None => Taken::ByWayUp,
                        },
                        is_known: false,
                    });
                }
                continue;
            };
            let comparison = Comparison {
                table: before,
                before: Side {
                    places: (0..before.columns.len()).map(Some).collect(),
                    rows,
                },
                up: in_up.and_then(|found| before.side(found)),
                back,
            };
            comparison.tell(&mut outcome);
        }
        outcome
    }
}

impl Named for Table {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Table {
    /// Another state of it; none where it has too many rows.
    fn side<'a>(&self, (other, is_same): (&'a Self, bool)) -> Option<Side<'a>> {
        Some(Side {
            places: self.places(other, is_same),
            rows: other.rows.as_deref()?,
        })
    }

    /// Where each of the columns is there: that of its number, or else what was made anew by its name.
    fn places(&self, other: &Self, is_same: bool) -> Vec<Option<usize>> {
        let is_known = |number: i16| is_same && self.columns.iter().any(|own| own.number == number);
        let place = |own: &Column| {
            let mut columns = other.columns.iter();
            let by_number = columns.position(|one| is_same && one.number == own.number);
            by_number.or_else(|| {
                let mut columns = other.columns.iter();
                columns.position(|one| one.name == own.name && !is_known(one.number))
            })
        };
        self.columns.iter().map(place).collect()
    }
}

/// So many of something, in words.
pub fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}

/// The statement that reads rows, in which a long value is its digest.
fn select(from: &str, names: &[String], lengthy: &[bool], limit: usize) -> String {
    let columns = names.iter().zip(lengthy).map(|(name, is_lengthy)| {
        let name = quoted(name);
        match is_lengthy {
            // A composite value of nulls is no null; format() writes any type as the server does.
            true => format!(
                "CASE WHEN pg_catalog.num_nulls({name}) = 0 THEN (SELECT \
                 CASE WHEN pg_catalog.length(v) <= {LENGTH} THEN v ELSE pg_catalog.encode(pg_catalog.sha256(\
                 pg_catalog.convert_to(v, 'UTF8')), 'hex') END FROM (SELECT pg_catalog.format('%s', {name})) AS x (v)) END"
            ),
            false => name,
        }
    });
    let columns: Vec<String> = columns.collect();
    format!("SELECT {} FROM {from} LIMIT {limit}", columns.join(", "))
}

fn read(client: &mut Client, sql: &str) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for message in client.simple_query(sql)? {
        if let SimpleQueryMessage::Row(row) = message {
            let cells = (0..row.len()).map(|place| row.get(place).map(str::to_string));
            rows.push(cells.collect());
        }
    }
    Ok(rows)
}
