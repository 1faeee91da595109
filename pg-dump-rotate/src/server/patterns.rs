//! The patterns of `-t` and its kin, understood as pg_dump understands them.
//!
//! pg_dump is silent about a pattern that matches nothing as long as another one matches
//! something, and always about those that exclude. Then a table that somebody counts on is
//! missing, or one that must not leave the server is there.

use postgres::types::Type;
use shared::connection::Session;
use shared::dump::pattern_regexes;
use shared::{Context, Error, Result};

use super::selection::{Given, Selection, Use};

const MATCHES: &str = include_str!("../../sql/matches.sql");

/// What the patterns of a dump mean in this database; `None` where there is none of that kind.
#[derive(Debug, Default)]
pub struct Matched {
    pub tables: Option<Vec<u32>>,
    pub not_tables: Vec<u32>,
    pub schemas: Option<Vec<u32>>,
    pub not_schemas: Vec<u32>,
    pub not_rows: Vec<u32>,
    /// Exclusions with wildcards that match nothing, which may be as it should.
    pub idle: Vec<String>,
}

/// Looks the patterns up. One that matches nothing is an error, which names them all; unless it
/// excludes, and has wildcards: those are for what comes and goes.
pub fn resolve(session: &mut Session, selection: &Selection) -> Result<Matched> {
    let given = &selection.patterns;
    if given.is_empty() {
        return Ok(Matched::default());
    }
    let found = look_up(session, given)?;
    let mut matched = Matched::default();
    let mut typos = Vec::new();
    for (pattern, oids) in given.iter().zip(found) {
        if oids.is_empty() {
            let excludes = !matches!(pattern.purpose, Use::Table | Use::Schema);
            match excludes && has_wildcards(&pattern.pattern) {
                true => matched.idle.push(words(pattern)),
                false => typos.push(words(pattern)),
            }
        }
        matched.add(pattern.purpose, oids);
    }
    match typos.is_empty() {
        true => Ok(matched),
        false => Err(unmatched(session, &typos)),
    }
}

impl Matched {
    fn add(&mut self, purpose: Use, oids: Vec<u32>) {
        match purpose {
            Use::Table => self.tables.get_or_insert_default().extend(oids),
            Use::Schema => self.schemas.get_or_insert_default().extend(oids),
            Use::NotTable => self.not_tables.extend(oids),
            Use::NotSchema => self.not_schemas.extend(oids),
            Use::NotRows => self.not_rows.extend(oids),
        }
    }
}

fn words(given: &Given) -> String {
    match given.option.starts_with("--") {
        true => format!("{}={}", given.option, given.pattern),
        false => format!("{} {}", given.option, given.pattern),
    }
}

fn unmatched(session: &Session, typos: &[String]) -> Error {
    Error::new(format!(
        "nothing in the database {} matches {}",
        session.database(),
        typos.join(", ")
    ))
    .with_hint(
        "letters outside double quotes are taken as lower case, and a table without a schema is \
         only looked for in the search_path: 'sales.\"Orders\"'",
    )
}

/// What each pattern matches, in their order.
fn look_up(session: &mut Session, given: &[Given]) -> Result<Vec<Vec<u32>>> {
    let parts: Vec<_> = given.iter().map(parts).collect();
    let of_schemas: Vec<bool> = given
        .iter()
        .map(|given| matches!(given.purpose, Use::Schema | Use::NotSchema))
        .collect();
    let schemas: Vec<_> = parts.iter().map(|parts| parts.schema.as_deref()).collect();
    let names: Vec<_> = parts.iter().map(|parts| parts.name.as_deref()).collect();
    let children: Vec<_> = given.iter().map(|given| given.with_children).collect();
    session.client().batch_execute("RESET search_path")?;
    let rows = session.client().query_typed(
        MATCHES,
        &[
            (&of_schemas, Type::BOOL_ARRAY),
            (&schemas, Type::TEXT_ARRAY),
            (&names, Type::TEXT_ARRAY),
            (&children, Type::BOOL_ARRAY),
        ],
    );
    session.client().batch_execute("SET search_path = ''")?;
    let all: Vec<_> = given.iter().map(words).collect();
    let rows = rows.context(|| format!("could not look up {}", all.join(", ")))?;
    let mut found = vec![Vec::new(); given.len()];
    for row in rows {
        let number: i64 = row.try_get(0)?;
        let index = usize::try_from(number - 1).unwrap_or(usize::MAX);
        if let Some(oids) = found.get_mut(index) {
            oids.push(row.try_get(1)?);
        }
    }
    Ok(found)
}

/// What a name has to match; `None` is anything, or for a table's schema: the search path.
#[derive(Debug, PartialEq, Eq)]
struct Parts {
    schema: Option<String>,
    name: Option<String>,
}

/// pg_dump takes as many dots for separators as the name has parts: `database.schema.table`,
/// `database.schema`; whether the database is this one it checks itself.
fn parts(given: &Given) -> Parts {
    let of_schema = matches!(given.purpose, Use::Schema | Use::NotSchema);
    let mut parts = pattern_regexes(&given.pattern, if of_schema { 2 } else { 3 });
    let name = parts.pop().filter(|name| name != "^(.*)$");
    Parts {
        schema: parts.pop().filter(|_| !of_schema),
        name,
    }
}

/// Whether a pattern can mean more than one name.
fn has_wildcards(pattern: &str) -> bool {
    let mut quoted = false;
    pattern.chars().any(|c| {
        quoted ^= c == '"';
        !quoted && "*?|+()[]{}^\\".contains(c)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_be_anything_or_in_the_search_path() {
        let given = |purpose, pattern: &str| Given {
            purpose,
            option: "-t".into(),
            pattern: pattern.into(),
            with_children: false,
        };
        let of = |purpose, pattern| parts(&given(purpose, pattern));
        let both = |schema: Option<&str>, name: Option<&str>| Parts {
            schema: schema.map(str::to_string),
            name: name.map(str::to_string),
        };
        assert_eq!(of(Use::Table, "*"), both(None, None));
        assert_eq!(of(Use::Table, "s.*"), both(Some("^(s)$"), None));
        assert_eq!(of(Use::Table, "*.t"), both(Some("^(.*)$"), Some("^(t)$")));
        assert_eq!(of(Use::Schema, "db.s"), both(None, Some("^(s)$")));
    }

    #[test]
    fn wildcards_inside_quotes_are_letters() {
        assert!(has_wildcards("tmp_*"));
        assert!(has_wildcards("\"Tmp\"?"));
        assert!(!has_wildcards("\"tmp_*\""));
        assert!(!has_wildcards("sales.orders"));
    }
}
