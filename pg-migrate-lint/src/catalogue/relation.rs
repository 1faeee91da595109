//! A table or what is like one, with its columns, constraints and indexes; and the types that users make.

use std::sync::Arc;

use super::members::{Member, Members};
use super::particulars::Particulars;
use super::{Moment, same};
use crate::model::{ConstraintKind, Dependent, DependentKind, Generated, Identity};
use crate::name::Name;
use crate::types::Type;

/// What sort of relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RelationKind {
    /// An ordinary table.
    #[default]
    Table,
    /// A table that is divided.
    Partitioned,
    /// A view.
    View,
    /// A materialized view.
    MaterializedView,
    /// A sequence.
    Sequence,
}

/// A table or what is like one.
#[derive(Debug, Clone, Default)]
pub struct Relation {
    /// What it is called, once it has indexes.
    pub(super) name: Option<Arc<Name>>,
    /// What sort.
    pub kind: RelationKind,
    /// Its columns, as far as known.
    pub columns: Members<ColumnFacts>,
    /// Whether these are all of its columns.
    pub is_complete: bool,
    /// Its constraints, as far as known.
    pub constraints: Members<ConstraintFacts>,
    /// Its indexes, as far as known.
    pub indexes: Members<Index>,
    /// Whether LIKE, or a table that it belongs to, may have given it keys.
    pub may_have_keys: bool,
    /// Whether `ROW LEVEL SECURITY` is enabled.
    pub is_protected: bool,
    /// Whether a policy was made for it.
    pub has_policy: bool,
    /// When it was made, if a migration did.
    pub made: Option<Moment>,
    /// Whether only its own session can see it.
    pub is_temporary: bool,
    /// Whether it may have other triggers, policies and rules than are known.
    pub has_unknown_parts: bool,
    /// Whether it, or a column of it, was called otherwise before.
    pub is_renamed: bool,
    /// Whether a crash empties it, so that it is not published.
    pub is_unlogged: bool,
    /// How its rows are known again where they are published.
    pub identity: Identity,
    /// How much had not been seen when it was made, if it is sure to be here, and to be as it is known to be.
    pub(super) sure_since: Option<usize>,
    /// Whether it has a constraint or an index whose name the server chose in a way that is not followed here.
    pub has_unknown_names: bool,
    pub(super) particulars: Option<Box<Particulars>>,
}

/// A column.
#[derive(Debug, Clone, Default)]
pub struct ColumnFacts {
    /// What it is called.
    pub name: Arc<str>,
    /// Of what type.
    pub type_: Arc<Type>,
    /// Whether it can't be null.
    pub not_null: bool,
    /// Whether it has a default, an identity or a sequence.
    pub has_default: bool,
    /// Whether rows may have had a value in it when it was added.
    pub is_filled: bool,
    /// Whether what added it may not have been run, or not to its end.
    pub is_in_doubt: bool,
    /// Whether its default is a constant of its own type, as it is written.
    pub has_constant: bool,
    /// Whether its default counts from 1: `serial`, or an identity that does not say where it starts.
    pub is_numbered: bool,
    /// `GENERATED ALWAYS AS IDENTITY`
    pub is_always: bool,
    /// Whether it is computed.
    pub generated: Option<Generated>,
    /// Functions that its default calls, and the sequence that it asks.
    pub calls: Option<Box<Calls>>,
    /// `COLLATE`
    pub collation: Option<Box<Name>>,
    /// When it was added.
    pub made: Option<Moment>,
}

/// What a default needs.
#[derive(Debug, Clone, Default)]
pub struct Calls {
    /// Functions, but those of the server.
    pub functions: Vec<Name>,
    /// A sequence: by `nextval`, `serial` or an identity.
    pub sequence: Option<Name>,
}

/// A constraint.
#[derive(Debug, Clone)]
pub struct ConstraintFacts {
    /// What it is called.
    pub name: String,
    /// What it demands.
    pub kind: ConstraintKind,
    /// Whether all rows are known to meet it.
    pub is_valid: bool,
    /// Not `NOT ENFORCED`.
    pub is_enforced: bool,
    /// Not `NO INHERIT`.
    pub is_inherited: bool,
    /// `INITIALLY DEFERRED`
    pub is_deferred: bool,
}

