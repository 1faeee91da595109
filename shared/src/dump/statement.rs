//! What a statement of a dump is about. pg_dump writes names with their schemas.

use super::{QualifiedName, Token, tokens};

/// The relation, or what else is in a schema, that a statement is about: the first name with a
/// schema in it, of statistics the last.
pub fn subject(statement: &str) -> Option<QualifiedName> {
    let tokens = tokens(statement.as_bytes());
    let word = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.is(word));
    let mut names = tokens.windows(3).filter_map(qualified);
    match word(0, "create") && word(1, "statistics") {
        true => names.next_back(),
        false => names.next(),
    }
}

fn qualified(window: &[Token<'_>]) -> Option<QualifiedName> {
    let [schema, Token::Symbol(b'.'), name] = window else {
        return None;
    };
    Some(QualifiedName {
        schema: Some(schema.identifier()?),
        name: name.identifier()?,
    })
}

/// The index or constraint that a statement gives to a table, and the table.
pub fn part_of_table(statement: &str) -> Option<(QualifiedName, QualifiedName)> {
    let table = subject(statement)?;
    let tokens = tokens(statement.as_bytes());
    let after = |word: &str| {
        let place = tokens.iter().position(|token| token.is(word))?;
        tokens.get(place + 1)?.identifier()
    };
    let name = match tokens.first()? {
        create if create.is("create") => match after("statistics") {
            // Its own name has a schema.
            Some(_) => tokens.windows(3).find_map(qualified)?.name,
            None => after("index")?,
        },
        _ => after("constraint")?,
    };
    let schema = table.schema.clone();
    Some((QualifiedName { schema, name }, table))
}

/// A foreign key as a dump defines it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    /// What it is called.
    pub name: String,
    /// The table whose rows refer to others.
    pub table: QualifiedName,
    /// By these columns.
    pub columns: Vec<String>,
    /// The table that they refer to.
    pub other: QualifiedName,
    /// To these columns.
    pub other_columns: Vec<String>,
}

impl ForeignKey {
    /// `ALTER TABLE ONLY s.t ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES s.u(b) …`.
    pub fn parse(statement: &str) -> Option<Self> {
        let tokens = tokens(statement.as_bytes());
        let place = |word: &str| tokens.iter().position(|token| token.is(word));
        let key = place("foreign")?;
        let references = place("references")?;
        if !tokens.get(key + 1)?.is("key") {
            return None;
        }
        let rest = tokens.get(references + 1..)?;
        Some(Self {
            name: tokens.get(key.checked_sub(1)?)?.identifier()?,
            table: subject(statement)?,
            columns: list(tokens.get(key + 2..references)?)?,
            other: qualified(rest.get(..3)?)?,
            other_columns: list(rest.get(3..)?)?,
        })
    }
}

/// `(a, "B")`.
fn list(tokens: &[Token<'_>]) -> Option<Vec<String>> {
    let end = tokens
        .iter()
        .position(|token| *token == Token::Symbol(b')'))?;
    let names = tokens.get(1..end)?.iter();
    names
        .filter(|token| **token != Token::Symbol(b','))
        .map(Token::identifier)
        .collect()
}

#[cfg(test)]
mod test {
    use super::*;

    fn shown(name: Option<QualifiedName>) -> String {
        name.map(|name| name.to_string()).unwrap_or_default()
    }

    #[test]
    fn what_statements_are_about() {
        for (statement, expected) in [
            ("CREATE TABLE app.t (\n    a app.state\n);", "app.t"),
            (
                "CREATE INDEX i ON ONLY app.\"T\" USING btree (lower(a));",
                "app.\"T\"",
            ),
            (
                "ALTER TABLE ONLY app.t ADD CONSTRAINT c PRIMARY KEY (a);",
                "app.t",
            ),
            (
                "CREATE TRIGGER x BEFORE UPDATE ON app.t FOR EACH ROW EXECUTE FUNCTION app.f();",
                "app.t",
            ),
            ("CREATE POLICY p ON app.t TO r USING (true);", "app.t"),
            (
                "CREATE RULE r AS\n    ON INSERT TO app.v DO INSTEAD NOTHING;",
                "app.v",
            ),
            ("COMMENT ON COLUMN app.t.a IS 'b.c';", "app.t"),
            ("GRANT SELECT(a) ON TABLE app.t TO r;", "app.t"),
            ("CREATE STATISTICS app.s ON a, b FROM app.t;", "app.t"),
            ("CREATE SCHEMA app;", ""),
        ] {
            assert_eq!(shown(subject(statement)), expected, "{statement}");
        }
    }

    #[test]
    fn indexes_and_constraints() {
        for (statement, expected) in [
            ("CREATE UNIQUE INDEX i ON app.t USING btree (a);", "app.i"),
            (
                "ALTER TABLE ONLY app.t ADD CONSTRAINT c UNIQUE (a);",
                "app.c",
            ),
            ("CREATE STATISTICS app.s ON a, b FROM app.t;", "app.s"),
        ] {
            let (part, table) = part_of_table(statement).unwrap();
            assert_eq!(
                (shown(Some(part)), shown(Some(table))),
                (expected.into(), "app.t".into())
            );
        }
    }

    #[test]
    fn foreign_keys() {
        let key = ForeignKey::parse(
            "ALTER TABLE ONLY app.orders\n    ADD CONSTRAINT \"c k\" FOREIGN KEY (a, \"B\") \
             REFERENCES app.\"C\"(x, y) ON DELETE CASCADE;",
        );
        let key = key.unwrap();
        assert_eq!(
            (key.name.as_str(), key.columns.join("+")),
            ("c k", "a+B".into())
        );
        assert_eq!(
            (shown(Some(key.other)), key.other_columns.join("+")),
            ("app.\"C\"".into(), "x+y".into())
        );
        assert_eq!(
            ForeignKey::parse("ALTER TABLE app.t ADD CONSTRAINT c CHECK (a > 0);"),
            None
        );
    }
}
