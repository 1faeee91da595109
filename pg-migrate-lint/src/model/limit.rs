//! What a condition says of columns beside constants.

use super::Datum;

/// What has to hold for a condition to hold.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// Comparisons of a column with constants.
    pub all: Vec<Limit>,
    /// Whether it may say more of columns, by OR, by NOT, or beside what is not written as a constant.
    pub is_open: bool,
}

/// A comparison of a column.
#[derive(Debug, Clone)]
pub struct Limit {
    /// Which.
    pub column: String,
    /// With what.
    pub comparison: Comparison,
}

/// What the column's value is.
#[derive(Debug, Clone)]
pub enum Comparison {
    /// `<`
    Less(Datum),
    /// `<=`
    LessOrSame(Datum),
    /// `=`, `IN`
    OneOf(Vec<Datum>),
    /// `<>`, `NOT IN`
    NoneOf(Vec<Datum>),
    /// `>=`
    GreaterOrSame(Datum),
    /// `>`
    Greater(Datum),
}
