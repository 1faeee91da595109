//! SQL that the server does not know yet.

mod features;

use serde_json::Value;

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::name::Name;
use features::{FEATURES, FUNCTIONS, SETTINGS};

pub static RULE: Rule = Rule {
    name: "newer-than-server",
    group: Group::Correctness,
    severity: Severity::Error,
    summary: "syntax, a function or a setting that only a later PostgreSQL knows than --pg-version says",
    explanation: "The migration is read by the grammar of PostgreSQL 18. What an older server does not know is a syntax \
        error there, or a function, type or parameter that does not exist, and the migration fails: on production \
        alone, where development has the newer one.\n\n\
        Write it as the older one knows it, or upgrade first. Of functions it is said only where no migration makes \
        one of that name; one that an extension brings, or that was there before, is not known here.",
    versions: "13 to 17, by --pg-version; nothing is newer than 18",
    bad: &[
        Example::new("MERGE INTO users USING fresh ON users.id = fresh.id WHEN MATCHED THEN DELETE;").on(14),
        Example::new("ALTER TABLE users ADD CONSTRAINT named NOT NULL name NOT VALID;").on(17),
        Example::new("CREATE TABLE users (n int, twice int GENERATED ALWAYS AS (n * 2) VIRTUAL);").on(17),
        Example::new("CREATE TABLE users (id uuid DEFAULT uuidv7());").on(17),
        Example::new("SET transaction_timeout = '5s';").on(16),
    ],
    good: &[
        Example::new("MERGE INTO users USING fresh ON users.id = fresh.id WHEN MATCHED THEN DELETE;").on(15),
        Example::new("CREATE TABLE users (id uuid DEFAULT uuidv7());").after("CREATE FUNCTION uuidv7() RETURNS uuid LANGUAGE sql AS 'SELECT gen_random_uuid()';").on(17),
        Example::new("CREATE TABLE users (id uuid DEFAULT uuidv7());"),
        Example::new("CREATE DOMAIN years AS int CHECK (VALUE > 0); ALTER DOMAIN years ADD CHECK (VALUE < 200); CREATE TABLE users (age int CHECK (age > 0), CHECK (age < 200), boss int REFERENCES users);").on(13),
    ],
    check,
};

/// Longer ones bring rows, which every version knows.
const LONGEST: usize = 1 << 16;

fn check(look: &Look, found: &mut Vec<Finding>) {
    const NEWEST: u32 = 18;
    // A block may ask for the version before.
    if look.server.version >= NEWEST || look.place > 0 || look.is_nested || look.text.len() > LONGEST {
        return;
    }
    for (what, since) in newer(look.text, look.server.version) {
        let message = format!("{what} is known to PostgreSQL {since} and later: {} refuses it", look.server.version);
        found.push(look.finding(&RULE, message).on(what));
    }
    let functions = functions(look.text, look.server.version);
    for (name, since) in functions.into_iter().filter(|(name, _)| look.catalogue.function(&Name::bare(*name)).is_none()) {
        let message = format!("the function {name} is known to PostgreSQL {since} and later: {} refuses it, unless you have made one of that name", look.server.version);
        found.push(look.finding(&RULE, message).on(name));
    }
}

/// The tree as JSON, if one of the words is in the text.
fn tree(text: &str, mut words: impl Iterator<Item = &'static str>) -> Option<Value> {
    let lower = text.to_ascii_lowercase();
    if !words.any(|word| memchr::memmem::find(lower.as_bytes(), word.as_bytes()).is_some()) {
        return None;
    }
    let parsed = pg_query::parse(text, 0).ok()?;
    serde_json::to_value(&parsed.protobuf).ok()
}

/// What of the statement this version does not know, and which does.
fn newer(text: &str, version: u32) -> Vec<(&'static str, u32)> {
    let mut later = FEATURES.iter().filter(|feature| feature.since > version).peekable();
    let words = FEATURES.iter().filter(|feature| feature.since > version).flat_map(|feature| feature.words);
    let Some(tree) = later.peek().and_then(|_| tree(text, words.copied().chain(SETTINGS.iter().map(|(name, _)| *name)))) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for feature in later {
        if any(&tree, &mut |name, node| (feature.is)(name, node)) {
            found.push((feature.what, feature.since));
        }
    }
    for (setting, since) in SETTINGS.iter().filter(|(_, since)| *since > version) {
        if any(&tree, &mut |name, node| name == "VariableSetStmt" && features::text(node, "name").eq_ignore_ascii_case(setting)) {
            found.push((setting, *since));
        }
    }
    found
}

/// The functions of the statement that this version does not know.
fn functions(text: &str, version: u32) -> Vec<(&'static str, u32)> {
    let later = FUNCTIONS.iter().filter(|(_, since)| *since > version);
    let Some(tree) = tree(text, later.clone().map(|(name, _)| *name)) else {
        return Vec::new();
    };
    let calls = |wanted: &str| any(&tree, &mut |name, node| name == "FuncCall" && features::last_word(node, "funcname") == Some(wanted));
    later.filter(|(name, _)| calls(name)).copied().collect()
}

/// Whether it holds for any message of the tree, each with the name of its node or field.
pub fn any(value: &Value, is: &mut dyn FnMut(&str, &Value) -> bool) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(name, inner)| inner.is_object() && is(name, inner) || any(inner, is)),
        Value::Array(items) => items.iter().any(|item| any(item, is)),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
