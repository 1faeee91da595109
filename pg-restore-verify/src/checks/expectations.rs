//! The user's own checks: a query, and what it must answer.

mod file;

use std::path::Path;

use postgres::{Client, SimpleQueryMessage};
use shared::dump::{Token, spans, tokens};
use shared::{Error, Result, printable};

use super::job::Job;
use super::{Origin, Outcome};

pub const CHECK: &str = "expect";

/// More rows than this are not counted where there should be none.
const MOST_ROWS: usize = 100;

/// So many columns of a value are shown.
const LONGEST_VALUE: usize = 1000;

/// A query and what it must answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// What it is called; the query itself where nobody named it.
    name: String,
    sql: String,
    wanted: Wanted,
}

/// What a query must answer.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    /// Nothing: each row is one that is wrong.
    NoRows,
    /// One value, none meaning NULL.
    Value(Comparison, Option<String>),
}

/// How the value must be to the one that was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    NotEqual,
    AtLeast,
    AtMost,
    MoreThan,
    LessThan,
}

/// As they are written; the longer ones first.
const COMPARISONS: &[(&str, Comparison)] = &[
    (">=", Comparison::AtLeast),
    ("<=", Comparison::AtMost),
    ("<>", Comparison::NotEqual),
    ("!=", Comparison::NotEqual),
    ("=", Comparison::Equal),
    (">", Comparison::MoreThan),
    ("<", Comparison::LessThan),
];

impl Expectation {
    /// Those of the command line and of a file.
    ///
    /// # Errors
    /// When one makes no sense: before anything was begun.
    pub fn all(given: &[String], path: Option<&Path>) -> Result<Vec<Self>> {
        let mut all = given
            .iter()
            .map(|text| Self::of_flag(text))
            .collect::<Result<Vec<_>>>()?;
        if let Some(path) = path {
            all.extend(file::read(path)?);
        }
        Ok(all)
    }

    /// `SELECT … = VALUE`: what stands behind the last equals sign is the value.
    fn of_flag(text: &str) -> Result<Self> {
        let signs = spans(text.as_bytes()).filter(|(token, _)| *token == Token::Symbol(b'='));
        let last = signs.last().map(|(_, place)| place.start);
        let refused = |problem: &str| {
            Error::usage(format!("--expect '{text}': {problem}"))
                .with_hint("such as --expect 'SELECT count(*) FROM users WHERE email IS NULL = 0'")
        };
        let Some(sign) = last else {
            return Err(refused(
                "no value is given: it stands behind an equals sign",
            ));
        };
        // `>=`, `<=` and `!=` end with one, too.
        let begin = match text.as_bytes().get(sign.wrapping_sub(1)) {
            Some(b'<' | b'>' | b'!') => sign - 1,
            _ => sign,
        };
        let (sql, wanted) = text.split_at(begin);
        let sql = sql.trim();
        if sql.is_empty() {
            return Err(refused("no query is given"));
        }
        Ok(Self {
            name: sql.split_whitespace().collect::<Vec<_>>().join(" "),
            sql: sql.to_string(),
            wanted: Wanted::of(wanted),
        })
    }

    fn look(&self, client: &mut Client, live: bool, shared: bool) -> Result<Outcome> {
        let answered = match &self.wanted {
            Wanted::NoRows => self.no_rows(client),
            Wanted::Value(comparison, wanted) => self.value(client, *comparison, wanted.as_deref()),
        };
        let Err(error) = answered else {
            return answered;
        };
        match (error.sqlstate(), Outcome::of_error(error.clone())?) {
            // A right that is missing, a timeout or a lock: nobody's fault but that of who looks.
            (Some("42501" | "57014" | "55P03"), outcome) if live => Ok(outcome),
            (Some("42501"), outcome) if shared => Ok(outcome),
            _ => Ok(self.broken(None, error.in_one_line())),
        }
    }

