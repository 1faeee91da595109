//! What columns ask of their rows by themselves: no NULL, and what their domain asks.

use postgres::{Client, Row};
use shared::Result;
use shared::dump::{QualifiedName, quote_identifier};

use super::{Asks, Constraint, Table};

/// A column of a domain, or that holds values of one.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    column: String,
    /// From the column to the values.
    steps: Vec<Step>,
    /// The type that the domain is of, as SQL.
    base: String,
}

/// From a value to those in it.
#[derive(Debug, Clone)]
enum Step {
    /// The elements of an array.
    Element,
    /// The bounds of a range.
    Bounds,
    /// A field of a composite value.
    Field(String),
}

impl Asked {
    fn of(row: &Row) -> Result<Self> {
        let steps: Vec<String> = row.try_get("steps")?;
        let fields: Vec<Option<String>> = row.try_get("fields")?;
        let steps = steps.iter().zip(fields).map(|(step, field)| match field {
            Some(field) => Step::Field(field),
            None if step == "bounds" => Step::Bounds,
            None => Step::Element,
        });
        Ok(Self {
            column: row.try_get("column_name")?,
            steps: steps.collect(),
            base: row.try_get("base")?,
        })
    }

    /// What a domain's constraint, in which `VALUE` stands for the value, asks of a row.
    pub(super) fn of_row(&self, condition: &str) -> String {
        let column = quote_identifier(&self.column);
        // A domain's own type would be asked for its constraints again.
        let base = &self.base;
        if self.steps.is_empty() {
            return format!("SELECT {condition} FROM (SELECT {column}::{base} AS value) v");
        }
        let mut from = format!("(SELECT {column} AS x) s0");
        for (place, step) in self.steps.iter().enumerate() {
            let parts = step.parts(&format!("s{place}.x"));
            from += &format!(", LATERAL ({parts}) s{}", place + 1);
        }
        let last = self.steps.len();
        format!(
            "SELECT pg_catalog.bool_and({condition}) \
             FROM {from}, LATERAL (SELECT s{last}.x::{base} AS value) v"
        )
    }

    /// That none of the values is NULL. `IS NULL` would be something else for a composite one.
    pub(super) fn no_null(&self) -> String {
        self.of_row("value IS DISTINCT FROM NULL")
    }
}

impl Step {
    /// The parts of a value. None are in a composite one or a range that is NULL.
    fn parts(&self, whole: &str) -> String {
        match self {
            Self::Element => format!("SELECT pg_catalog.unnest({whole}) AS x"),
            Self::Bounds => format!(
                "SELECT b.x FROM (VALUES (pg_catalog.lower({whole})), (pg_catalog.upper({whole}))) b(x) \
                 WHERE b.x IS DISTINCT FROM NULL"
            ),
            Self::Field(name) => format!(
                "SELECT ({whole}).{} AS x WHERE {whole} IS DISTINCT FROM NULL",
                quote_identifier(name)
            ),
        }
    }
}

/// Adds what columns ask; where a restore asked it before, only what is not valid.
pub(super) fn add(client: &mut Client, tables: &mut Vec<Table>, restored: bool) -> Result<()> {
    for row in client.query_typed(include_str!("../../../sql/domain_constraints.sql"), &[])? {
        let constraint = of_domain(&row)?;
        if !(restored && constraint.validated) {
            table(tables, &row)?.constraints.push(constraint);
        }
    }
    if restored {
        return Ok(());
    }
    for row in client.query_typed(include_str!("../../../sql/not_null_columns.sql"), &[])? {
        let column: String = row.try_get("column_name")?;
        let constraint = Constraint {
            name: format!("NOT NULL {column}"),
            asks: Asks::NoNull(column),
            validated: true,
            enforced: true,
            runs_own_code: false,
        };
        table(tables, &row)?.constraints.push(constraint);
    }
    Ok(())
}

fn of_domain(row: &Row) -> Result<Constraint> {
    let column: String = row.try_get("column_name")?;
    let (domain, name): (String, String) = (row.try_get("domain")?, row.try_get("name")?);
    let asked = Asked::of(row)?;
    let shown = format!("{name} of {domain}, in column {column}");
    let asks = match row.try_get("constraint_oid")? {
        Some(oid) => Asks::OfDomain(oid, asked),
        None if asked.steps.is_empty() => Asks::NoNull(column),
        None => Asks::NoNullWithin(asked),
    };
    Ok(Constraint {
        asks,
        name: shown,
        validated: row.try_get("validated")?,
        enforced: true,
        runs_own_code: row.try_get("runs_own_code")?,
    })
}

/// The table that a row of the catalogue is about.
fn table<'t>(tables: &'t mut Vec<Table>, row: &Row) -> Result<&'t mut Table> {
    let name = QualifiedName {
        schema: Some(row.try_get("schema")?),
        name: row.try_get("table_name")?,
    };
    let place = match tables.binary_search_by(|table| table.name.cmp(&name)) {
        Ok(place) => place,
        Err(place) => {
            let pages = row.try_get("pages")?;
            let constraints = Vec::new();
            tables.insert(
                place,
                Table {
                    name,
                    pages,
                    constraints,
                },
            );
            place
        }
    };
    Ok(&mut tables[place])
}
