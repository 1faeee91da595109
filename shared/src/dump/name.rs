//! Names and strings as SQL writes them.

use std::fmt;

/// `name` as an SQL identifier, always quoted.
pub fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `value` as an SQL string that means the same whatever `standard_conforming_strings` says.
pub fn quote_literal(value: &str) -> String {
    let quoted = value.replace('\'', "''");
    if quoted.contains('\\') {
        format!(" E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

/// A relation's name, with its schema.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QualifiedName {
    /// The schema; none where the dump does not name one.
    pub schema: Option<String>,
    /// The relation.
    pub name: String,
}

impl QualifiedName {
    /// The name as SQL, quoted.
    pub fn to_sql(&self) -> String {
        match &self.schema {
            Some(schema) => {
                format!(
                    "{}.{}",
                    quote_identifier(schema),
                    quote_identifier(&self.name)
                )
            }
            None => quote_identifier(&self.name),
        }
    }
}

/// For people: quoted only where SQL would need it, as `regclass` prints it.
impl fmt::Display for QualifiedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{}.", plain_or_quoted(schema))?;
        }
        f.write_str(&plain_or_quoted(&self.name))
    }
}

fn plain_or_quoted(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if plain {
        name.to_string()
    } else {
        quote_identifier(name)
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn quoting_survives_quotes_and_backslashes() {
        assert_eq!(quote_identifier("a\"b"), "\"a\"\"b\"");
        assert_eq!(quote_literal("it's"), "'it''s'");
        assert_eq!(quote_literal("a\\'b"), " E'a\\\\''b'");
    }

    #[test]
    fn people_see_quotes_only_where_needed() {
        let name = QualifiedName {
            schema: Some("public".into()),
            name: "User".into(),
        };
        assert_eq!(name.to_string(), "public.\"User\"");
        assert_eq!(name.to_sql(), "\"public\".\"User\"");
    }
}