    fn no_rows(&self, client: &mut Client) -> Result<Outcome> {
        client.prepare(&self.sql)?;
        let limit = MOST_ROWS + 1;
        let sql = format!("SELECT * FROM (\n{}\n) own_check LIMIT {limit}", self.sql);
        let rows = rows(client, &sql)?;
        let Some(first) = rows.first() else {
            return Ok(self.proved("no rows"));
        };
        let count = match rows.len() {
            1 => "1 row".to_string(),
            many if many > MOST_ROWS => format!("more than {MOST_ROWS} rows"),
            many => format!("{many} rows"),
        };
        let values: Vec<String> = first.iter().map(|value| shown(value.as_deref())).collect();
        let message = format!("{count}, the first: {}", values.join(", "));
        Ok(self.broken(Some(count), message))
    }

    fn value(
        &self,
        client: &mut Client,
        comparison: Comparison,
        wanted: Option<&str>,
    ) -> Result<Outcome> {
        // Refuses what is more than one statement.
        let columns = client.prepare(&self.sql)?.columns().len();
        if columns != 1 {
            let message = format!("gives {columns} columns, where one value is needed");
            return Ok(self.broken(None, message));
        }
        // Of a whole table no more than the second row is needed to see that it is too many.
        let first = tokens(self.sql.as_bytes()).into_iter().next();
        let is_query = |token: Token<'_>| {
            let begins = ["select", "with", "values", "table"];
            token == Token::Symbol(b'(') || begins.iter().any(|word| token.is(word))
        };
        let sql = match first.is_some_and(is_query) {
            true => format!("SELECT * FROM (\n{}\n) own_check LIMIT 2", self.sql),
            // SHOW, say
            false => self.sql.clone(),
        };
        let rows = rows(client, &sql)?;
        let [row] = rows.as_slice() else {
            let count = if rows.is_empty() {
                "no rows"
            } else {
                "more than one row"
            };
            let message = format!("gives {count}, where one value is needed");
            return Ok(self.broken(None, message));
        };
        let actual = row.first().and_then(Option::as_deref);
        Ok(match holds(client, actual, comparison, wanted)? {
            Some(true) => self.proved(&shown(actual)),
            Some(false) => {
                let message = format!("gives {}, wanted is {}", shown(actual), self.wanted);
                self.broken(Some(shown(actual)), message)
            }
            None => {
                let message = "is neither a number nor a time: it has no order here".to_string();
                self.broken(Some(shown(actual)), message)
            }
        })
    }

    fn proved(&self, actual: &str) -> Outcome {
        Outcome::Proved {
            expected: self.wanted.to_string(),
            actual: actual.to_string(),
        }
    }

    fn broken(&self, actual: Option<String>, message: String) -> Outcome {
        Outcome::Broken {
            expected: Some(self.wanted.to_string()),
            actual,
            message,
        }
    }
}

/// A job for each; `shared` on a server where we may not be a superuser.
pub fn plan(expectations: &[Expectation], origin: Origin<'_>, shared: bool) -> Vec<Job> {
    let live = origin.is_live();
    let jobs = expectations.iter().cloned().map(|expectation| {
        // What they cost is unknown: first those of which most is known.
        Job::of_one(CHECK, expectation.name.clone(), 0, move |client| {
            expectation.look(client, live, shared)
        })
    });
    jobs.collect()
}

/// What a query answers, as text.
fn rows(client: &mut Client, sql: &str) -> Result<Vec<Vec<Option<String>>>> {
    let messages = client.simple_query(sql)?;
    let rows = messages.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let values = rows.map(|row| {
        (0..row.len())
            .map(|place| row.get(place).map(str::to_string))
            .collect()
    });
    Ok(values.collect())
}

fn shown(value: Option<&str>) -> String {
    printable::cut(value.unwrap_or("NULL"), LONGEST_VALUE)
}

