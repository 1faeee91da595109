//! What queries and expressions read and call.

use super::{Limits, Setting};
use crate::name::Name;

/// What a query reads and calls.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Relations.
    pub relations: Vec<Name>,
    /// Columns, wherever they are named.
    pub columns: Vec<String>,
    /// `*`
    pub all_columns: bool,
    /// Functions.
    pub functions: Vec<Name>,
    /// Words in quotes: perhaps values of an enum.
    pub words: Vec<String>,
    /// Settings that it changes by `set_config`.
    pub settings: Vec<Setting>,
    /// Columns that are cast, and to what.
    pub casts: Vec<(String, String)>,
    /// Those of the columns that are named with their table.
    pub qualified: Vec<String>,
    /// Whether a query is part of an expression of it.
    pub has_subquery: bool,
    /// What its own columns have to be columns of, where that can be told.
    pub scope: Option<Box<Scope>>,
}

/// Columns that are named alone where tables are read and nothing else: one of these has to have each.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// The tables.
    pub tables: Vec<Name>,
    /// What they are called there, each of which is a row too.
    pub called: Vec<String>,
    /// The columns.
    pub columns: Vec<String>,
}

impl Query {
    /// Whether it calls a function of this name.
    pub fn calls(&self, function: &str) -> bool {
        self.functions.iter().any(|name| name.name == function)
    }
}

/// An expression, as far as it matters here.
#[derive(Debug, Clone, Default)]
pub struct Expr {
    /// `NULL`
    pub is_null: bool,
    /// A constant in quotes, or `true` or `false`.
    pub is_constant: bool,
    /// Columns that it reads.
    pub columns: Vec<String>,
    /// Functions that it calls, by their folded names.
    pub functions: Vec<Name>,
    /// Columns that are not null wherever it holds.
    pub proves_not_null: Vec<String>,
    /// It is nothing but this column.
    pub bare_column: Option<String>,
    /// It is nothing but this column, cast to other types or not.
    pub cast_column: Option<String>,
    /// Words in quotes.
    pub words: Vec<String>,
    /// Columns that are cast, and to what.
    pub casts: Vec<(String, String)>,
    /// Those of the columns that are named with their table, which may be how a function is called.
    pub qualified: Vec<String>,
    /// Whether a query is part of it.
    pub has_subquery: bool,
    /// For a CHECK, what it says of columns beside constants.
    pub limits: Option<Box<Limits>>,
}

impl Expr {
    /// The columns that it can only mean as columns.
    pub fn sure_columns(&self) -> impl Iterator<Item = &String> {
        let columns = self.columns.iter();
        columns.filter(|column| !self.qualified.contains(column))
    }
}
