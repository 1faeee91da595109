//! Locks on relations: their modes, and whom they keep waiting.

use std::fmt;

/// The mode of a lock on a relation, the weakest first, as PostgreSQL's chapter on explicit locking has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// SELECT.
    AccessShare,
    /// SELECT FOR UPDATE, and the lookups of foreign keys.
    RowShare,
    /// INSERT, UPDATE, DELETE.
    RowExclusive,
    /// VACUUM, CREATE INDEX CONCURRENTLY, VALIDATE CONSTRAINT.
    ShareUpdateExclusive,
    /// CREATE INDEX.
    Share,
    /// CREATE TRIGGER, ADD FOREIGN KEY.
    ShareRowExclusive,
    /// REFRESH MATERIALIZED VIEW CONCURRENTLY.
    Exclusive,
    /// Most of ALTER TABLE, DROP, TRUNCATE.
    AccessExclusive,
}

impl Mode {
    /// As `pg_locks` and the manual name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::AccessShare => "AccessShareLock",
            Self::RowShare => "RowShareLock",
            Self::RowExclusive => "RowExclusiveLock",
            Self::ShareUpdateExclusive => "ShareUpdateExclusiveLock",
            Self::Share => "ShareLock",
            Self::ShareRowExclusive => "ShareRowExclusiveLock",
            Self::Exclusive => "ExclusiveLock",
            Self::AccessExclusive => "AccessExclusiveLock",
        }
    }

    /// By the number that the grammar gives it in LOCK TABLE.
    pub fn from_number(number: i32) -> Option<Self> {
        Some(match number {
            1 => Self::AccessShare,
            2 => Self::RowShare,
            3 => Self::RowExclusive,
            4 => Self::ShareUpdateExclusive,
            5 => Self::Share,
            6 => Self::ShareRowExclusive,
            7 => Self::Exclusive,
            8 => Self::AccessExclusive,
            _ => return None,
        })
    }

    /// Whose work waits while it is held.
    pub fn blocks(self) -> Blocks {
        match self {
            Self::AccessShare
            | Self::RowShare
            | Self::RowExclusive
            | Self::ShareUpdateExclusive => Blocks::None,
            Self::Share | Self::ShareRowExclusive | Self::Exclusive => Blocks::Writes,
            Self::AccessExclusive => Blocks::ReadsAndWrites,
        }
    }
}

/// Whose work waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Blocks {
    /// Nobody's but that of other DDL.
    None,
    /// INSERT, UPDATE, DELETE.
    Writes,
    /// SELECT as well.
    ReadsAndWrites,
}

impl Blocks {
    /// As the record has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Writes => "writes",
            Self::ReadsAndWrites => "reads+writes",
        }
    }
}

impl fmt::Display for Blocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "nobody waits",
            Self::Writes => "writes wait",
            Self::ReadsAndWrites => "reads and writes wait",
        })
    }
}

/// What is done to the rows of a table, for a time that grows with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Work {
    /// Nothing: only catalogues change.
    None,
    /// All rows are read.
    Scan,
    /// All rows and indexes are written anew.
    Rewrite,
}

impl Work {
    /// As the record has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Scan => "scan",
            Self::Rewrite => "rewrite",
        }
    }
}
