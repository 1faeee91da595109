//! Foreign tables: what they show is elsewhere, and no restore or check may read or write it.
//!
//! A foreign-data wrapper without its handler leads nowhere: the server then refuses every access,
//! whoever tries it by whatever way (rows of the backup, a query, a materialized view, a function,
//! the partitions of a table, ANALYZE). So restored wrappers lose theirs before the first rows
//! come, and have them again only where pg_dump reads the definitions, and in a database that
//! stays. What connects by functions of its own (dblink, a language that knows sockets) is not
//! held off by this: materialized views that call dblink and its like are not filled; what else runs
//! functions (indexes, constraints, triggers) is not looked into.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use postgres::Client;
use postgres::types::Type;
use shared::dump::{CopyTarget, InsertedRows, QualifiedName, subject};
use shared::{Context as _, Result};

use super::Refusal;
use crate::contents::Contents;
use crate::threads::lock;

/// The handlers that were taken away.
#[derive(Debug, Default)]
pub struct Foreign(Mutex<Vec<(String, String)>>);

impl Foreign {
    /// Takes the handlers of all wrappers away.
    pub fn hold_off(&self, client: &mut Client) -> Result<()> {
        for row in client.query_typed(include_str!("../../sql/foreign_handlers.sql"), &[])? {
            let (wrapper, handler): (String, String) =
                (row.try_get("wrapper")?, row.try_get("handler")?);
            // Event triggers of the restored database have no say in it.
            let sql = format!(
                "SET session_replication_role = replica; \
                 ALTER FOREIGN DATA WRAPPER {wrapper} NO HANDLER"
            );
            client
                .batch_execute(&sql)
                .context(|| format!("holding off the foreign tables of {wrapper}"))?;
            let mut held = lock(&self.0);
            held.retain(|(known, _)| *known != wrapper);
            held.push((wrapper, handler));
        }
        Ok(())
    }

    /// Whether any were there.
    pub fn is_any(&self) -> bool {
        !lock(&self.0).is_empty()
    }

    /// Whether a table is foreign.
    pub fn holds(&self, client: &mut Client, table: &QualifiedName) -> Result<bool> {
        if !self.is_any() {
            return Ok(false);
        }
        let is_foreign = "SELECT FROM pg_catalog.pg_class \
                          WHERE oid = pg_catalog.to_regclass($1) AND relkind = 'f'";
        let name = table.to_sql();
        let found = client.query_typed(is_foreign, &[(&name, Type::TEXT)])?;
        Ok(!found.is_empty())
    }

    /// Gives them back.
    pub fn give_back(&self, client: &mut Client) -> Result<()> {
        for (wrapper, handler) in lock(&self.0).iter() {
            let sql = format!(
                "SET session_replication_role = replica; \
                 ALTER FOREIGN DATA WRAPPER {wrapper} HANDLER {handler}"
            );
            client.batch_execute(&sql)?;
        }
        Ok(())
    }
}

/// The materialized views that would be filled by functions which open connections of their own.
pub fn reaching_views(client: &mut Client) -> Result<BTreeSet<QualifiedName>> {
    let rows = client.query_typed(include_str!("../../sql/reaching_views.sql"), &[])?;
    let views = rows
        .iter()
        .map(|row| Ok(qualified(row.try_get("schema")?, row.try_get("name")?)));
    views.collect()
}

/// Whether a statement may bring a wrapper, or something that uses one.
pub fn may_bring_wrapper(sql: &str) -> bool {
    const STARTS: [&str; 4] = [
        "CREATE EXTENSION ",
        "CREATE FOREIGN DATA WRAPPER ",
        "ALTER FOREIGN DATA WRAPPER ",
        "CREATE SERVER ",
    ];
    STARTS.iter().any(|start| sql.starts_with(start))
}

