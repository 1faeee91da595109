//! `keys`: integer keys that come to their end, and foreign keys that are too narrow.

use std::cmp::Ordering;
use std::collections::HashMap;

use shared::Result;

use super::sequences;
use crate::row::{Cell, Row};
use crate::section::{Gather, Reach, Section};
use crate::server::Server;

/// One row for each column.
pub const SECTION: Section = Section {
    name: "keys",
    answers: "how near are integer keys to their end, and which foreign keys are narrower than what they point to?",
    costs: "one look at indexes and constraints, and the statistics of those columns",
    needs: "SELECT on pg_statistic, or pg_read_all_data, for how near",
    reach: Reach::Database,
    fields: &[
        ("database", "where"),
        ("kind", "integer_key or narrow_foreign_key"),
        ("table", "which"),
        ("column", "its column"),
        ("type", "smallint or integer; of a narrow foreign key any"),
        ("name", "of the foreign key"),
        ("referenced", "the table that it points to"),
        ("referenced_type", "of the column there"),
        (
            "largest_value",
            "that ANALYZE saw in its sample; null: none, or hidden",
        ),
        (
            "smallest_value",
            "the same, of a key that counts down: later rows have smaller ones",
        ),
        (
            "final_value",
            "the last that the type takes on the side to which the key is nearer",
        ),
        ("used_ratio", "how far it has come on that side"),
        (
            "sequence",
            "that fills it, by its default or because it owns it",
        ),
        (
            "sequence_value",
            "what that gave last; null: nothing, or hidden",
        ),
        (
            "is_hidden",
            "the role may not see the statistics, or ANALYZE has not made any of a key that no sequence fills",
        ),
    ],
    gather: Gather::Narrowed(rows),
};

/// Checks ask which sequence fills a key only of those that are used up so far.
const ENOUGH: f64 = 0.5;

fn rows(section: &'static Section, server: &mut Server, is_narrow: bool) -> Result<Vec<Row>> {
    let statement = include_str!("../../sql/keys.sql");
    let statement = server.there().of_statement(statement);
    let found = server.ask(&statement)?;
    let mut keys = found.iter().map(Key::of).collect::<Result<Vec<_>>>()?;
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    compare(server, &mut keys)?;
    let (ends, is_partial) = ends(server, &keys)?;
    for key in keys.iter_mut().filter(|key| key.is_small.is_some()) {
        let known = ends.get(&key.column).copied();
        key.ends = known.unwrap_or_default();
        key.is_unseen = is_partial && known.is_none() || key.is_new && key.ends.largest.is_none();
    }
    keys.sort_by(|one, other| other.used_ratio().total_cmp(&one.used_ratio()));
    if is_narrow {
        keep_near(&mut keys);
    }
    let columns: Vec<Column> = keys.iter().map(|key| key.column).collect();
    let names = names(server, &columns)?;
    // The one that stands for all that are well is told of without its sequence.
    let is_sought = |key: &&Key| !is_narrow || key.is_unseen || key.used_ratio() >= ENOUGH;
    let sought: Vec<Column> = keys
        .iter()
        .filter(is_sought)
        .map(|key| key.column)
        .collect();
    let fed = fed(server, &sought)?;
    let (origin, database) = (server.origin(), server.database().to_string());
    // One that is gone meanwhile is none.
    let rows = keys.into_iter().filter_map(|mut key| {
        let sequence = fed.get(&key.column);
        // Of a table that nobody has analyzed yet its sequence tells until then.
        key.is_unseen &= is_partial || sequence.is_none();
        let names = names.get(&key.column)?;
        let cells = key.cells(&database, names, sequence);
        Some(section.row(&origin, cells))
    });
    let mut rows: Vec<Row> = rows.collect();
    rows.sort_by(by_use);
    Ok(rows)
}

