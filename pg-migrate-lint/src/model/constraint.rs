//! Constraints, and what they demand.

use super::Expr;
use crate::name::Name;

/// A constraint.
#[derive(Debug, Clone)]
pub struct Constraint {
    /// What it is called, where it was said.
    pub name: Option<String>,
    /// What it demands.
    pub kind: ConstraintKind,
    /// Not `NOT VALID`.
    pub validated: bool,
    /// Not `NOT ENFORCED`.
    pub enforced: bool,
    /// `NO INHERIT`
    pub no_inherit: bool,
    /// `DEFERRABLE`
    pub deferrable: bool,
    /// `INITIALLY DEFERRED`
    pub deferred: bool,
    /// Where its definition begins in the statement.
    pub at: usize,
}

/// What a constraint demands.
#[derive(Debug, Clone)]
pub enum ConstraintKind {
    /// `CHECK`
    Check(Box<Expr>),
    /// `NOT NULL` as a constraint of its own, since 18.
    NotNull(String),
    /// `PRIMARY KEY`
    Primary(Key),
    /// `UNIQUE`
    Unique(Key),
    /// `FOREIGN KEY`
    Foreign {
        /// On this side.
        columns: Vec<String>,
        /// The other side.
        table: Name,
        /// Its columns; empty: its primary key.
        referenced: Vec<String>,
        /// `ON DELETE CASCADE`
        cascades: bool,
    },
    /// `EXCLUDE`
    Exclude,
}

impl ConstraintKind {
    /// Whether an index belongs to it, of the same name.
    pub fn has_index(&self) -> bool {
        matches!(self, Self::Primary(_) | Self::Unique(_) | Self::Exclude)
    }

    /// The index that becomes its own.
    pub fn uses_index(&self) -> Option<&String> {
        match self {
            Self::Primary(key) | Self::Unique(key) => key.index.as_ref(),
            _ => None,
        }
    }

    /// The columns that it is of, on its own side.
    pub fn columns(&self) -> &[String] {
        match self {
            Self::Check(expr) => &expr.columns,
            Self::NotNull(column) => std::slice::from_ref(column),
            Self::Primary(key) | Self::Unique(key) => &key.columns,
            Self::Foreign { columns, .. } => columns,
            Self::Exclude => &[],
        }
    }
}

/// The columns of a key.
#[derive(Debug, Clone, Default)]
pub struct Key {
    /// Which; empty where an index says it.
    pub columns: Vec<String>,
    /// `USING INDEX`
    pub index: Option<String>,
    /// `WITHOUT OVERLAPS`
    pub without_overlaps: bool,
    /// `NULLS NOT DISTINCT`
    pub nulls_not_distinct: bool,
    /// `INCLUDE`
    pub included: Vec<String>,
    /// `WITH (…)` or `USING INDEX TABLESPACE`
    pub has_storage: bool,
}
