//! `COPY table (columns) FROM stdin`, the statement before a table's rows.

use super::lexer::{Token, spans, tokens};
use super::name::{QualifiedName, quote_identifier};

/// Where the rows of a COPY go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyTarget {
    /// The table.
    pub table: QualifiedName,
    /// Its columns, in the order of the data; empty for a table without columns.
    pub columns: Vec<String>,
}

impl CopyTarget {
    /// What a COPY of text from standard input is aimed at; `None` for any other statement.
    pub fn parse(statement: &[u8]) -> Option<Self> {
        // Of a long INSERT no more than a word is read.
        if !spans(statement).next()?.0.is("copy") {
            return None;
        }
        let tokens = tokens(statement);
        let mut rest = &tokens[1..];
        let first = rest.first()?.identifier()?;
        rest = &rest[1..];
        let table = if rest.first() == Some(&Token::Symbol(b'.')) {
            let name = rest.get(1)?.identifier()?;
            rest = &rest[2..];
            QualifiedName {
                schema: Some(first),
                name,
            }
        } else {
            QualifiedName {
                schema: None,
                name: first,
            }
        };
        let columns = column_list(&mut rest)?;
        let from_stdin = rest.first()?.is("from") && rest.get(1)?.is("stdin");
        from_stdin.then_some(Self { table, columns })
    }

    /// The columns as an SQL list, quoted: `"a", "b"`.
    pub fn column_sql(&self) -> String {
        let quoted: Vec<String> = self
            .columns
            .iter()
            .map(|name| quote_identifier(name))
            .collect();
        quoted.join(", ")
    }
}

fn column_list(rest: &mut &[Token<'_>]) -> Option<Vec<String>> {
    let mut columns = Vec::new();
    if rest.first() != Some(&Token::Symbol(b'(')) {
        return Some(columns);
    }
    let end = rest
        .iter()
        .position(|token| *token == Token::Symbol(b')'))?;
    for token in &rest[1..end] {
        match token {
            Token::Symbol(b',') => {}
            name => columns.push(name.identifier()?),
        }
    }
    *rest = &rest[end + 1..];
    Some(columns)
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn names_of_every_kind() {
        let target = CopyTarget::parse(
            b"COPY \"we ird\".\"T\"\"ab\nle\" (a, \"b\\c\", \"Select\") FROM stdin;",
        );
        let target = target.unwrap();
        assert_eq!(target.table.schema.as_deref(), Some("we ird"));
        assert_eq!(target.table.name, "T\"ab\nle");
        assert_eq!(target.columns, ["a", "b\\c", "Select"]);
    }

    #[test]
    fn a_table_without_columns() {
        let target = CopyTarget::parse(b"COPY public.nocols  FROM stdin;").unwrap();
        assert!(target.columns.is_empty());
    }

    #[test]
    fn other_statements_are_none() {
        for sql in [
            "COPY t TO stdout;",
            "SELECT 1;",
            "COPY t FROM '/etc/passwd';",
            "COPY",
            "",
        ] {
            assert_eq!(CopyTarget::parse(sql.as_bytes()), None, "{sql}");
        }
    }
}
