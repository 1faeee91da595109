//! The modes of locks, and which of them go together.

use serde::{Deserialize, Serialize};

/// A mode of a lock. The eight of tables (manual 13.3) serve all other kinds as well; predicate locks
/// (SIReadLock) neither wait nor block and are not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
// As pg_locks calls them.
#[allow(clippy::enum_variant_names)]
pub enum Mode {
    /// Taken by SELECT.
    AccessShareLock,
    /// Taken by SELECT … FOR UPDATE and its kin.
    RowShareLock,
    /// Taken by UPDATE, DELETE, INSERT, MERGE.
    RowExclusiveLock,
    /// Taken by VACUUM, ANALYZE, CREATE INDEX CONCURRENTLY, …
    ShareUpdateExclusiveLock,
    /// Taken by CREATE INDEX.
    ShareLock,
    /// Taken by CREATE TRIGGER and some forms of ALTER TABLE.
    ShareRowExclusiveLock,
    /// Taken by REFRESH MATERIALIZED VIEW CONCURRENTLY.
    ExclusiveLock,
    /// Taken by DROP, TRUNCATE, VACUUM FULL, most of ALTER TABLE.
    AccessExclusiveLock,
}

/// A set of modes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Modes(u8);

impl Mode {
    /// All of them, the weakest first.
    pub const ALL: [Self; 8] = [
        Self::AccessShareLock,
        Self::RowShareLock,
        Self::RowExclusiveLock,
        Self::ShareUpdateExclusiveLock,
        Self::ShareLock,
        Self::ShareRowExclusiveLock,
        Self::ExclusiveLock,
        Self::AccessExclusiveLock,
    ];

    /// As pg_locks calls it.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }

    /// As pg_locks calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::AccessShareLock => "AccessShareLock",
            Self::RowShareLock => "RowShareLock",
            Self::RowExclusiveLock => "RowExclusiveLock",
            Self::ShareUpdateExclusiveLock => "ShareUpdateExclusiveLock",
            Self::ShareLock => "ShareLock",
            Self::ShareRowExclusiveLock => "ShareRowExclusiveLock",
            Self::ExclusiveLock => "ExclusiveLock",
            Self::AccessExclusiveLock => "AccessExclusiveLock",
        }
    }

    /// Its place among [`Mode::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }

    /// What can't be held by another one at the same time: `LockConflicts` in lock.c.
    pub fn conflicts(self) -> Modes {
        Modes(match self {
            Self::AccessShareLock => 0b1000_0000,
            Self::RowShareLock => 0b1100_0000,
            Self::RowExclusiveLock => 0b1111_0000,
            Self::ShareUpdateExclusiveLock => 0b1111_1000,
            Self::ShareLock => 0b1110_1100,
            Self::ShareRowExclusiveLock => 0b1111_1100,
            Self::ExclusiveLock => 0b1111_1110,
            Self::AccessExclusiveLock => 0b1111_1111,
        })
    }
}

impl Modes {
    /// Adds one.
    pub fn insert(&mut self, mode: Mode) {
        self.0 |= 1 << mode.index();
    }

    /// Whether it is among them.
    pub fn contains(self, mode: Mode) -> bool {
        self.0 & (1 << mode.index()) != 0
    }

    /// Whether they have one in common.
    pub fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Each, the weakest first.
    pub fn iter(self) -> impl Iterator<Item = Mode> {
        Mode::ALL
            .into_iter()
            .filter(move |&mode| self.contains(mode))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_conflicts_with_another_is_in_conflict_with_it() {
        for a in Mode::ALL {
            assert_eq!(Mode::from_name(a.name()), Some(a));
            for b in Mode::ALL {
                assert_eq!(
                    a.conflicts().contains(b),
                    b.conflicts().contains(a),
                    "{a:?} {b:?}"
                );
            }
        }
    }
}
