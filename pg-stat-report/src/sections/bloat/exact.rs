//! Tables and B-trees as pgstattuple reads them.

use std::collections::HashMap;

use shared::{Error, Result, signals};

use crate::given::Exact;
use crate::server::Server;

/// What was measured.
pub enum Measured {
    /// Rows, and how long they are on the average.
    Rows { rows: f64, row_bytes: f64 },
    /// Pages, and how full those are that have entries.
    Pages {
        leaves: f64,
        others: f64,
        density: f64,
    },
}

/// By relation: its size and what it has, or why that is not known.
pub type Found = HashMap<u32, std::result::Result<(f64, Measured), String>>;

/// Reads the largest of these tables and indexes.
pub fn measure(
    server: &mut Server,
    tables: &[postgres::Row],
    indexes: &[postgres::Row],
) -> Result<Found> {
    let exact = server.given().exact;
    let mut found = Found::new();
    if exact.relations == 0 {
        return Ok(found);
    }
    let schema = schema(server)?;
    for (relation, is_index) in chosen(exact, tables, indexes)? {
        let statement = match is_index {
            true => include_str!("../../../sql/exact_index.sql"),
            false => include_str!("../../../sql/exact_table.sql"),
        };
        let statement = statement
            .replace("{schema}", &schema)
            .replace("{relation}", &format!("'{relation}'"));
        let rows = server.ask(&statement);
        signals::check()?;
        let measured = match rows.as_deref() {
            Ok([row]) => Ok(measured(row, is_index)?),
            Ok(_) => Err("pgstattuple answered with nothing".to_string()),
            Err(error) => Err(format!("pgstattuple: {}", error.in_one_line())),
        };
        found.insert(relation, measured);
    }
    Ok(found)
}

fn schema(server: &mut Server) -> Result<String> {
    let rows = server.ask(include_str!("../../../sql/pgstattuple.sql"))?;
    let Some(row) = rows.first() else {
        let words = format!("pgstattuple is not in database \"{}\"", server.database());
        return Err(
            Error::new(words).with_hint("CREATE EXTENSION pgstattuple, or leave --exact out")
        );
    };
    Ok(row.try_get("schema")?)
}

/// The largest, as many as there may be, and no more of them than may be read.
fn chosen(
    exact: Exact,
    tables: &[postgres::Row],
    indexes: &[postgres::Row],
) -> Result<Vec<(u32, bool)>> {
    let mut all: Vec<(i64, u32, bool)> = Vec::new();
    for (rows, is_index) in [(tables, false), (indexes, true)] {
        for row in rows {
            all.push((row.try_get("bytes")?, row.try_get("oid")?, is_index));
        }
    }
    all.sort_by_key(|(bytes, ..)| std::cmp::Reverse(*bytes));
    let mut left = exact.bytes;
    all.retain(|(bytes, ..)| {
        let rest = u64::try_from(*bytes)
            .ok()
            .and_then(|bytes| left.checked_sub(bytes));
        left = rest.unwrap_or(left);
        rest.is_some()
    });
    let chosen = all.into_iter().take(exact.relations);
    Ok(chosen
        .map(|(_, relation, is_index)| (relation, is_index))
        .collect())
}

fn measured(row: &postgres::Row, is_index: bool) -> Result<(f64, Measured)> {
    let bytes = row.try_get::<_, i64>("bytes")? as f64;
    let whole = |name: &str| row.try_get::<_, i64>(name).map(|number| number as f64);
    let measured = match is_index {
        true => Measured::Pages {
            leaves: whole("leaf_pages")?,
            others: whole("internal_pages")?,
            density: row.try_get::<_, Option<f64>>("density")?.unwrap_or(1.0),
        },
        false => {
            let (rows, all): (f64, f64) = (row.try_get("rows")?, row.try_get("rows_bytes")?);
            Measured::Rows {
                rows,
                row_bytes: all / rows.max(1.0),
            }
        }
    };
    Ok((bytes, measured))
}
