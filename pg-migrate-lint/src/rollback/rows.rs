//! The rows of tables before a way there and back, and what of them is there afterwards.

use std::collections::BTreeMap;

use postgres::{Client, SimpleQueryMessage};
use shared::Result;
use shared::dump::quote_identifier as quoted;

/// Of a table with more rows than that nothing is compared.
const MOST: usize = 10_000;

/// The rows of tables, by their names.
#[derive(Debug, Default)]
pub struct Rows(BTreeMap<String, Table>);

#[derive(Debug)]
struct Table {
    columns: Vec<String>,
    /// None where there are too many.
    rows: Option<Vec<Vec<Option<String>>>>,
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
    /// Whether the way up had already taken or changed it, so that the way back can't know it.
    pub is_of_way_up: bool,
}

impl Rows {
    /// Reads them.
    ///
    /// # Errors
    /// Where the server can't be asked.
    pub fn of(client: &mut Client) -> Result<Self> {
        let sql = include_str!("../../sql/tables_with_rows.sql");
        let mut tables = BTreeMap::new();
        for row in client.query_typed(sql, &[])? {
            let (schema, name): (&str, &str) = (row.try_get("schema")?, row.try_get("name")?);
            let columns: Vec<String> = row.try_get("columns")?;
            let table = format!("{}.{}", quoted(schema), quoted(name));
            let rows = rows(client, &table, &columns)?;
            tables.insert(format!("{schema}.{name}"), Table { columns, rows });
        }
        Ok(Self(tables))
    }

    /// How many rows of how many tables there are to be compared.
    pub fn count(&self) -> (usize, usize) {
        let counts = self
            .0
            .values()
            .filter_map(|table| Some(table.rows.as_ref()?.len()));
        let (rows, tables) = counts
            .filter(|rows| *rows > 0)
            .fold((0, 0), |(rows, tables), more| (rows + more, tables + 1));
        (rows, tables)
    }

    /// Tables that have too many rows.
    pub fn too_great(&self) -> impl Iterator<Item = &str> {
        let great = self.0.iter().filter(|(_, table)| table.rows.is_none());
        great.map(|(name, _)| name.as_str())
    }

    /// What is lost of these rows in `back`, which came of `up`.
    pub fn losses(&self, up: &Self, back: &Self) -> Vec<Loss> {
        let mut losses = Vec::new();
        for (name, before) in &self.0 {
            let Some(rows) = before.rows.as_ref().filter(|rows| !rows.is_empty()) else {
                continue;
            };
            let (up, back) = (up.0.get(name), back.0.get(name));
            let Some(back) = back else {
                losses.push(Loss {
                    object: name.clone(),
                    expected: counted(rows.len(), "row"),
                    actual: "no such table".to_string(),
                    is_of_way_up: up.is_none(),
                });
                continue;
            };
            if back.rows.is_none() {
                continue;
            }
            losses.extend(of_table(name, before, up, back));
        }
        losses
    }
}

fn of_table(name: &str, before: &Table, up: Option<&Table>, back: &Table) -> Vec<Loss> {
    let common: Vec<&String> = (before.columns.iter())
        .filter(|column| back.columns.contains(column))
        .collect();
    let missing = missing(&before.take(&common), &back.take(&common));
    let has_gone = |columns: &[&String]| {
        let up = up.filter(|up| up.rows.is_some());
        let is_there = |column: &&String| up.is_some_and(|up| up.columns.contains(column));
        !columns.iter().all(is_there)
            || up.is_some_and(|up| self::missing(&before.take(columns), &up.take(columns)) > 0)
    };
    if missing == 0 {
        return Vec::new();
    }
    let of_columns = common.iter().filter_map(|column| {
        let one = [*column];
        let lost = self::missing(&before.take(&one), &back.take(&one));
        (lost > 0).then_some((*column, lost))
    });
    let of_columns: Vec<(&String, usize)> = of_columns.collect();
    let count = before.rows.as_ref().map_or(0, Vec::len);
    let left = back.rows.as_ref().map_or(0, Vec::len);
    // Rows that are gone take all their values along.
    if left < count || of_columns.is_empty() {
        return vec![Loss {
            object: name.to_string(),
            expected: counted(count, "row"),
            actual: format!("{} of them", count - missing),
            is_of_way_up: has_gone(&common),
        }];
    }
    let losses = of_columns.into_iter().map(|(column, lost)| Loss {
        object: format!("{name}.{column}"),
        expected: counted(count, "value"),
        actual: format!("{} of them", count - lost),
        is_of_way_up: has_gone(&[column]),
    });
    losses.collect()
}

