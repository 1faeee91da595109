//! Functions and the code in them.

use crate::name::Name;

/// A function as it is made.
#[derive(Debug, Clone, Default)]
pub struct Function {
    /// What it is called.
    pub name: Name,
    /// `VOLATILE` unless said otherwise.
    pub volatility: Volatility,
    /// `SECURITY DEFINER`
    pub security_definer: bool,
    /// `SET search_path`
    pub sets_search_path: bool,
    /// `OR REPLACE`
    pub replace: bool,
    /// `RETURNS trigger`: no query can call it.
    pub is_trigger: bool,
    /// What it does.
    pub body: Body,
}

/// Whether a function may give another value each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Volatility {
    /// Always the same.
    Immutable,
    /// The same within a statement.
    Stable,
    /// Any.
    #[default]
    Volatile,
}

/// Code in a string.
#[derive(Debug, Clone, Default)]
pub struct Body {
    /// The language, folded.
    pub language: String,
    /// The code.
    pub code: String,
}
