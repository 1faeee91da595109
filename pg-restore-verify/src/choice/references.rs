//! Rows that refer to rows which were not chosen.

use postgres::Client;
use shared::dump::{ForeignKey, QualifiedName, quote_identifier, subject};
use shared::{Error, Result};

use super::Chosen;
use crate::contents::Contents;
use crate::proof::counted;
use crate::record::{Findings, Status};
use crate::restore::Refusal;

/// The foreign keys of chosen tables to tables that lack rows, or all.
pub struct References(Vec<ForeignKey>);

impl References {
    /// Those of this backup.
    pub fn of(backup: &Contents, chosen: &Chosen) -> Self {
        let keys = backup
            .schema
            .statements("FK CONSTRAINT")
            .filter_map(ForeignKey::parse);
        Self(keys.filter(|key| is_open(key, chosen)).collect())
    }

    /// Counts the rows that refer to what is missing.
    pub fn report(&self, client: &mut Client, findings: &mut Findings<'_>) -> Result<()> {
        for key in &self.0 {
            let columns = key.other_columns.join(", ");
            let other = format!("{}({columns})", key.other);
            let finding = findings
                .check("references", Status::Skipped)
                .object(format!("{} {}", key.table, key.name));
            let finding = match missing(client, key) {
                Ok(found) if found.rows == 0 => {
                    finding.compared(&other, "nothing missing").message(format!(
                        "not all of {} was chosen, and no row misses any",
                        key.other
                    ))
                }
                Ok(found) => finding.compared(&other, found.keys).message(format!(
                    "{} of {} missing, to which {} refer: the constraint is left out",
                    counted(found.distinct.unsigned_abs(), "row"),
                    key.other,
                    counted(found.rows.unsigned_abs(), "row"),
                )),
                Err(error) if error.sqlstate().is_some() => finding.message(format!(
                    "rows that miss others can't be counted: {}",
                    error.message()
                )),
                Err(error) => return Err(error),
            };
            findings.add(finding)?;
        }
        Ok(())
    }
}

/// Whether a constraint of the backup can't be expected to hold, for rows are missing.
pub fn is_open(key: &ForeignKey, chosen: &Chosen) -> bool {
    chosen.holds(&key.table) && !chosen.is_complete(&key.other)
}

impl Chosen {
    /// Whether an error of the restore is one of what was chosen.
    pub fn concerns(&self, refusal: &Refusal) -> bool {
        if let Some(key) = ForeignKey::parse(&refusal.statement) {
            return self.holds(&key.table) && self.is_complete(&key.other);
        }
        if !self.is_part() || refusal.statement.is_empty() {
            return true;
        }
        let subject = subject(&refusal.statement);
        match (&subject, &self.schemas) {
            (Some(name), None) => self.holds(name),
            (Some(name), Some(schemas)) => name
                .schema
                .as_ref()
                .is_some_and(|schema| schemas.contains(schema)),
            (None, schemas) => schemas.iter().flatten().any(|schema| {
                refusal.object.starts_with("SCHEMA ") && refusal.statement.contains(schema.as_str())
            }),
        }
    }
}

struct Missing {
    rows: i64,
    distinct: i64,
    keys: String,
}

fn missing(client: &mut Client, key: &ForeignKey) -> Result<Missing> {
    let quoted = |alias: &str, column: &String| format!("{alias}.{}", quote_identifier(column));
    let columns: Vec<String> = key
        .columns
        .iter()
        .map(|column| quoted("f", column))
        .collect();
    let there = columns
        .iter()
        .map(|column| format!("{column} IS NOT NULL"))
        .collect::<Vec<_>>()
        .join(" AND ");
    let pairs = columns
        .iter()
        .zip(&key.other_columns)
        .map(|(column, other)| format!("{} = {column}", quoted("p", other)))
        .collect::<Vec<_>>()
        .join(" AND ");
    let found = match exists(client, &key.other)? {
        true => format!(
            "AND NOT EXISTS (SELECT FROM {} p WHERE {pairs})",
            key.other.to_sql()
        ),
        false => String::new(),
    };
    let shown = match columns.as_slice() {
        [one] => format!("{one}::text"),
        several => format!("ROW({})::text", several.join(", ")),
    };
    let sql = format!(
        "WITH missing (key) AS (SELECT {shown} FROM {} f WHERE {there} {found})
         SELECT count(*), count(DISTINCT key),
                coalesce((SELECT string_agg(key, ', ')
                          FROM (SELECT DISTINCT key FROM missing ORDER BY key LIMIT 10) first), '')
         FROM missing",
        key.table.to_sql()
    );
    let row = client.query_typed(&sql, &[])?;
    let row = row
        .first()
        .ok_or_else(|| Error::new("count(*) gave no row"))?;
    let (distinct, mut keys): (i64, String) = (row.try_get(1)?, row.try_get(2)?);
    if distinct > 10 {
        keys.push_str(", …");
    }
    Ok(Missing {
        rows: row.try_get(0)?,
        distinct,
        keys: format!("{} = {keys}", key.columns.join(", ")),
    })
}

fn exists(client: &mut Client, table: &QualifiedName) -> Result<bool> {
    let sql = "SELECT pg_catalog.to_regclass($1) IS NOT NULL";
    let name = table.to_sql();
    let rows = client.query_typed(sql, &[(&name, postgres::types::Type::TEXT)])?;
    Ok(rows
        .first()
        .map(|row| row.try_get(0))
        .transpose()?
        .unwrap_or(false))
}
