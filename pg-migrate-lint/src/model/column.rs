//! Columns as they are made.

use super::{Constraint, ConstraintKind, Expr};
use crate::name::Name;
use crate::types::Type;

/// A column as it is made.
#[derive(Debug, Clone, Default)]
pub struct Column {
    /// What it is called.
    pub name: String,
    /// Of what type.
    pub type_: Type,
    /// `DEFAULT`
    pub default: Option<Expr>,
    /// `NOT NULL`, said or by `PRIMARY KEY` or identity.
    pub not_null: bool,
    /// `GENERATED … AS IDENTITY`
    pub identity: bool,
    /// `GENERATED ALWAYS AS IDENTITY`
    pub always: bool,
    /// Whether its `NOT NULL` has a name.
    pub names_not_null: bool,
    /// `GENERATED ALWAYS AS (…)`
    pub generated: Option<Generated>,
    /// What it is computed from.
    pub expression: Option<Expr>,
    /// An identity that says where it starts.
    pub starts: bool,
    /// `CHECK`, `UNIQUE`, `PRIMARY KEY`, `REFERENCES`
    pub constraints: Vec<Constraint>,
    /// `COLLATE`
    pub collation: Option<Name>,
    /// Where its definition begins in the statement.
    pub at: usize,
    /// Where each of its constraints begins there, of one that is added.
    pub parts: Vec<(Part, usize)>,
}

/// What a column's definition is made of, beside its name and type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `DEFAULT`
    Default,
    /// `NOT NULL`
    NotNull,
    /// `NULL`
    Null,
    /// `UNIQUE`
    Unique,
    /// `PRIMARY KEY`
    Primary,
    /// `CHECK`
    Check,
    /// `REFERENCES`
    Foreign,
    /// `GENERATED`
    Generated,
}

impl Column {
    /// Its constraint of this kind.
    pub fn constraint(&self, wanted: impl Fn(&ConstraintKind) -> bool) -> Option<&Constraint> {
        self.constraints
            .iter()
            .find(|constraint| wanted(&constraint.kind))
    }

    /// Whether every row gets a value although none is given.
    pub fn has_value(&self) -> bool {
        self.default
            .as_ref()
            .is_some_and(|default| !default.is_null)
            || self.identity
            || self.generated.is_some()
            || self.type_.is_serial()
    }
}

/// How a generated column is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generated {
    /// On disk.
    Stored,
    /// Computed when it is read.
    Virtual,
}