/// Says what foreign keys point to, and leaves those that are narrower.
fn compare(server: &mut Server, keys: &mut Vec<Key>) -> Result<()> {
    let pairs: Vec<(Column, Column)> = keys
        .iter()
        .filter_map(|key| Some((key.column, key.other?)))
        .collect();
    if pairs.is_empty() {
        return Ok(());
    }
    let (own, others): (Vec<Column>, Vec<Column>) = pairs.into_iter().unzip();
    let statement = of_these(include_str!("../../sql/narrow_keys.sql"), &own)
        .replace("{others}", &array(others.iter().map(|it| it.0)))
        .replace("{other_numbers}", &array(others.iter().map(|it| it.1)));
    let mut seen = HashMap::new();
    for row in server.ask(&statement)? {
        let place: i64 = row.try_get("place")?;
        let is_narrow: bool = row.try_get("is_narrow")?;
        let referenced: Option<String> = row.try_get("referenced")?;
        let kind: String = row.try_get("referenced_type")?;
        seen.insert(place, (is_narrow, referenced, kind));
    }
    let mut place = 0;
    keys.retain_mut(|key| {
        if key.other.is_none() {
            return true;
        }
        place += 1;
        // One that is gone meanwhile is none.
        let Some((is_narrow, Some(referenced), kind)) = seen.remove(&place) else {
            return false;
        };
        key.referenced = Cell::Text(referenced.into());
        key.referenced_type = Cell::Text(kind.into());
        is_narrow || key.is_small.is_some()
    });
    Ok(())
}

/// Leaves those of which checks may say something, and the one that stands for all that are well.
fn keep_near(keys: &mut Vec<Key>) {
    let mut number = 0;
    keys.retain(|key| {
        number += 1;
        number == 1 || key.is_unseen || key.is_narrow() || key.used_ratio() >= ENOUGH
    });
}

/// The nearest to its end first.
fn by_use(one: &Row, other: &Row) -> Ordering {
    let used = |row: &Row| row.number("used_ratio").unwrap_or(-1.0);
    let nearest = used(other).total_cmp(&used(one));
    let texts = |field| one.text(field).cmp(&other.text(field));
    nearest
        .then_with(|| texts("table"))
        .then_with(|| texts("column"))
}

/// A relation, and the number of its column.
type Column = (u32, i16);

/// The values of a column that are furthest out.
#[derive(Debug, Clone, Copy, Default)]
struct Ends {
    largest: Option<i64>,
    /// Of one that counts down.
    smallest: Option<i64>,
}

/// The ends of each column, and whether some may be hidden.
fn ends(server: &mut Server, keys: &[Key]) -> Result<(HashMap<Column, Ends>, bool)> {
    let whole = keys
        .iter()
        .filter_map(|key| Some((key.column, key.is_small?)));
    let (columns, small): (Vec<Column>, Vec<bool>) = whole.unzip();
    let all = include_str!("../../sql/key_values.sql");
    let small = array(small.into_iter());
    let all = server.ask(&of_these(all, &columns).replace("{small}", &small));
    let (rows, is_partial) = match all {
        Err(error) if error.sqlstate() == Some("42501") => {
            let visible = include_str!("../../sql/key_values_visible.sql");
            (server.ask(&of_these(visible, &columns))?, true)
        }
        rows => (rows?, false),
    };
    let mut ends: HashMap<Column, Ends> = HashMap::new();
    for row in rows {
        let (largest, smallest): (Option<i64>, Option<i64>) =
            (row.try_get("largest")?, row.try_get("smallest")?);
        // Of a table with children pg_stats has two: of itself, and of all.
        let known = ends.entry(column_of(&row)?).or_default();
        known.largest = largest.max(known.largest);
        known.smallest = smallest.into_iter().chain(known.smallest).min();
    }
    Ok((ends, is_partial))
}

/// Table, column and type.
type Names = [String; 3];

fn names(server: &mut Server, columns: &[Column]) -> Result<HashMap<Column, Names>> {
    let statement = of_these(include_str!("../../sql/key_names.sql"), columns);
    let rows = server.ask(&statement)?;
    let named = rows.iter().map(|row| {
        let text = |field| row.try_get::<_, String>(field);
        Ok((
            column_of(row)?,
            [text("table")?, text("column")?, text("type")?],
        ))
    });
    named.collect()
}

/// The sequence that fills a column, and what it gave last; of several the one that is furthest.
type Fed = HashMap<Column, (String, Option<i64>)>;

