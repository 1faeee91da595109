//! Names of relations and other objects, as PostgreSQL folds, resolves and quotes them.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};

/// The name of an object, perhaps with its schema.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Name {
    /// The schema, where it was said or found out.
    pub schema: Option<String>,
    /// The name itself, folded.
    pub name: String,
}

impl Name {
    /// In no schema that is known.
    pub fn bare(name: impl Into<String>) -> Self {
        Self {
            schema: None,
            name: name.into(),
        }
    }

    /// In a schema, which may be empty where none was said.
    pub fn of(schema: &str, name: &str) -> Self {
        Self {
            schema: (!schema.is_empty()).then(|| schema.to_string()),
            name: name.to_string(),
        }
    }

    /// As a string names it: `schema.name`, in quotes or not; none where that is more than two words.
    pub fn parse(words: &str) -> Option<Self> {
        let part = |part: &str| match part
            .strip_prefix('"')
            .and_then(|part| part.strip_suffix('"'))
        {
            Some(quoted) => quoted.to_string(),
            None => part.to_lowercase(),
        };
        let parts: Vec<String> = words.split('.').map(part).collect();
        match parts.as_slice() {
            [name] => Some(Self::bare(name)),
            [schema, name] => Some(Self::of(schema, name)),
            _ => None,
        }
    }

    /// Another object of the same schema.
    pub fn beside(&self, name: impl Into<String>) -> Self {
        Self {
            schema: self.schema.clone(),
            name: name.into(),
        }
    }
}

/// By the name alone: few are in two schemas, and rules ask for names more often than for anything else.
impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.name.as_bytes());
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            f.write_str(&written(schema))?;
            f.write_str(".")?;
        }
        f.write_str(&written(&self.name))
    }
}

/// An identifier as it must be written to mean just this.
pub fn quoted(name: &str) -> String {
    written(name).into_owned()
}

/// The same, as it is where it needs no quotes.
fn written(name: &str) -> Cow<'_, str> {
    let mut bytes = name.bytes();
    let starts = bytes
        .next()
        .is_some_and(|first| first.is_ascii_lowercase() || first == b'_' || first >= 0x80);
    let goes_on = bytes.all(|byte| {
        byte.is_ascii_lowercase()
            || byte.is_ascii_digit()
            || matches!(byte, b'_' | b'$')
            || byte >= 0x80
    });
    match starts && goes_on && !is_reserved(name) {
        true => Cow::Borrowed(name),
        false => Cow::Owned(format!("\"{}\"", name.replace('"', "\"\""))),
    }
}

/// Several identifiers with commas between them.
pub fn list(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    names.join(", ")
}

/// The keywords that can't be the name of a table or column without quotes, by PostgreSQL's
/// appendix on keywords.
fn is_reserved(name: &str) -> bool {
    const LONGEST: usize = "current_timestamp".len();
    const RESERVED: &[&str] = &[
        "all",
        "analyse",
        "analyze",
        "and",
        "any",
        "array",
        "as",
        "asc",
        "asymmetric",
        "authorization",
        "binary",
        "both",
        "case",
        "cast",
        "check",
        "collate",
        "collation",
        "column",
        "concurrently",
        "constraint",
        "create",
        "cross",
        "current_catalog",
        "current_date",
        "current_role",
        "current_schema",
        "current_time",
        "current_timestamp",
        "current_user",
        "default",
        "deferrable",
        "desc",
        "distinct",
        "do",
        "else",
        "end",
        "except",
        "false",
        "fetch",
        "for",
        "foreign",
        "freeze",
        "from",
        "full",
        "grant",
        "group",
        "having",
        "ilike",
        "in",
        "initially",
        "inner",
        "intersect",
        "into",
        "is",
        "isnull",
        "join",
        "lateral",
        "leading",
        "left",
        "like",
        "limit",
        "localtime",
        "localtimestamp",
        "natural",
        "not",
        "notnull",
        "null",
        "offset",
        "on",
        "only",
        "or",
        "order",
        "outer",
        "overlaps",
        "placing",
        "primary",
        "references",
        "returning",
        "right",
        "select",
        "session_user",
        "similar",
        "some",
        "symmetric",
        "system_user",
        "table",
        "tablesample",
        "then",
        "to",
        "trailing",
        "true",
        "union",
        "unique",
        "user",
        "using",
        "variadic",
        "verbose",
        "when",
        "where",
        "window",
        "with",
    ];
    // Most names are told by this alone.
    (name.len() <= LONGEST && !name.bytes().any(|byte| byte.is_ascii_digit()))
        && RESERVED.binary_search(&name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_needs_it_is_quoted() {
        assert_eq!(Name::of("public", "users").to_string(), "public.users");
        assert_eq!(Name::bare("User").to_string(), "\"User\"");
        assert_eq!(Name::of("a b", "order").to_string(), "\"a b\".\"order\"");
        assert_eq!(Name::bare("x\"y").to_string(), "\"x\"\"y\"");
        assert_eq!(Name::bare("straße").to_string(), "straße");
    }
}
