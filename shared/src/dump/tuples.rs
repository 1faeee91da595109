//! `INSERT INTO table VALUES (…), (…)`, the rows of a dump made with `--inserts`.

use super::lexer::{Token, spans};
use super::name::QualifiedName;

/// The rows of one INSERT statement of a dump.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsertedRows<'a> {
    /// The table.
    pub table: QualifiedName,
    /// The list of columns as written, from parenthesis to parenthesis; empty if there is none.
    pub columns: &'a [u8],
    /// Each row as written, from parenthesis to parenthesis.
    pub rows: Vec<&'a [u8]>,
}

impl<'a> InsertedRows<'a> {
    /// The rows of an INSERT as pg_dump writes it; `None` for any other statement.
    pub fn parse(statement: &'a [u8]) -> Option<Self> {
        let tokens: Vec<_> = spans(statement).collect();
        let word = |at: usize, word: &str| tokens.get(at).is_some_and(|(token, _)| token.is(word));
        if !(word(0, "insert") && word(1, "into")) {
            return None;
        }
        let first = tokens.get(2)?.0.identifier()?;
        let (table, next) = match tokens.get(3)?.0 {
            Token::Symbol(b'.') => {
                let name = tokens.get(4)?.0.identifier()?;
                (
                    QualifiedName {
                        schema: Some(first),
                        name,
                    },
                    5,
                )
            }
            _ => (
                QualifiedName {
                    schema: None,
                    name: first,
                },
                3,
            ),
        };
        if word(next, "default") {
            return Some(Self {
                table,
                columns: b"",
                rows: vec![b"DEFAULT VALUES"],
            });
        }
        let values = next
            + tokens[next..]
                .iter()
                .position(|(token, _)| token.is("values"))?;
        let columns = parenthesised(statement, &tokens[next..values]);
        let rows = parenthesised(statement, &tokens[values + 1..]);
        Some(Self {
            table,
            columns: columns.first().copied().unwrap_or_default(),
            rows,
        })
    }
}

/// What stands between the parentheses of a row, or of a list of columns, as written.
pub fn members(parenthesised: &[u8]) -> Vec<&[u8]> {
    let mut members = Vec::new();
    let mut depth = 0;
    let mut start = 0;
    for (token, place) in spans(parenthesised) {
        match token {
            Token::Symbol(b'(') => {
                depth += 1;
                start = if depth == 1 { place.end } else { start };
            }
            Token::Symbol(b')') => {
                depth -= 1;
                if depth == 0 {
                    members.push(parenthesised[start..place.start].trim_ascii());
                }
            }
            Token::Symbol(b',') if depth == 1 => {
                members.push(parenthesised[start..place.start].trim_ascii());
                start = place.end;
            }
            _ => {}
        }
    }
    members
}

fn parenthesised<'a>(
    statement: &'a [u8],
    tokens: &[(Token<'_>, std::ops::Range<usize>)],
) -> Vec<&'a [u8]> {
    let mut rows = Vec::new();
    let mut depth = 0;
    let mut start = 0;
    for (token, place) in tokens {
        match token {
            Token::Symbol(b'(') => {
                if depth == 0 {
                    start = place.start;
                }
                depth += 1;
            }
            Token::Symbol(b')') => {
                depth -= 1;
                if depth == 0 {
                    rows.push(&statement[start..place.end]);
                }
            }
            _ => {}
        }
    }
    rows
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn rows_are_told_apart_by_the_grammar() {
        let sql = b"INSERT INTO public.t VALUES\n\t(1, 'a),(b', now()),\n\t(2, E'\\'', NULL);";
        let inserted = InsertedRows::parse(sql).unwrap();
        assert_eq!(inserted.table.to_string(), "public.t");
        assert_eq!(inserted.columns, b"");
        let rows: [&[u8]; 2] = [b"(1, 'a),(b', now())", b"(2, E'\\'', NULL)"];
        assert_eq!(inserted.rows, rows);
    }

    #[test]
    fn column_names_and_no_columns() {
        let sql =
            b"INSERT INTO t (a, b) OVERRIDING SYSTEM VALUE VALUES (1, 2) ON CONFLICT DO NOTHING;";
        let inserted = InsertedRows::parse(sql).unwrap();
        assert_eq!(inserted.columns, b"(a, b)");
        assert_eq!(inserted.rows.len(), 1);
        let none = InsertedRows::parse(b"INSERT INTO public.t DEFAULT VALUES;").unwrap();
        assert_eq!(none.rows.len(), 1);
    }

    #[test]
    fn members_are_told_apart_by_the_grammar() {
        let row = b"(-1, 'a),(b', E'\\',', B'01', '(1,2)'::point, f(1, 2), NULL )";
        let expected: [&[u8]; 7] = [
            b"-1",
            b"'a),(b'",
            b"E'\\','",
            b"B'01'",
            b"'(1,2)'::point",
            b"f(1, 2)",
            b"NULL",
        ];
        assert_eq!(members(row), expected);
        assert_eq!(members(b"(\"a,b\", c)"), [&b"\"a,b\""[..], b"c"]);
    }
}
