//! Types of columns, as the grammar names them.

use std::fmt;

use crate::name::quoted;
use crate::source::is_stand_in;

/// A type with its modifiers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Type {
    /// The schema, if it is not `pg_catalog`.
    pub schema: Option<String>,
    /// The name that the catalogue has: `int4`, `varchar`.
    pub name: String,
    /// What stands in parentheses; none where nothing does.
    pub modifiers: Vec<i64>,
    /// Dimensions of an array.
    pub dimensions: usize,
}

impl Type {
    /// A type of the system's, without modifiers.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_string(),
            ..Self::default()
        }
    }

    /// Whether a template will say what it is, and perhaps more: keys, defaults.
    pub fn is_template(&self) -> bool {
        self.schema.is_none() && is_stand_in(&self.name)
    }

    /// Whether both are the same, of which one may be named without its schema.
    pub fn is_same(&self, other: &Self) -> bool {
        let is_same_schema =
            self.schema.is_none() || other.schema.is_none() || self.schema == other.schema;
        is_same_schema
            && (&self.name, &self.modifiers) == (&other.name, &other.modifiers)
            && (self.dimensions > 0) == (other.dimensions > 0)
    }

    /// Whether it is a pseudo type that makes a sequence.
    pub fn is_serial(&self) -> bool {
        self.serial_base().is_some()
    }

    /// The integer below a serial type.
    pub fn serial_base(&self) -> Option<&'static str> {
        if self.schema.is_some() || self.dimensions > 0 {
            return None;
        }
        match self.name.as_str() {
            "serial" | "serial4" => Some("int4"),
            "bigserial" | "serial8" => Some("int8"),
            "smallserial" | "serial2" => Some("int2"),
            _ => None,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{}.", quoted(schema))?;
        }
        let name = match self.name.as_str() {
            "int2" => "smallint",
            "int4" => "integer",
            "int8" => "bigint",
            "float4" => "real",
            "float8" => "double precision",
            "bool" => "boolean",
            "bpchar" => "char",
            "varbit" => "bit varying",
            other => other,
        };
        let is_spelled = name != self.name || is_known(name);
        let name = match is_spelled {
            true => name.to_string(),
            false => quoted(name),
        };
        f.write_str(&name)?;
        let is_shown = !self.modifiers.is_empty() && self.name != "interval";
        if is_shown {
            let modifiers: Vec<String> = self.modifiers.iter().map(i64::to_string).collect();
            write!(f, "({})", modifiers.join(","))?;
        }
        f.write_str(&"[]".repeat(self.dimensions))
    }
}

fn is_known(name: &str) -> bool {
    matches!(
        name,
        "varchar"
            | "text"
            | "numeric"
            | "timestamp"
            | "timestamptz"
            | "interval"
            | "time"
            | "timetz"
    )
}