impl Table {
    /// The rows, of these columns only, in order.
    fn take(&self, columns: &[&String]) -> Vec<Vec<Option<&str>>> {
        let places: Vec<Option<usize>> = (columns.iter())
            .map(|column| self.columns.iter().position(|own| own == *column))
            .collect();
        let mut rows: Vec<Vec<Option<&str>>> = (self.rows.iter().flatten())
            .map(|row| {
                let cells = places.iter();
                cells
                    .map(|place| place.and_then(|place| row.get(place)?.as_deref()))
                    .collect()
            })
            .collect();
        rows.sort_unstable();
        rows
    }
}

/// How many of these are not among the others; both are in order.
fn missing(these: &[Vec<Option<&str>>], others: &[Vec<Option<&str>>]) -> usize {
    let mut others = others.iter().peekable();
    let is_missing = |one: &&Vec<Option<&str>>| {
        while others.next_if(|other| *other < *one).is_some() {}
        others.next_if(|other| *other == *one).is_none()
    };
    these.iter().filter(is_missing).count()
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}

/// The rows of a table as text; none where there are too many.
fn rows(
    client: &mut Client,
    table: &str,
    columns: &[String],
) -> Result<Option<Vec<Vec<Option<String>>>>> {
    let names: Vec<String> = columns.iter().map(|name| quoted(name)).collect();
    let sql = format!(
        "SELECT {} FROM ONLY {table} LIMIT {}",
        names.join(", "),
        MOST + 1
    );
    let mut rows = Vec::new();
    for message in client.simple_query(&sql)? {
        if let SimpleQueryMessage::Row(row) = message {
            let cells = (0..columns.len()).map(|place| row.get(place).map(str::to_string));
            rows.push(cells.collect());
        }
    }
    Ok((rows.len() <= MOST).then_some(rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(columns: &[&str], rows: &[&[&str]]) -> Rows {
        let cell = |text: &&str| Some(text.to_string()).filter(|text| text != "-");
        let table = Table {
            columns: columns.iter().map(|name| name.to_string()).collect(),
            rows: Some(
                rows.iter()
                    .map(|row| row.iter().map(cell).collect())
                    .collect(),
            ),
        };
        Rows(BTreeMap::from([("s.t".to_string(), table)]))
    }

    fn told(before: &Rows, up: &Rows, back: &Rows) -> Vec<String> {
        let losses = before.losses(up, back).into_iter();
        losses
            .map(|loss| {
                format!(
                    "{} {} {} {}",
                    loss.object, loss.expected, loss.actual, loss.is_of_way_up
                )
            })
            .collect()
    }

    #[test]
    fn neither_order_nor_what_was_added_is_a_loss() {
        let before = rows(&["a", "b"], &[&["1", "x"], &["2", "y"]]);
        let back = rows(
            &["b", "c", "a"],
            &[&["y", "-", "2"], &["x", "-", "1"], &["z", "-", "3"]],
        );
        assert!(told(&before, &before, &back).is_empty());
    }

    #[test]
    fn values_and_rows_are_missed() {
        let before = rows(&["a", "b"], &[&["1", "x"], &["2", "y"]]);
        let emptied = rows(&["a", "b"], &[&["1", "-"], &["2", "-"]]);
        let without = rows(&["a"], &[&["1"], &["2"]]);
        assert_eq!(
            told(&before, &before, &emptied),
            ["s.t.b 2 values 0 of them false"]
        );
        assert_eq!(
            told(&before, &without, &emptied),
            ["s.t.b 2 values 0 of them true"]
        );
        let fewer = rows(&["a", "b"], &[&["1", "x"]]);
        assert_eq!(
            told(&before, &before, &fewer),
            ["s.t 2 rows 1 of them false"]
        );
        assert_eq!(told(&before, &fewer, &fewer), ["s.t 2 rows 1 of them true"]);
        let turned = rows(&["a", "b"], &[&["1", "y"], &["2", "x"]]);
        assert_eq!(
            told(&before, &before, &turned),
            ["s.t 2 rows 0 of them false"]
        );
        let none = Rows::default();
        assert_eq!(
            told(&before, &none, &none),
            ["s.t 2 rows no such table true"]
        );
    }
}
