//! Indexes as they are made and built again.

use super::Expr;
use crate::name::Name;

/// A new index.
#[derive(Debug, Clone, Default)]
pub struct CreateIndex {
    /// What it is called, where it was said.
    pub name: Option<String>,
    /// On which.
    pub table: Name,
    /// `ONLY`
    pub only: bool,
    /// `UNIQUE`
    pub unique: bool,
    /// Without blocking.
    pub concurrently: bool,
    /// `IF NOT EXISTS`
    pub if_not_exists: bool,
    /// Its columns, in order; none for an expression.
    pub columns: Vec<Option<String>>,
    /// What its expressions and its condition call and read.
    pub expressions: Vec<Expr>,
    /// `WHERE`
    pub partial: bool,
    /// The column of which that leaves out the nulls, and nothing else.
    pub without_nulls_of: Option<String>,
    /// `USING`
    pub method: String,
    /// `INCLUDE`
    pub included: Vec<String>,
    /// An operator class, a collation, or an order that is not the usual one.
    pub has_options: bool,
}

impl CreateIndex {
    /// Whether it finds every row by a value of its first column: nulls are all that it may leave out.
    pub fn finds_values(&self) -> bool {
        let first = self.columns.first().and_then(Option::as_ref);
        !self.partial || first.is_some() && first == self.without_nulls_of.as_ref()
    }
}

/// What `REINDEX` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReindexKind {
    /// An index.
    Index,
    /// A table.
    Table,
    /// A schema, the system's catalogues, a database.
    Greater,
}