/// An index.
#[derive(Debug, Clone, Default)]
pub struct Index {
    /// What it is called.
    pub name: Arc<Name>,
    /// Of which table.
    pub table: Arc<Name>,
    /// Its columns; none for an expression.
    pub columns: Vec<Option<String>>,
    /// Whether each value is there once.
    pub is_unique: bool,
    /// Whether it leaves out rows.
    pub is_partial: bool,
    /// The columns that its expressions and its condition read, and those that it only includes.
    pub reads: Vec<String>,
    /// Whether it has an expression or a condition, for which it can't be kept where a type changes.
    pub has_expressions: bool,
    /// Whether every row is found by a value of its first column: nulls are all that it may leave out.
    pub finds_values: bool,
    /// Whether it is a B-tree.
    pub is_btree: bool,
    /// Functions that its expressions and its condition call.
    pub functions: Vec<Name>,
    /// When it was made, if a migration did.
    pub made: Option<Moment>,
}

/// An enum.
#[derive(Debug, Clone)]
pub struct Enum {
    /// Its values.
    pub values: Vec<String>,
    /// When it was made.
    pub made: Moment,
}

/// A domain.
#[derive(Debug, Clone)]
pub struct Domain {
    /// What is below it.
    pub base: Type,
    /// Whether values are checked.
    pub is_constrained: bool,
    /// `NOT NULL`
    pub is_not_null: bool,
    /// Whether its default may be another value for each row.
    pub has_volatile_default: bool,
    /// When it was made.
    pub made: Moment,
}

impl Index {
    /// Whether a column is part of it in any way.
    pub fn reads_column(&self, column: &str) -> bool {
        let mut columns = self.columns.iter().flatten().chain(&self.reads);
        columns.any(|part| part == column)
    }
}

impl Relation {
    /// What reads a column, other than views and indexes.
    pub fn dependent(&self, column: &str) -> Option<&Dependent> {
        let mut dependents = self.dependents.iter();
        dependents.find(|dependent| dependent.columns.iter().any(|read| read == column))
    }

    /// What sort of thing no longer reads anything of it.
    pub(super) fn forget(&mut self, kind: DependentKind, is_gone: impl Fn(&Name) -> bool) {
        if let Some(particulars) = &mut self.particulars {
            particulars
                .dependents
                .retain(|dependent| dependent.kind != kind || !is_gone(&dependent.name));
        }
    }

    /// Whether it is divided.
    pub fn is_partitioned(&self) -> bool {
        self.kind == RelationKind::Partitioned
    }

    /// Whether `SET LOGGED`, or `SET UNLOGGED`, leaves it as a migration made it.
    pub fn is_logged_as(&self, logged: bool) -> bool {
        self.made.is_some() && self.is_unlogged != logged
    }

    /// A column by its name.
    pub fn column(&self, name: &str) -> Option<&ColumnFacts> {
        self.columns.named(name)
    }

    /// A constraint by its name.
    pub fn constraint(&self, name: &str) -> Option<&ConstraintFacts> {
        self.constraints.named(name)
    }

    /// Its constraints that are of a column, in order.
    pub fn constraints_on(&self, column: &str) -> impl Iterator<Item = &ConstraintFacts> {
        self.constraints.on(column)
    }

    /// The columns of the primary key, if one is known.
    pub fn primary_key(&self) -> Option<&[String]> {
        self.constraints
            .iter()
            .find_map(|constraint| match &constraint.kind {
                ConstraintKind::Primary(key) => Some(key.columns.as_slice()),
                _ => None,
            })
    }

    /// Whether a key or a unique index has exactly these columns, in whatever order.
    pub fn has_key(&self, columns: &[String]) -> bool {
        self.constraints
            .iter()
            .any(|constraint| match &constraint.kind {
                ConstraintKind::Primary(key) | ConstraintKind::Unique(key) => {
                    same(&key.columns, columns)
                }
                _ => false,
            })
    }

    /// Whether a valid constraint says that a column has no nulls.
    pub fn proves_not_null(&self, column: &str) -> bool {
        self.constraints_on(column)
            .filter(|constraint| constraint.is_valid)
            .any(|constraint| match &constraint.kind {
                ConstraintKind::Check(expr) => {
                    expr.proves_not_null.iter().any(|proved| proved == column)
                }
                ConstraintKind::NotNull(proved) => proved == column,
                ConstraintKind::Primary(key) => key.columns.iter().any(|part| part == column),
                _ => false,
            })
    }
}

impl Member for ColumnFacts {
    fn name(&self) -> &str {
        &self.name
    }

    fn columns(&self) -> impl Iterator<Item = &str> {
        std::iter::empty()
    }
}

impl Member for ConstraintFacts {
    fn name(&self) -> &str {
        &self.name
    }

    fn columns(&self) -> impl Iterator<Item = &str> {
        self.kind.columns().iter().map(String::as_str)
    }
}

impl Member for Index {
    fn name(&self) -> &str {
        &self.name.name
    }

    fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().flatten().map(String::as_str)
    }
}
