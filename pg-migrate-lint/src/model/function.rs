//! Functions and the code in them.

use std::sync::Arc;

use crate::name::Name;
use crate::types::Type;

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
    /// How it is called.
    pub signature: Signature,
    /// What it does.
    pub body: Body,
}

/// What is passed to a function, and what comes of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signature {
    /// What it is given, in order.
    pub inputs: Vec<Parameter>,
    /// What it gives by parameters or as columns of a table.
    pub outputs: Vec<Parameter>,
    /// `RETURNS`, and whether that is a set.
    pub returns: Option<(Arc<Type>, bool)>,
    /// `PROCEDURE`
    pub is_procedure: bool,
    /// Whether a type is that of a column, which is not looked up.
    pub has_copied_types: bool,
}

impl Signature {
    /// Whether both are the same function, if they have the same name.
    pub fn is_called_as(&self, other: &Self) -> bool {
        let types = |signature: &'_ Self| -> Vec<(Option<String>, String, bool)> {
            let types = signature.inputs.iter().map(|input| &input.type_);
            let key = |type_: &Type| {
                (
                    type_.schema.clone(),
                    type_.name.clone(),
                    type_.dimensions > 0,
                )
            };
            types.map(key).collect()
        };
        types(self) == types(other)
    }
}

/// A parameter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameter {
    /// What it is called; empty where it has no name.
    pub name: String,
    /// Of what type.
    pub type_: Type,
    /// Whether it may be left out.
    pub has_default: bool,
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
