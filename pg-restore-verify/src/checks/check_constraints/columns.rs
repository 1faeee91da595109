//! What columns ask of their rows by themselves: no NULL, and what their domain asks.

use postgres::{Client, Row};
use shared::Result;
use shared::dump::{QualifiedName, quote_identifier};

use super::{Asks, Constraint, Table};

/// A column of a domain.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    column: String,
    /// The type that the domain is of, as SQL.
    base: String,
}

impl Asked {
    /// What a domain's constraint, in which `VALUE` stands for the value, asks of a row.
    pub(super) fn of_row(&self, condition: &str) -> String {
        let column = quote_identifier(&self.column);
        // A domain's own type would be asked for its constraints again.
        format!(
            "SELECT {condition} FROM (SELECT {column}::{} AS value) v",
            self.base
        )
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
    let shown = format!("{name} of {domain}, in column {column}");
    let asks = match row.try_get("constraint_oid")? {
        None => Asks::NoNull(column),
        Some(oid) => Asks::OfDomain(
            oid,
            Asked {
                column,
                base: row.try_get("base")?,
            },
        ),
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