fn fed(server: &mut Server, columns: &[Column]) -> Result<Fed> {
    if columns.is_empty() {
        return Ok(Fed::new());
    }
    let statement = of_these(include_str!("../../sql/key_sequences.sql"), columns);
    let rows = server.ask(&statement)?;
    let oids = rows.iter().map(|row| row.try_get("sequence"));
    let oids = oids.collect::<std::result::Result<Vec<u32>, _>>()?;
    let values = sequences::read(server, &oids)?;
    let mut fed = Fed::new();
    for (row, oid) in rows.iter().zip(&oids) {
        let column = column_of(row)?;
        let last = values.get(oid).and_then(|value| value.last);
        if fed
            .get(&column)
            .is_none_or(|(_, furthest)| last > *furthest)
        {
            fed.insert(column, (row.try_get("name")?, last));
        }
    }
    Ok(fed)
}

fn column_of(row: &postgres::Row) -> Result<Column> {
    Ok((row.try_get("relation")?, row.try_get("number")?))
}

fn of_these(statement: &str, columns: &[Column]) -> String {
    let (relations, numbers) = (columns.iter().map(|it| it.0), columns.iter().map(|it| it.1));
    statement
        .replace("{relations}", &array(relations))
        .replace("{numbers}", &array(numbers))
}

/// An array's literal.
pub fn array(values: impl Iterator<Item = impl ToString>) -> String {
    let values: Vec<String> = values.map(|value| value.to_string()).collect();
    format!("'{{{}}}'", values.join(","))
}

/// A key, and what is known of its values.
struct Key {
    column: Column,
    kind: Cell,
    constraint: Cell,
    /// What it points to.
    other: Option<Column>,
    referenced: Cell,
    referenced_type: Cell,
    /// smallint, and not integer; none: another type.
    is_small: Option<bool>,
    is_new: bool,
    ends: Ends,
    is_unseen: bool,
}

impl Key {
    fn of(row: &postgres::Row) -> Result<Self> {
        let text = |field: &str| -> Result<Cell> {
            let text: Option<&str> = row.try_get(field)?;
            Ok(text.map_or(Cell::Null, |text| Cell::Text(text.into())))
        };
        Ok(Self {
            column: column_of(row)?,
            kind: text("kind")?,
            constraint: text("name")?,
            other: match row.try_get("other")? {
                Some(other) => Some((other, row.try_get("other_number")?)),
                None => None,
            },
            referenced: Cell::Null,
            referenced_type: Cell::Null,
            is_small: row.try_get("is_small")?,
            is_new: row.try_get("is_new")?,
            ends: Ends::default(),
            is_unseen: false,
        })
    }

    fn is_narrow(&self) -> bool {
        self.constraint != Cell::Null
    }

    /// The smallest value that its type takes, and the largest.
    fn range(&self) -> Option<(i64, i64)> {
        Some(match self.is_small? {
            true => (i16::MIN.into(), i16::MAX.into()),
            false => (i32::MIN.into(), i32::MAX.into()),
        })
    }

    /// How much is used up on the side to which it is nearer, and where that ends.
    fn used(&self) -> Option<(f64, i64)> {
        let (first, last) = self.range()?;
        let up = self.ends.largest?.max(0) as f64 / last as f64;
        let down = self.ends.smallest.unwrap_or(0).min(0) as f64 / first as f64;
        Some(match down > up {
            true => (down, first),
            false => (up, last),
        })
    }

    /// How much of it is used up; below zero where nothing is known.
    fn used_ratio(&self) -> f64 {
        self.used().map_or(-1.0, |(ratio, _)| ratio)
    }

    fn cells(
        self,
        database: &str,
        names: &Names,
        sequence: Option<&(String, Option<i64>)>,
    ) -> Vec<Cell> {
        let whole = |number: Option<i64>| number.map_or(Cell::Null, Cell::Int);
        let used = self.used();
        let end = used
            .map(|(_, end)| end)
            .or(self.range().map(|(_, last)| last));
        let [table, column, data_type] = names.clone().map(|name| Cell::Text(name.into()));
        vec![
            Cell::Text(database.into()),
            self.kind,
            table,
            column,
            data_type,
            self.constraint,
            self.referenced,
            self.referenced_type,
            whole(self.ends.largest),
            whole(self.ends.smallest),
            whole(end),
            used.map_or(Cell::Null, |(ratio, _)| Cell::Float(ratio)),
            sequence.map_or(Cell::Null, |(name, _)| Cell::Text(name.as_str().into())),
            whole(sequence.and_then(|(_, last)| *last)),
            Cell::Bool(self.is_unseen),
        ]
    }
}
