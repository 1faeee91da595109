//! What queries and expressions read and call.

use super::Setting;
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
    /// Words in quotes.
    pub words: Vec<String>,
    /// Columns that are cast, and to what.
    pub casts: Vec<(String, String)>,
}
