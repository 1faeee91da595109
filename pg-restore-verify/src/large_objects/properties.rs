//! Whose the large objects are, who may use them, and what is said of them.
//!
//! No dump without their bytes has that of every version, so what the backup says is followed
//! statement by statement and compared with the catalog.

use std::collections::{BTreeMap, BTreeSet};

use postgres::fallible_iterator::FallibleIterator;
use postgres::types::Type;
use postgres::{Client, Row};
use shared::Result;
use shared::dump::{Token, tokens};

/// What a backup says of one large object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Properties {
    owner: Option<String>,
    comment: Option<String>,
    rights: Vec<Right>,
}

/// A right that is given or taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Right {
    given: bool,
    /// Only the right to hand it on is taken away.
    only_option: bool,
    privileges: BTreeSet<&'static str>,
    roles: Vec<String>,
    with_option: bool,
}

/// Large objects by their number.
pub type Described = BTreeMap<u32, Properties>;

/// What large objects can be used for.
const PRIVILEGES: [&str; 2] = ["SELECT", "UPDATE"];

/// What can stand in front of `LARGE OBJECT`.
const VERBS: [&str; 4] = ["ALTER ", "GRANT ", "REVOKE ", "COMMENT ON "];

/// Notes what a statement says of a large object, if it is about one.
pub fn read(statement: &str, described: &mut Described) {
    if VERBS.iter().any(|verb| statement.starts_with(verb)) && statement.contains("LARGE OBJECT ") {
        note(&tokens(statement.as_bytes()), described);
    }
}

