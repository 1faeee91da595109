//! A few rows for tables that have none, as far as their constraints let them in: what a way back may lose.

use std::collections::{BTreeMap, BTreeSet};

use postgres::Client;
use shared::dump::quote_identifier as quoted;
use shared::{Error, Result};

/// A column that wants a value.
#[derive(Debug, Clone)]
struct Column {
    name: String,
    ty: String,
    base: String,
    label: Option<String>,
    is_required: bool,
    has_default: bool,
    is_numbered: bool,
    /// The table and column that it refers to.
    other: Option<(String, String)>,
}

/// A table.
struct Table {
    /// As messages call it.
    name: String,
    /// As SQL does.
    quoted: String,
    columns: Vec<Column>,
}

/// How much is filled: the most first.
#[derive(Debug, Clone, Copy)]
enum Fill {
    /// All but what counts by itself.
    All,
    /// What has no default.
    WithoutDefaults,
    /// What can't be left out.
    Required,
}

/// By which values.
#[derive(Debug, Clone, Copy)]
enum With {
    /// Those that show what is cut, rounded or folded: fractions, capitals, a long end.
    Everything,
    /// Those that most conditions let in.
    Little,
}

/// So many rows are put in, then as few as that.
const ROWS: [u32; 2] = [3, 1];

/// Puts rows into all empty tables, those that are referred to first. What remained empty, and why.
///
/// # Errors
/// Where the server can't be asked.
pub fn fill(client: &mut Client) -> Result<BTreeMap<String, String>> {
    // Nobody else is there; a trigger may do anything.
    client.batch_execute("SET statement_timeout = '10s'")?;
    let mut tables = tables(client)?;
    let mut refused = BTreeMap::new();
    loop {
        let before = tables.len();
        tables.retain(|table| match put(client, &table.quoted, &table.columns) {
            Ok(()) => {
                refused.remove(&table.name);
                false
            }
            Err(error) => {
                refused.insert(table.name.clone(), error.in_one_line());
                true
            }
        });
        if tables.is_empty() || tables.len() == before {
            return Ok(refused);
        }
    }
}

fn tables(client: &mut Client) -> Result<Vec<Table>> {
    let sql = include_str!("../../sql/columns_to_fill.sql");
    let mut tables: Vec<Table> = Vec::new();
    for row in client.query_typed(sql, &[])? {
        let (schema, name): (&str, &str) = (row.try_get("schema")?, row.try_get("name")?);
        let table = qualified(schema, name);
        let other: Option<String> = row.try_get("other_column")?;
        let column = Column {
            name: row.try_get("column")?,
            ty: row.try_get("type")?,
            base: row.try_get("base")?,
            label: row.try_get("label")?,
            is_required: row.try_get("is_required")?,
            has_default: row.try_get("has_default")?,
            is_numbered: row
                .try_get::<_, Option<bool>>("is_numbered")?
                .unwrap_or_default(),
            other: match other {
                Some(column) => Some((
                    qualified(row.try_get("other_schema")?, row.try_get("other_table")?),
                    column,
                )),
                None => None,
            },
        };
        match tables.last_mut() {
            Some(last) if last.quoted == table => last.columns.push(column),
            _ => tables.push(Table {
                name: format!("{schema}.{name}"),
                quoted: table,
                columns: vec![column],
            }),
        }
    }
    Ok(tables)
}

fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", quoted(schema), quoted(name))
}

/// Why the first way was refused, if all were.
fn put(client: &mut Client, table: &str, columns: &[Column]) -> Result<()> {
    let mut first: Option<Error> = None;
    let mut tried = BTreeSet::new();
    for rows in ROWS {
        for fill in [Fill::All, Fill::WithoutDefaults, Fill::Required] {
            for with in [With::Everything, With::Little] {
                let insert = insert(table, columns, fill, with, rows);
                if !tried.insert(insert.clone()) {
                    continue;
                }
                match client.batch_execute(&insert) {
                    Ok(()) => return Ok(()),
                    Err(error) => first = first.or(Some(error.into())),
                }
            }
        }
    }
    first.map_or(Ok(()), Err)
}

/// The statement; it does nothing where there are rows.
fn insert(table: &str, columns: &[Column], fill: Fill, with: With, rows: u32) -> String {
    let is_filled = |column: &&Column| {
        !column.is_numbered
            && match fill {
                Fill::All => true,
                Fill::WithoutDefaults => !column.has_default,
                Fill::Required => column.is_required && !column.has_default,
            }
    };
    let mut names = Vec::new();
    let mut values = Vec::new();
    for column in columns.iter().filter(is_filled) {
        let Some(value) = value(column, with) else {
            continue;
        };
        names.push(quoted(&column.name));
        values.push(format!("({value})::{}", column.ty));
    }
    let condition = format!("WHERE NOT EXISTS (SELECT FROM {table})");
    match names.is_empty() {
        true => {
            format!(
                "DO $$ BEGIN IF NOT EXISTS (SELECT FROM {table}) THEN INSERT INTO {table} DEFAULT VALUES; END IF; END $$"
            )
        }
        false => format!(
            "INSERT INTO {table} ({}) SELECT {} FROM pg_catalog.generate_series(1, {rows}) AS n {condition}",
            names.join(", "),
            values.join(", ")
        ),
    }
}

/// A value that is another one in each row, where the type has so many; none where nobody knows one.
fn value(column: &Column, with: With) -> Option<String> {
    if let Some((table, other)) = &column.other {
        let other = quoted(other);
        return Some(format!(
            "SELECT o.{other} FROM {table} AS o ORDER BY o.{other} LIMIT 1 OFFSET n - 1"
        ));
    }
    if let Some(label) = &column.label {
        return Some(shared::dump::quote_literal(label));
    }
    let telling = match column.base.as_str() {
        "numeric" | "real" | "double precision" => Some("n + 0.25"),
        "text" | "character varying" | "character" => {
            Some("n::text || ' aÉ ' || pg_catalog.repeat('z', 300) || n::text")
        }
        "timestamp without time zone" | "timestamp with time zone" => {
            Some("timestamp '2024-01-01 01:02:03.456789' + n * interval '1 day'")
        }
        _ => None,
    };
    if let (With::Everything, Some(value)) = (with, telling) {
        return Some(value.to_string());
    }
    let value = match column.base.as_str() {
        "smallint" | "integer" | "bigint" | "numeric" | "real" | "double precision" => "n",
        "text" | "character varying" | "character" | "citext" | "name" => "n::text || ' a'",
        "boolean" => "n % 2 = 1",
        "date" | "timestamp without time zone" | "timestamp with time zone" => {
            "timestamp '2024-01-01' + n * interval '1 day'"
        }
        "time without time zone" | "time with time zone" => {
            "time '01:00' + n * interval '1 minute'"
        }
        "interval" => "n * interval '1 day'",
        "uuid" => "pg_catalog.lpad(n::text, 32, '0')",
        "json" | "jsonb" => "pg_catalog.format('{\"n\": %s}', n)",
        "bytea" => "pg_catalog.decode(pg_catalog.lpad(n::text, 2, '0'), 'hex')",
        "inet" | "cidr" => "'10.0.0.' || n",
        "money" => "n::numeric",
        "int4range" | "int8range" | "numrange" => "pg_catalog.format('[%s,%s)', n, n + 1)",
        "tsvector" | "oid" => "n::text",
        "xml" => "'<a>' || n || '</a>'",
        "array" => "'{}'::text",
        _ => return None,
    };
    Some(value.to_string())
}