/// Whether the value is as wanted; `None` if the two have no order.
fn holds(
    client: &mut Client,
    actual: Option<&str>,
    comparison: Comparison,
    wanted: Option<&str>,
) -> Result<Option<bool>> {
    let (Some(actual), Some(wanted)) = (actual, wanted) else {
        let same = actual.is_none() && wanted.is_none();
        return Ok(Some(match comparison {
            Comparison::Equal => same,
            Comparison::NotEqual => !same,
            _ => false,
        }));
    };
    let same = spelled(actual) == spelled(wanted);
    match comparison {
        Comparison::Equal if same => return Ok(Some(true)),
        Comparison::NotEqual if same => return Ok(Some(false)),
        _ => {}
    }
    for kind in ["numeric", "timestamptz"] {
        if let Some(holds) = compared(client, kind, actual, comparison, wanted)? {
            return Ok(Some(holds));
        }
    }
    Ok(match comparison {
        Comparison::Equal => Some(false),
        Comparison::NotEqual => Some(true),
        _ => None,
    })
}

/// A truth as the server writes it.
fn spelled(value: &str) -> &str {
    match value {
        "true" => "t",
        "false" => "f",
        other => other,
    }
}

/// The comparison by the server, if both are of this type.
fn compared(
    client: &mut Client,
    kind: &str,
    actual: &str,
    comparison: Comparison,
    wanted: &str,
) -> Result<Option<bool>> {
    let operator = comparison.as_str();
    let sql = format!(
        "SELECT $1::pg_catalog.text::pg_catalog.{kind} OPERATOR(pg_catalog.{operator}) \
         $2::pg_catalog.text::pg_catalog.{kind}"
    );
    client.batch_execute("SAVEPOINT comparing")?;
    let text = postgres::types::Type::TEXT;
    match client.query_typed(&sql, &[(&actual, text.clone()), (&wanted, text)]) {
        Ok(rows) => match rows.first() {
            Some(row) => Ok(Some(row.try_get(0)?)),
            None => Ok(None),
        },
        Err(error) if error.as_db_error().is_some() => {
            client.batch_execute("ROLLBACK TO SAVEPOINT comparing")?;
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

impl Comparison {
    fn as_str(self) -> &'static str {
        let written = COMPARISONS.iter().find(|(_, known)| *known == self);
        written.map_or("=", |(text, _)| *text)
    }
}

impl Wanted {
    /// `>= 5`, `= 5` or just `5`. Quotes as SQL has them are taken off, NULL is the null.
    fn of(text: &str) -> Self {
        let text = text.trim();
        let known = COMPARISONS
            .iter()
            .find_map(|(sign, comparison)| Some((*comparison, text.strip_prefix(sign)?.trim())));
        let (comparison, value) = known.unwrap_or((Comparison::Equal, text));
        let quoted = value
            .strip_prefix('\'')
            .and_then(|value| value.strip_suffix('\''));
        let value = match quoted {
            Some(value) => Some(value.replace("''", "'")),
            None if value.eq_ignore_ascii_case("null") => None,
            None => Some(value.to_string()),
        };
        Self::Value(comparison, value)
    }
}

impl std::fmt::Display for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoRows => f.write_str("no rows"),
            Self::Value(Comparison::Equal, value) => f.write_str(&shown(value.as_deref())),
            Self::Value(comparison, value) => {
                write!(f, "{} {}", comparison.as_str(), shown(value.as_deref()))
            }
        }
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn of(text: &str) -> (String, String) {
        let expectation = Expectation::of_flag(text).unwrap();
        (expectation.sql, expectation.wanted.to_string())
    }

    #[test]
    fn the_value_stands_behind_the_last_sign() {
        let cases = [
            ("select 1=1", "select 1", "1"),
            (
                "select count(*) from t where a = 5 = 7",
                "select count(*) from t where a = 5",
                "7",
            ),
            (
                "select count(*) from t >= 100",
                "select count(*) from t",
                ">= 100",
            ),
            (
                "select a from t where b <> 'x=y' = 'p=q'",
                "select a from t where b <> 'x=y'",
                "p=q",
            ),
            ("select a from t = NULL", "select a from t", "NULL"),
            ("select a from t != 'it''s'", "select a from t", "<> it's"),
            ("select a from t =", "select a from t", ""),
        ];
        for (text, sql, wanted) in cases {
            assert_eq!(of(text), (sql.to_string(), wanted.to_string()), "{text}");
        }
        for text in ["select 1", "= 5", "select 'a=b'"] {
            assert!(Expectation::of_flag(text).is_err(), "{text}");
        }
    }
}