fn note(tokens: &[Token<'_>], described: &mut Described) -> Option<()> {
    let place = tokens
        .windows(2)
        .position(|pair| pair[0].is("large") && pair[1].is("object"))?;
    let (before, after) = (&tokens[..place], tokens.get(place + 3..)?);
    let oid = tokens.get(place + 2)?.identifier()?.parse().ok()?;
    let (first, next) = (before.first()?, after.first()?);
    let properties = described.entry(oid).or_default();
    if first.is("alter") && next.is("owner") {
        properties.owner = after.get(2)?.identifier();
    } else if first.is("comment") && next.is("is") {
        properties.comment = match after.get(1)? {
            Token::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
            _ => None,
        };
    } else if (first.is("grant") && next.is("to")) || (first.is("revoke") && next.is("from")) {
        properties.rights.push(Right::parse(before, after));
    }
    Some(())
}

impl Right {
    /// Of `GRANT SELECT ON`, and of `TO a, b WITH GRANT OPTION`.
    fn parse(before: &[Token<'_>], after: &[Token<'_>]) -> Self {
        let all = before.iter().any(|token| token.is("all"));
        let named = |name: &&str| before.iter().any(|token| token.is(&name.to_lowercase()));
        let privileges = PRIVILEGES.into_iter();
        let is_comma = |token: &&Token<'_>| **token == Token::Symbol(b',');
        let others = after.iter().skip(2).step_by(2);
        let others = others.take_while(is_comma).count();
        let roles = after.iter().skip(1).step_by(2).take(1 + others);
        Self {
            given: before.first().is_some_and(|token| token.is("grant")),
            only_option: before.get(1).is_some_and(|token| token.is("grant")),
            privileges: privileges.filter(|name| all || named(name)).collect(),
            roles: roles.filter_map(Token::identifier).collect(),
            with_option: after
                .windows(2)
                .any(|pair| pair[0].is("with") && pair[1].is("grant")),
        }
    }
}

/// What is known of one, in words that can be compared.
pub type Words = BTreeSet<String>;

impl Properties {
    /// In words; where the backup does not say whose it is, it is its restorer's.
    fn words(&self, owner: &str) -> Words {
        let owner = self.owner.as_deref().unwrap_or(owner);
        let mut rights: BTreeMap<(&str, &str), bool> = PRIVILEGES
            .into_iter()
            .map(|privilege| ((owner, privilege), false))
            .collect();
        for right in &self.rights {
            for role in &right.roles {
                for privilege in &right.privileges {
                    let key = (role.as_str(), *privilege);
                    match (right.given, right.only_option) {
                        (true, _) => *rights.entry(key).or_default() |= right.with_option,
                        (false, false) => {
                            rights.remove(&key);
                        }
                        (false, true) => {
                            rights.entry(key).and_modify(|may| *may = false);
                        }
                    }
                }
            }
        }
        let rights = rights.into_iter();
        let rights =
            rights.map(|((role, privilege), option)| right_in_words(role, privilege, option));
        let others = [
            Some(format!("owner {owner}")),
            self.comment.as_deref().map(comment_in_words),
        ];
        rights.chain(others.into_iter().flatten()).collect()
    }
}

fn right_in_words(role: &str, privilege: &str, option: bool) -> String {
    let option = if option { " with grant option" } else { "" };
    format!("{privilege} for {role}{option}")
}

fn comment_in_words(comment: &str) -> String {
    format!("comment {comment}")
}

/// One in the database.
struct Restored {
    oid: u32,
    owner: String,
    words: Words,
}

impl Restored {
    fn of(row: &Row) -> Result<Self> {
        let owner: String = row.try_get(1)?;
        let comment: Option<String> = row.try_get(2)?;
        let mut words = Words::from([format!("owner {owner}")]);
        words.extend(comment.as_deref().map(comment_in_words));
        Ok(Self {
            oid: row.try_get(0)?,
            owner,
            words,
        })
    }

    fn add_right(&mut self, row: &Row) -> Result<()> {
        if let Some(role) = row.try_get::<_, Option<String>>(3)? {
            let right = right_in_words(&role, row.try_get(4)?, row.try_get(5)?);
            self.words.insert(right);
        }
        Ok(())
    }

    /// What only the backup says of it, and what only the database does.
    fn difference(&self, described: &Described) -> Option<(u32, String, String)> {
        let nothing = Properties::default();
        let said = described.get(&self.oid).unwrap_or(&nothing);
        let (expected, actual) = (said.words(&self.owner), &self.words);
        let only = |one: &Words, other: &Words| {
            let words: Vec<&str> = one.difference(other).map(String::as_str).collect();
            words.join("; ")
        };
        let differ = expected != *actual;
        differ.then(|| (self.oid, only(&expected, actual), only(actual, &expected)))
    }
}

/// The restored large objects that are not described as in the backup, with what only the backup
/// says, and what only the database does. There may be millions: no more than one is held.
pub fn differences(
    client: &mut Client,
    described: &Described,
) -> Result<Vec<(u32, String, String)>> {
    let properties = include_str!("../../sql/large_object_properties.sql");
    let mut rows = client.query_typed_raw(properties, Vec::<(String, Type)>::new())?;
    let mut differences = Vec::new();
    let mut current: Option<Restored> = None;
    while let Some(row) = rows.next()? {
        let oid: u32 = row.try_get(0)?;
        if current.as_ref().is_none_or(|current| current.oid != oid) {
            let last = current.replace(Restored::of(&row)?);
            differences.extend(last.and_then(|last| last.difference(described)));
        }
        if let Some(current) = &mut current {
            current.add_right(&row)?;
        }
    }
    differences.extend(current.and_then(|last| last.difference(described)));
    Ok(differences)
}

#[cfg(test)]
mod test {
    use super::*;

    fn words(statements: &[&str]) -> Vec<String> {
        let mut described = Described::new();
        for statement in statements {
            read(statement, &mut described);
        }
        described[&5].words("me").into_iter().collect()
    }

    #[test]
    fn what_statements_say() {
        let owner = "ALTER LARGE OBJECT 5 OWNER TO \"A b\";";
        assert_eq!(
            words(&[owner, "COMMENT ON LARGE OBJECT 5 IS 'it''s';"]),
            [
                "SELECT for A b",
                "UPDATE for A b",
                "comment it's",
                "owner A b"
            ]
        );
        assert_eq!(
            words(&[
                "REVOKE ALL ON LARGE OBJECT 5 FROM me;",
                "GRANT SELECT ON LARGE OBJECT 5 TO PUBLIC;",
                "GRANT ALL ON LARGE OBJECT 5 TO b WITH GRANT OPTION;",
                "REVOKE GRANT OPTION FOR UPDATE ON LARGE OBJECT 5 FROM b;",
            ]),
            [
                "SELECT for b with grant option",
                "SELECT for public",
                "UPDATE for b",
                "owner me"
            ]
        );
    }

    #[test]
    fn statements_about_others() {
        let mut described = Described::new();
        read("COMMENT ON TABLE t IS 'LARGE OBJECT 5 IS';", &mut described);
        read("GRANT SELECT ON TABLE t TO a;", &mut described);
        assert_eq!(described, Described::new());
    }
}
