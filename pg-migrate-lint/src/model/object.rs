//! Objects whatever their sort: dropped, renamed, granted, and what depends on columns.

use super::Scope;
use crate::name::Name;

/// What reads columns of a table, other than a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependent {
    /// What sort of thing.
    pub kind: DependentKind,
    /// What it is called.
    pub name: Name,
    /// The columns that it reads.
    pub columns: Vec<String>,
}

/// What sort of thing reads columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DependentKind {
    /// A column that is computed from them.
    Generated,
    /// A trigger, by `UPDATE OF` or `WHEN`.
    Trigger,
    /// A policy.
    Policy,
    /// A rewrite rule.
    Rule,
    /// A function whose body is parsed when it is made.
    Function,
    /// A publication, by `WHERE`.
    Publication,
}

impl DependentKind {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Generated => "generated column",
            Self::Trigger => "trigger",
            Self::Policy => "policy",
            Self::Rule => "rule",
            Self::Function => "function",
            Self::Publication => "publication",
        }
    }
}

/// What sort of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A table.
    Table,
    /// An index.
    Index,
    /// A view.
    View,
    /// A materialized view.
    MaterializedView,
    /// A foreign table.
    ForeignTable,
    /// A sequence.
    Sequence,
    /// A type, enum or composite.
    Type,
    /// A domain.
    Domain,
    /// A schema.
    Schema,
    /// A function, procedure or aggregate.
    Function,
    /// A trigger, by its table.
    Trigger,
    /// A policy, by its table.
    Policy,
    /// A rewrite rule, by its table.
    Rule,
    /// A column.
    Column,
    /// A constraint.
    Constraint,
    /// An extension.
    Extension,
    /// Something else.
    Other,
}

impl Kind {
    /// As SQL has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Table => "TABLE",
            Self::Index => "INDEX",
            Self::View => "VIEW",
            Self::MaterializedView => "MATERIALIZED VIEW",
            Self::ForeignTable => "FOREIGN TABLE",
            Self::Sequence => "SEQUENCE",
            Self::Type => "TYPE",
            Self::Domain => "DOMAIN",
            Self::Schema => "SCHEMA",
            Self::Function => "FUNCTION",
            Self::Trigger => "TRIGGER",
            Self::Policy => "POLICY",
            Self::Rule => "RULE",
            Self::Column => "COLUMN",
            Self::Constraint => "CONSTRAINT",
            Self::Extension => "EXTENSION",
            Self::Other => "object",
        }
    }
}

/// A policy of row security.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Of which.
    pub table: Name,
    /// What it is called.
    pub name: String,
    /// `CREATE`, not `ALTER`.
    pub is_new: bool,
    /// Why it can't be made for this command.
    pub refused: Option<&'static str>,
    /// The columns that its conditions name.
    pub scope: Option<Box<Scope>>,
}

/// `GRANT`, `REVOKE`
#[derive(Debug, Clone, Default)]
pub struct Grant {
    /// On which tables; none where it is on something else.
    pub tables: Vec<Name>,
    /// On which of their columns, where that is said.
    pub columns: Vec<String>,
    /// Not `REVOKE`.
    pub gives: bool,
    /// Whether it is for everybody.
    pub public: bool,
}

/// `DROP`
#[derive(Debug, Clone)]
pub struct Drop {
    /// What sort of thing.
    pub kind: Kind,
    /// Which; for triggers, policies and rules their tables.
    pub names: Vec<Name>,
    /// The triggers, policies and rules themselves.
    pub parts: Vec<String>,
    /// `CASCADE`
    pub cascade: bool,
    /// `IF EXISTS`
    pub if_exists: bool,
    /// Without blocking.
    pub concurrently: bool,
}

/// `RENAME`
#[derive(Debug, Clone)]
pub struct Rename {
    /// What sort of thing.
    pub kind: Kind,
    /// Which, or its table.
    pub name: Name,
    /// The column or constraint, as it was called.
    pub part: Option<String>,
    /// As it is called from now on.
    pub to: String,
    /// `IF EXISTS`
    pub if_exists: bool,
}

/// `ALTER DOMAIN`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DomainAction {
    /// `ADD CONSTRAINT`, and whether it is checked at once.
    AddConstraint {
        /// Not `NOT VALID`.
        validated: bool,
    },
    /// `SET NOT NULL`
    SetNotNull,
    /// `VALIDATE CONSTRAINT`
    Validate,
    /// Something else.
    Other,
}

/// Where a sequence goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restart {
    /// Where it is.
    No,
    /// Where it began.
    Start,
    /// At this number.
    With(i64),
}