/// What was not restored because it would have been read from or written to elsewhere.
#[derive(Debug, Default)]
pub struct HeldOff {
    /// Foreign tables.
    pub tables: BTreeSet<QualifiedName>,
    /// Partitioned tables of which the backup has rows that belong to a foreign partition, and
    /// materialized views that show what is in foreign tables.
    pub others: BTreeSet<QualifiedName>,
    /// Whether what is left out is missing where it goes: in a live database's place.
    pub is_missed: bool,
}

impl HeldOff {
    /// Takes the errors about it away from the others.
    pub fn of(
        client: &mut Client,
        contents: &Contents,
        refusals: &mut Vec<Refusal>,
    ) -> Result<Self> {
        let mut foreign = ForeignTables::new();
        for row in client.query_typed(include_str!("../../sql/foreign_tables.sql"), &[])? {
            let root = match row.try_get("root_name")? {
                Some(name) => Some(qualified(row.try_get("root_schema")?, name)),
                None => None,
            };
            let name = qualified(row.try_get("schema")?, row.try_get("name")?);
            foreign.insert(name, root);
        }
        let mut held = Self::default();
        if foreign.is_empty() {
            return Ok(held);
        }
        refusals.retain(|refusal| !held.takes(refusal, &foreign));
        let dumped = |table: &QualifiedName| contents.tables.contains_key(table);
        held.tables = foreign.into_keys().filter(dumped).collect();
        Ok(held)
    }

    /// Whether what the backup has of this is not in the restored database.
    pub fn holds(&self, name: &QualifiedName) -> bool {
        self.tables.contains(name) || self.others.contains(name)
    }

    /// Whether an error is about it.
    fn takes(&mut self, refusal: &Refusal, foreign: &ForeignTables) -> bool {
        let statement = refusal.statement.trim_start();
        if statement.starts_with("REFRESH MATERIALIZED VIEW ") {
            return self.takes_view(statement, &refusal.message);
        }
        if !refusal.message.contains(NO_HANDLER) {
            return false;
        }
        let copied = || CopyTarget::parse(statement.as_bytes()).map(|copy| copy.table);
        let inserted = InsertedRows::parse(statement.as_bytes()).map(|rows| rows.table);
        if let Some(table) = inserted.or_else(copied) {
            self.others.insert(table);
            return true;
        }
        let meant = meant(refusal, foreign);
        // Rows of the backup stand under the name of the whole, if not under their own.
        self.others.extend(meant.iter().flatten().cloned());
        !meant.is_empty()
    }

    fn takes_view(&mut self, refresh: &str, message: &str) -> bool {
        let shows = |view: &QualifiedName| message.contains(&format!("\"{}\"", view.name));
        // One that shows another that was not filled can't be filled, either.
        let of_other = message.contains(NOT_FILLED) && self.others.iter().any(shows);
        match subject(refresh) {
            Some(view) if of_other || message.contains(NO_HANDLER) => {
                self.others.insert(view);
                true
            }
            _ => false,
        }
    }
}

const NO_HANDLER: &str = "has no handler";
const NOT_FILLED: &str = "has not been populated";

/// Foreign tables, each with the table that it is a partition of in the end.
type ForeignTables = BTreeMap<QualifiedName, Option<QualifiedName>>;

fn qualified(schema: String, name: String) -> QualifiedName {
    QualifiedName {
        schema: Some(schema),
        name,
    }
}

/// The foreign tables that pg_restore may mean by its message, or by the name made of that: it
/// leaves out the schema. Of each that which it is a partition of.
fn meant(refusal: &Refusal, foreign: &ForeignTables) -> Vec<Option<QualifiedName>> {
    let message = refusal.message.strip_prefix("COPY failed for table \"");
    let told = message.and_then(|rest| rest.split_once("\": "));
    let name = match told {
        Some((name, _)) => Some(name),
        None => refusal.object.strip_prefix("TABLE DATA "),
    };
    let is_meant = |(table, _): &(&QualifiedName, _)| Some(table.name.as_str()) == name;
    let meant = foreign.iter().filter(is_meant);
    meant.map(|(_, root)| root.clone()).collect()
}
