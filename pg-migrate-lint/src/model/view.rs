//! What the columns of a view are, as its query says.

use crate::name::Name;
use crate::types::Type;

/// The results of a view's query.
#[derive(Debug, Clone, Default)]
pub struct Outputs {
    /// Names that were given to the first of them.
    pub names: Vec<String>,
    /// What it reads, each by what it is called there; empty where that is more than tables and their joins.
    pub tables: Vec<(String, Name)>,
    /// In order.
    pub all: Vec<Output>,
}

/// One result, or several.
#[derive(Debug, Clone)]
pub enum Output {
    /// `*`, or all columns of what is called so.
    All(Option<String>),
    /// One column.
    One {
        /// What it is called, where the statement says so.
        name: Option<String>,
        /// What it is.
        of: Source,
    },
}

/// What a result is.
#[derive(Debug, Clone)]
pub enum Source {
    /// A column, perhaps of what is called so.
    Column(Option<String>, String),
    /// A value of this type.
    Type(Type),
    /// Something whose type the statement does not say.
    Unknown,
}
