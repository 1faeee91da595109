//! The rows that `--where` leaves out.
//!
//! They are restored with the others and then set aside, before there is any constraint: so that
//! those which stay and those which were set aside can be proved to be all that the backup holds.

use std::collections::BTreeSet;

use postgres::Client;
use postgres::types::Type;
use shared::dump::{QualifiedName, quote_identifier};
use shared::{Error, Result};

use super::search_path;

/// Where rows are set aside.
const SCHEMA: &str = "restore_verify rows left out";

/// A table of which only some rows are restored.
#[derive(Debug, Clone)]
pub struct Limited {
    /// The table.
    pub table: QualifiedName,
    /// Itself and what it is a partition of.
    pub above: BTreeSet<QualifiedName>,
    /// What its rows have to meet.
    pub condition: String,
    /// Where the others are.
    pub rest: QualifiedName,
}

impl Limited {
    pub(super) fn new(
        table: QualifiedName,
        above: BTreeSet<QualifiedName>,
        condition: &str,
        number: usize,
    ) -> Self {
        Self {
            table,
            above,
            condition: condition.to_string(),
            rest: QualifiedName {
                schema: Some(SCHEMA.to_string()),
                name: format!("t{number}"),
            },
        }
    }

    /// Rows have to meet this condition as well.
    pub(super) fn also(&mut self, condition: &str) {
        self.condition = format!("{}\n) AND ({condition}", self.condition);
    }

    /// How many rows are in the table, and how many were set aside.
    pub fn counts(&self, client: &mut Client) -> Result<[u64; 2]> {
        let mut counts = [0; 2];
        for (count, (only, table)) in counts
            .iter_mut()
            .zip([("ONLY ", &self.table), ("", &self.rest)])
        {
            let sql = format!("SELECT pg_catalog.count(*) FROM {only}{}", table.to_sql());
            let rows = client.query_typed(&sql, &[])?;
            let number: i64 = rows.first().map_or(Ok(0), |row| row.try_get(0))?;
            *count = u64::try_from(number).unwrap_or(0);
        }
        Ok(counts)
    }

    fn written_columns(&self, client: &mut Client) -> Result<String> {
        let schema = self.table.schema.as_deref().unwrap_or("public");
        let sql = include_str!("../../sql/written_columns.sql");
        let rows = client.query_typed(
            sql,
            &[(&schema, Type::TEXT), (&self.table.name, Type::TEXT)],
        )?;
        let columns: Option<String> = rows.first().map_or(Ok(None), |row| row.try_get(0))?;
        columns.ok_or_else(|| {
            Error::usage(format!(
                "--where {}: it has no columns to go by",
                self.table
            ))
        })
    }

    /// Sets aside the rows that don't meet the condition.
    fn set_aside(&self, client: &mut Client) -> Result<()> {
        let columns = self.written_columns(client)?;
        let (table, rest) = (self.table.to_sql(), self.rest.to_sql());
        let schema = quote_identifier(SCHEMA);
        let condition = &self.condition;
        let mut transaction = client.transaction()?;
        transaction.batch_execute(&search_path(&self.table))?;
        // Generated columns stay such: a dump of INSERT statements does not show their values.
        transaction.batch_execute(&format!(
            "CREATE SCHEMA IF NOT EXISTS {schema};
             CREATE UNLOGGED TABLE {rest} (LIKE {table} INCLUDING GENERATED);
             WITH gone AS (DELETE FROM ONLY {table} WHERE ({condition}\n) IS NOT TRUE
                           RETURNING {columns})
             INSERT INTO {rest} ({columns}) SELECT {columns} FROM gone"
        ))?;
        Ok(transaction.commit()?)
    }
}

/// Sets aside the rows that were not chosen.
pub fn set_aside(client: &mut Client, limited: &[Limited]) -> Result<()> {
    limited
        .iter()
        .try_for_each(|limited| limited.set_aside(client))
}

/// Forgets them.
pub fn forget(client: &mut Client) -> Result<()> {
    let schema = quote_identifier(SCHEMA);
    client.batch_execute(&format!(
        "SET client_min_messages = warning; DROP SCHEMA IF EXISTS {schema} CASCADE"
    ))?;
    Ok(())
}
