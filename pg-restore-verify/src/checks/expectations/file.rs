//! A file of checks: queries that psql would run as well, each below comments that say what it is
//! called and what it must answer.
//!
//! ```sql
//! -- check: enough users
//! -- expect: >= 1000
//! SELECT count(*) FROM users;
//!
//! -- check: every order has a customer
//! SELECT id FROM orders WHERE customer IS NULL;
//! ```

use std::fs;
use std::path::Path;

use shared::dump::{Token, spans};
use shared::{Context, Error, Result};

use super::{Expectation, Wanted};

const NAME: &str = "check:";
const WANTED: &str = "expect:";

/// Reads a file.
pub fn read(path: &Path) -> Result<Vec<Expectation>> {
    let named = || format!("--checks {}", path.display());
    let text = fs::read_to_string(path).context(named)?;
    let checks = parse(&text)
        .map_err(|(line, problem)| Error::usage(format!("{}, line {line}: {problem}", named())))?;
    match checks.is_empty() {
        true => Err(Error::usage(format!("{}: it holds no query", named()))),
        false => Ok(checks),
    }
}

/// The checks in the text, or in which line something makes no sense.
fn parse(text: &str) -> std::result::Result<Vec<Expectation>, (usize, String)> {
    let mut checks = Vec::new();
    let mut begin = 0;
    let mut first: Option<usize> = None;
    for (token, place) in spans(text.as_bytes()) {
        if token != Token::Symbol(b';') {
            first.get_or_insert(place.start);
            continue;
        }
        if let Some(first) = first.take() {
            checks.push(check(text, begin, first, place.start)?);
        }
        begin = place.end;
    }
    match first {
        Some(first) => checks.push(check(text, begin, first, text.len())?),
        None => no_headers(text, begin, text.len(), "no query follows")?,
    }
    Ok(checks)
}

/// The check whose comments begin at `begin`, and its query at `first`.
fn check(
    text: &str,
    begin: usize,
    first: usize,
    end: usize,
) -> std::result::Result<Expectation, (usize, String)> {
    if text[first..].starts_with('\\') {
        let problem = "commands of psql are not known here: only queries are";
        return Err((line_of(text, first), problem.to_string()));
    }
    no_headers(text, first, end, "it has to stand above its query")?;
    let mut name = None;
    let mut wanted = None;
    let mut at = begin;
    for line in text[begin..first].split_inclusive('\n') {
        // What stands behind a query on its line is easily meant for that one.
        if begin > 0 && at == begin && header(line).is_some() {
            return Err((
                line_of(text, at),
                "it has to stand above its query".to_string(),
            ));
        }
        let slot = match header(line) {
            Some((key, value)) if key == NAME => Some((&mut name, value)),
            Some((_, value)) => Some((&mut wanted, value)),
            None => None,
        };
        if let Some((slot, value)) = slot
            && slot.replace(value.to_string()).is_some()
        {
            return Err((line_of(text, at), "said twice for one query".to_string()));
        }
        at += line.len();
    }
    let sql = text[first..end].trim();
    let unnamed = || sql.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(Expectation {
        name: name.unwrap_or_else(unnamed),
        sql: sql.to_string(),
        wanted: wanted.map_or(Wanted::NoRows, |wanted| Wanted::of(&wanted)),
    })
}

/// What a comment says, if it is one of ours.
fn header(line: &str) -> Option<(&'static str, &str)> {
    let comment = line.trim().strip_prefix("--")?.trim_start();
    [NAME, WANTED]
        .into_iter()
        .find_map(|key| Some((key, comment.strip_prefix(key)?.trim())))
}

fn no_headers(
    text: &str,
    begin: usize,
    end: usize,
    problem: &str,
) -> std::result::Result<(), (usize, String)> {
    let mut at = begin;
    for line in text[begin..end].split_inclusive('\n') {
        if header(line).is_some() {
            return Err((line_of(text, at), problem.to_string()));
        }
        at += line.len();
    }
    Ok(())
}

fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn queries_below_their_comments() {
        let checks = parse(
            "-- The checks of the shop.\n-- check: enough; and more\n-- expect: >= 5\n\
             SELECT count(*) -- of all\nFROM users;\n\n--expect: 'a;b'\nSELECT ';' || $$;$$;\n\
             ;\nSELECT 1\n  WHERE false",
        )
        .unwrap();
        let shown: Vec<_> = checks
            .iter()
            .map(|check| {
                (
                    check.name.as_str(),
                    check.sql.as_str(),
                    check.wanted.to_string(),
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                (
                    "enough; and more",
                    "SELECT count(*) -- of all\nFROM users",
                    ">= 5".to_string()
                ),
                (
                    "SELECT ';' || $$;$$",
                    "SELECT ';' || $$;$$",
                    "a;b".to_string()
                ),
                (
                    "SELECT 1 WHERE false",
                    "SELECT 1\n  WHERE false",
                    "no rows".to_string()
                ),
            ]
        );
    }

    #[test]
    fn what_could_be_misread_is_refused() {
        for (text, line) in [
            ("SELECT 1; -- expect: 1\nSELECT 2;", 1),
            ("SELECT 1\n-- expect: 1\n;", 2),
            ("SELECT 1;\n\n-- expect: 1\n", 3),
            ("-- expect: 1\n-- expect: 2\nSELECT 1;", 2),
        ] {
            assert_eq!(parse(text).unwrap_err().0, line, "{text}");
        }
    }
}
