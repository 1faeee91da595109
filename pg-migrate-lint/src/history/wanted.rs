//! A history table as `--history` names it.

/// A table as `--history` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its schema, if that is said.
    pub schema: Option<String>,
    /// Its name.
    pub table: String,
}

impl Wanted {
    /// Reads `TABLE` or `SCHEMA.TABLE`, as SQL would: quotes keep what they enclose, all else is
    /// folded to lower case.
    pub fn parse(text: &str) -> Option<Self> {
        let (mut names, mut rest) = (Vec::new(), text);
        loop {
            let (name, behind) = identifier(rest)?;
            names.push(name);
            match behind.strip_prefix('.') {
                Some(behind) => rest = behind,
                None if behind.is_empty() => break,
                None => return None,
            }
        }
        let table = names.pop()?;
        let schema = names.pop();
        names.is_empty().then_some(Self { schema, table })
    }

    /// `TABLE` or `SCHEMA.TABLE` where every letter is meant as it is written.
    pub fn split(text: &str) -> Self {
        match text.split_once('.') {
            Some((schema, table)) => Self {
                schema: Some(schema.to_string()),
                table: table.to_string(),
            },
            None => Self {
                schema: None,
                table: text.to_string(),
            },
        }
    }
}

/// The identifier that a text begins with, and the rest.
fn identifier(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(['.', '"']).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        return (!name.is_empty()).then(|| (name.to_lowercase(), rest));
    };
    let mut name = String::new();
    let mut rest = quoted;
    loop {
        let (part, behind) = rest.split_once('"')?;
        name.push_str(part);
        match behind.strip_prefix('"') {
            Some(behind) => {
                name.push('"');
                rest = behind;
            }
            None => return (!name.is_empty()).then_some((name, behind)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(schema: Option<&str>, table: &str) -> Option<Wanted> {
        Some(Wanted {
            schema: schema.map(str::to_string),
            table: table.to_string(),
        })
    }

    #[test]
    fn names_are_read_as_sql_reads_them() {
        assert_eq!(Wanted::parse("Migrations"), wanted(None, "migrations"));
        assert_eq!(Wanted::parse("app.T"), wanted(Some("app"), "t"));
        let quoted = Wanted::parse("\"My App\".\"a\"\".b\"");
        assert_eq!(quoted, wanted(Some("My App"), "a\".b"));
        for no_name in ["", ".", "a.", ".a", "a.b.c", "\"a", "\"\"", "\"a\"b"] {
            assert_eq!(Wanted::parse(no_name), None, "{no_name}");
        }
    }
}
