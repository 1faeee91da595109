//! `keys`: integer keys that come to their end, and foreign keys that are too narrow.

use std::collections::HashMap;

use shared::Result;

use crate::row::{Cell, Row};
use crate::section::{Gather, Reach, Section};
use crate::server::Server;

/// One row for each column.
pub const SECTION: Section = Section {
    name: "keys",
    answers: "how near are integer keys to their end that applications fill, and which foreign keys are narrower than what they point to?",
    costs: "one look at indexes and constraints, and the statistics of those columns",
    needs: "SELECT on pg_statistic, or pg_read_all_data, for how near",
    reach: Reach::Database,
    fields: &[
        ("database", "where"),
        ("kind", "integer_key or narrow_foreign_key"),
        ("table", "which"),
        ("column", "its column"),
        ("type", "smallint or integer"),
        ("name", "of the foreign key"),
        ("referenced", "the table that it points to"),
        (
            "largest_value",
            "that ANALYZE saw in its sample; null: none, or hidden",
        ),
        ("final_value", "the largest that the type takes"),
        ("used_ratio", "the one by the other"),
        (
            "is_hidden",
            "the role may not see the statistics, or ANALYZE has not made any",
        ),
    ],
    gather: Gather::Made(rows),
};

fn rows(section: &'static Section, server: &mut Server) -> Result<Vec<Row>> {
    let found = server.ask(include_str!("../../sql/keys.sql"))?;
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let mut relations = Vec::new();
    for row in &found {
        let relation: u32 = row.try_get("relation")?;
        relations.push(relation.to_string());
    }
    relations.dedup();
    let (largest, is_partial) = largest(server, &format!("'{{{}}}'", relations.join(",")))?;
    let origin = server.origin();
    let mut rows = Vec::new();
    for row in &found {
        let column = (row.try_get("relation")?, row.try_get("number")?);
        let known = largest.get(&column).copied();
        let is_hidden = known.is_none() && (is_partial || row.try_get("is_new")?);
        let cells = cells(server, row, known.flatten(), is_hidden)?;
        rows.push(section.row(&origin, cells));
    }
    let used = |row: &Row| row.number("used_ratio").unwrap_or(-1.0);
    rows.sort_by(|one, other| used(other).total_cmp(&used(one)));
    Ok(rows)
}

type Largest = HashMap<(u32, i16), Option<i64>>;

/// The largest values of each column, and whether some may be hidden.
fn largest(server: &mut Server, relations: &str) -> Result<(Largest, bool)> {
    let ask = |server: &mut Server, statement: &str| {
        server.ask(&statement.replace("{relations}", relations))
    };
    let all = ask(server, include_str!("../../sql/key_values.sql"));
    let (rows, is_partial) = match all {
        Err(error) if error.sqlstate() == Some("42501") => {
            let visible = include_str!("../../sql/key_values_visible.sql");
            (ask(server, visible)?, true)
        }
        rows => (rows?, false),
    };
    let mut largest = Largest::new();
    for row in rows {
        let column = (row.try_get("relation")?, row.try_get("number")?);
        largest.insert(column, row.try_get("largest")?);
    }
    Ok((largest, is_partial))
}

fn cells(
    server: &Server,
    row: &postgres::Row,
    largest: Option<i64>,
    is_hidden: bool,
) -> Result<Vec<Cell>> {
    let text = |field: &str| -> Result<Cell> {
        let text: Option<&str> = row.try_get(field)?;
        Ok(text.map_or(Cell::Null, |text| Cell::Text(text.into())))
    };
    let most: i64 = row.try_get("final_value")?;
    let ratio = largest.map(|largest| largest.max(0) as f64 / most as f64);
    Ok(vec![
        Cell::Text(server.database().into()),
        text("kind")?,
        text("table")?,
        text("column")?,
        text("type")?,
        text("name")?,
        text("referenced")?,
        largest.map_or(Cell::Null, Cell::Int),
        Cell::Int(most),
        ratio.map_or(Cell::Null, Cell::Float),
        Cell::Bool(is_hidden),
    ])
}
