//! The tables of the restored database.

use std::collections::HashMap;

use postgres::Client;
use shared::Result;
use shared::dump::QualifiedName;

/// What has to be known of a table to read it as pg_dump did.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// Whether its rows are in its partitions.
    pub partitioned: bool,
    /// Itself and its partitions but the foreign ones, if it has such.
    pub parts: Option<Vec<String>>,
    /// Its size, if it can be read in ranges of blocks.
    pub blocks: Option<i64>,
    /// The size of a block.
    pub block_bytes: i64,
    /// Whether a dump of everything would hold its rows.
    pub is_dumped: bool,
    /// The table at the top, if it is a partition: a dump may hold its rows under that name.
    pub root: Option<QualifiedName>,
    /// The rows that a dump holds of an extension's own table, as `WHERE …`; the
    /// others come with the extension (manual, "Extension Configuration Tables").
    pub condition: Option<String>,
}

/// Every table, by its name.
pub fn restored(client: &mut Client) -> Result<HashMap<QualifiedName, Table>> {
    let mut tables = HashMap::new();
    for row in client.query_typed(include_str!("../sql/restored_tables.sql"), &[])? {
        let name = QualifiedName {
            schema: Some(row.try_get("schema")?),
            name: row.try_get("name")?,
        };
        let root: Option<String> = row.try_get("root_name")?;
        let root_schema: Option<String> = row.try_get("root_schema")?;
        let table = Table {
            root: root.map(|name| QualifiedName {
                schema: root_schema,
                name,
            }),
            partitioned: row.try_get("partitioned")?,
            parts: row.try_get("parts")?,
            blocks: row.try_get("blocks")?,
            block_bytes: row.try_get("block_bytes")?,
            is_dumped: row.try_get("is_dumped")?,
            condition: row.try_get("condition")?,
        };
        tables.insert(name, table);
    }
    Ok(tables)
}
