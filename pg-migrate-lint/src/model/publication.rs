//! What is published for logical replication, and how subscribers know a row again.

use crate::name::Name;

/// A publication as a statement makes or changes it.
#[derive(Debug, Clone)]
pub struct Publication {
    /// What it is called.
    pub name: String,
    /// What is done to it.
    pub how: Publishes,
    /// The tables that are named.
    pub tables: Vec<Name>,
    /// Whether it has updates and deletes; none where that is not said.
    pub writes: Option<bool>,
}

/// What a statement does to a publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Publishes {
    /// `CREATE PUBLICATION`
    Tables,
    /// `CREATE PUBLICATION … FOR ALL TABLES`
    All,
    /// `ADD TABLE`
    More,
    /// `DROP TABLE`
    Less,
    /// `SET TABLE`
    Instead,
    /// `SET (…)`
    Options,
}

/// `REPLICA IDENTITY`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Identity {
    /// The primary key.
    #[default]
    Key,
    /// The whole row.
    Full,
    /// Nothing.
    Nothing,
    /// A unique index.
    Index,
}
