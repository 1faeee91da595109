//! What a server says of relations and of the locks on them, at one moment.

use std::collections::{BTreeMap, BTreeSet};

use postgres::{Client, Row, SimpleQueryMessage};
use shared::{Context as _, Result};

use crate::lock::Mode;

/// A relation at one moment.
#[derive(Debug, Clone)]
pub struct Relation {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// As `pg_class.relkind` has it.
    pub kind: char,
    /// The number of its file.
    pub file: u32,
    /// Whether that has anything in it, where it was asked.
    pub is_filled: Option<bool>,
    /// What the session has done to its rows.
    pub counts: Counts,
}

impl Relation {
    /// Schema and name, as SQL has them.
    pub fn shown(&self) -> String {
        crate::name::Name::of(&self.schema, &self.name).to_string()
    }

    /// Whether people speak of it, rather than of what it belongs to.
    pub fn is_index(&self) -> bool {
        matches!(self.kind, 'i' | 'I')
    }
}

/// What a session has done to the rows of a relation, since it last handed that on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// How often all rows were read.
    pub scans: i64,
    /// Rows, by that.
    pub read: i64,
    /// Rows.
    pub inserted: i64,
    /// Rows.
    pub updated: i64,
    /// Rows.
    pub deleted: i64,
}

impl Counts {
    /// Of the rows, all together.
    pub fn since(self, before: Self) -> Self {
        Self {
            scans: (self.scans - before.scans).max(0),
            read: (self.read - before.read).max(0),
            inserted: (self.inserted - before.inserted).max(0),
            updated: (self.updated - before.updated).max(0),
            deleted: (self.deleted - before.deleted).max(0),
        }
    }
}

/// What there is at one moment.
#[derive(Debug, Clone, Default)]
pub struct Probe {
    /// How far WAL has come, in bytes.
    pub wal: i64,
    /// Whether `TimeZone` is UTC.
    pub is_utc: bool,
    /// By number; of a moment after a statement, those that are locked.
    pub relations: BTreeMap<u32, Relation>,
    /// What the session holds.
    pub locks: BTreeSet<(u32, Mode)>,
}

impl Probe {
    /// All relations that are there, for this session.
    ///
    /// # Errors
    /// Where the server does not answer.
    pub fn relations(client: &mut Client) -> Result<Self> {
        let sql = include_str!("../../sql/rehearse_relations.sql");
        Self::of(client.query_typed(sql, &[]))
    }

    /// What there is before the first statement of a transaction: nothing is locked. `hands_on`: the server can be told to
    /// hand on what the session counts.
    ///
    /// # Errors
    /// Where the server does not answer.
    pub fn start(client: &mut Client, hands_on: bool) -> Result<Self> {
        let sql = match hands_on {
            true => include_str!("../../sql/rehearse_start.15.sql"),
            false => include_str!("../../sql/rehearse_start.sql"),
        };
        let mut probe = Self::default();
        for message in client.simple_query(sql)? {
            if let SimpleQueryMessage::Row(row) = message {
                let wal = row.try_get("wal")?.and_then(|wal| wal.parse().ok());
                probe.wal = wal.unwrap_or_default();
                probe.is_utc = row.try_get("zone")?.is_some_and(is_utc);
            }
        }
        Ok(probe)
    }

    /// What a transaction holds after a statement. Prepared, because planning it would take longer than the answer.
    pub const AFTER: &str = include_str!("../../sql/rehearse_after.sql");

    /// By the rows of an answer.
    ///
    /// # Errors
    /// Where it is none.
    pub fn of(rows: std::result::Result<Vec<Row>, postgres::Error>) -> Result<Self> {
        let what = || "could not look at what the statement did".to_string();
        let mut probe = Self::default();
        for row in &rows.context(what)? {
            probe.add(row).context(what)?;
        }
        Ok(probe)
    }

    fn add(&mut self, row: &Row) -> std::result::Result<(), postgres::Error> {
        self.wal = row.try_get("wal")?;
        let zone: &str = row.try_get("zone")?;
        self.is_utc = is_utc(zone);
        let Some(number) = row.try_get::<_, Option<u32>>("relation")? else {
            return Ok(());
        };
        if let Some(mode) = row.try_get::<_, Option<&str>>("mode")?.and_then(mode) {
            self.locks.insert((number, mode));
        }
        // What the transaction has dropped is gone from the catalogue, and still locked.
        let Some(schema) = row.try_get::<_, Option<String>>("schema")? else {
            return Ok(());
        };
        let kind: &str = row.try_get("kind")?;
        let relation = Relation {
            schema,
            name: row.try_get("name")?,
            kind: kind.chars().next().unwrap_or('?'),
            file: row.try_get("file")?,
            is_filled: row.try_get("is_filled")?,
            counts: Counts {
                scans: row.try_get("scans")?,
                read: row.try_get("read")?,
                inserted: row.try_get("inserted")?,
                updated: row.try_get("updated")?,
                deleted: row.try_get("deleted")?,
            },
        };
        self.relations.insert(number, relation);
        Ok(())
    }
}

/// What a session has counted and not handed on, by relation: within a transaction it hands nothing on.
///
/// # Errors
/// Where the server does not answer.
pub fn counted(client: &mut Client) -> Result<BTreeMap<u32, Counts>> {
    let mut all = BTreeMap::new();
    for row in client.query_typed(include_str!("../../sql/rehearse_counted.sql"), &[])? {
        let counts = Counts {
            scans: row.try_get("scans")?,
            read: row.try_get("read")?,
            inserted: row.try_get("inserted")?,
            updated: row.try_get("updated")?,
            deleted: row.try_get("deleted")?,
        };
        all.insert(row.try_get("relation")?, counts);
    }
    Ok(all)
}

/// The mode that `pg_locks` calls so.
pub fn mode(name: &str) -> Option<Mode> {
    (1..=8)
        .filter_map(Mode::from_number)
        .find(|mode| mode.name() == name)
}

fn is_utc(zone: &str) -> bool {
    matches!(zone, "UTC" | "Etc/UTC" | "GMT" | "Etc/GMT" | "UCT" | "Zulu")
}
