//! The columns whose values are instants: in COPY's rows fields of other types are never respelled.

use std::collections::{HashMap, HashSet};

use postgres::Client;
use shared::Result;
use shared::dump::{CopyTarget, QualifiedName};

/// Which columns of which tables hold instants, alone or inside arrays, ranges and rows.
#[derive(Debug, Default, Clone)]
pub struct InstantColumns(HashMap<QualifiedName, HashSet<String>>);

impl InstantColumns {
    /// Asks the server, once the tables exist.
    pub fn of(client: &mut Client) -> Result<Self> {
        let rows = client.query_typed(include_str!("../sql/instant_columns.sql"), &[])?;
        let mut columns: HashMap<QualifiedName, HashSet<String>> = HashMap::new();
        for row in rows {
            let table = QualifiedName {
                schema: Some(row.try_get(0)?),
                name: row.try_get(1)?,
            };
            columns.entry(table).or_default().insert(row.try_get(2)?);
        }
        Ok(Self(columns))
    }

    /// The places of such columns in a COPY's rows.
    pub fn places(&self, target: &CopyTarget) -> Vec<usize> {
        let Some(names) = self.0.get(&target.table) else {
            return Vec::new();
        };
        let named = target
            .columns
            .iter()
            .enumerate()
            .filter(|(_, name)| names.contains(*name));
        named.map(|(place, _)| place).collect()
    }
}
