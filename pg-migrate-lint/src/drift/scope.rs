//! What of a database is compared with what migrations make.

use std::cell::Cell;
use std::collections::BTreeSet;

use shared::dump::{Object, QualifiedName, Schema, Token, subject, tokens};

/// What is left out.
#[derive(Debug, Default)]
pub struct Scope {
    /// Histories of frameworks.
    pub tables: Vec<(String, String)>,
    /// Schemas that frameworks have for themselves.
    pub schemas: Vec<String>,
    /// What the user knows of.
    pub ignored: Vec<Pattern>,
}

/// What the user names to have it left out.
#[derive(Debug)]
pub struct Pattern {
    words: String,
    /// Whether anything was left out because of it.
    has_fitted: Cell<bool>,
}

impl From<String> for Pattern {
    fn from(words: String) -> Self {
        Self {
            words,
            has_fitted: Cell::new(false),
        }
    }
}

impl Pattern {
    fn fits(&self, name: &str) -> bool {
        let fits = fits(self.words.as_bytes(), name.as_bytes());
        self.has_fitted.set(fits || self.has_fitted.get());
        fits
    }
}

impl Scope {
    /// Takes out what is not compared.
    pub fn limit(&self, schema: &mut Schema) {
        let sequences: BTreeSet<QualifiedName> = schema
            .statements("SEQUENCE OWNED BY")
            .filter_map(|statement| self.owned(statement))
            .collect();
        schema.retain(|object, statements| {
            let about = statements.iter().find_map(|statement| subject(statement));
            let is_of_sequence = about.as_ref().is_some_and(|name| sequences.contains(name));
            let is_of_history = about.as_ref().is_some_and(|name| self.has(name));
            let name = object.name.strip_prefix("SCHEMA ").unwrap_or(&object.name);
            let schema = match object.schema.as_str() {
                "-" | "" => name,
                schema => schema,
            };
            let is_of_own_schema = self.schemas.iter().any(|own| own == schema);
            let is_ignored = self.is_ignored(|pattern| ignores(pattern, object, about.as_ref()));
            !(is_of_sequence || is_of_history || is_of_own_schema || is_ignored)
        });
    }

    /// The patterns that nothing was left out for.
    pub fn unfitting(&self) -> impl Iterator<Item = &str> {
        let unfitting = self.ignored.iter().filter(|one| !one.has_fitted.get());
        unfitting.map(|one| one.words.as_str())
    }

    /// Each pattern is asked, so that each knows of what it fits.
    fn is_ignored(&self, fits: impl Fn(&Pattern) -> bool) -> bool {
        self.ignored.iter().filter(|pattern| fits(pattern)).count() > 0
    }

    fn has(&self, name: &QualifiedName) -> bool {
        let own = |(schema, table): &(String, String)| {
            name.schema.as_ref() == Some(schema) && name.name == *table
        };
        self.tables.iter().any(own)
    }

    /// The sequence, where it belongs to a table that is left out.
    fn owned(&self, statement: &str) -> Option<QualifiedName> {
        let tokens = tokens(statement.as_bytes());
        let place = tokens.iter().position(|token| token.is("by"))?;
        let [schema, Token::Symbol(b'.'), table] = tokens.get(place + 1..place + 4)? else {
            return None;
        };
        let table = QualifiedName {
            schema: Some(schema.identifier()?),
            name: table.identifier()?,
        };
        let schema = table.schema.clone().unwrap_or_default();
        let names = [format!("{schema}.{}", table.name), table.name.clone()];
        let is_ignored = self.is_ignored(|pattern| names.iter().any(|name| pattern.fits(name)));
        (is_ignored || self.has(&table))
            .then(|| subject(statement))
            .flatten()
    }
}

/// Whether a pattern is of the object, or of the table that it belongs to: by kind and name (`INDEX app.i`), by name
/// with the schema or without. `*` stands for any letters, `?` for one.
fn ignores(pattern: &Pattern, object: &Object, about: Option<&QualifiedName>) -> bool {
    let label = object.label();
    let label = label.trim_end();
    let bare = label
        .strip_prefix(&object.kind)
        .unwrap_or(label)
        .trim_start();
    let table = about.map(|name| {
        let schema = name.schema.clone().unwrap_or_default();
        (format!("{schema}.{}", name.name), name.name.clone())
    });
    let names = [label, bare, object.name.as_str()]
        .into_iter()
        .map(str::to_string);
    let table = table.into_iter().flat_map(|(whole, name)| [whole, name]);
    let mut names = names.chain(table);
    names.any(|name| pattern.fits(&name))
}

fn fits(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => {
            fits(rest, name)
                || name
                    .split_first()
                    .is_some_and(|(_, name)| fits(pattern, name))
        }
        (Some((b'?', pattern)), Some((_, name))) => fits(pattern, name),
        (Some((one, pattern)), Some((other, name))) => one == other && fits(pattern, name),
        _ => false,
    }
}

/// Takes out extensions that only the server has, and names them: whoever runs it puts them there. So what is said of
/// them.
pub fn without_foreign_extensions(live: &mut Schema, built: &Schema) -> Vec<String> {
    let of = |object: &Object| match object.kind.as_str() {
        "EXTENSION" => Some(object.name.clone()),
        "COMMENT" => {
            let name = object.name.strip_prefix("EXTENSION ")?;
            tokens(name.as_bytes()).first()?.identifier()
        }
        _ => None,
    };
    let made: BTreeSet<&str> = built
        .objects()
        .filter(|(kind, ..)| *kind == "EXTENSION")
        .map(|(_, _, name)| name)
        .collect();
    let is_foreign = |name: &String| !made.contains(name.as_str());
    let there = live.objects().filter(|(kind, ..)| *kind == "EXTENSION");
    let foreign = there.map(|(_, _, name)| name.to_string());
    let foreign: Vec<String> = foreign.filter(is_foreign).collect();
    live.retain(|object, _| of(object).is_none_or(|name| !is_foreign(&name)));
    foreign
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_of_objects_and_of_their_tables() {
        let index = Object {
            kind: "INDEX".to_string(),
            schema: "app".to_string(),
            name: "by_town".to_string(),
        };
        let table = subject("CREATE INDEX by_town ON app.shop USING btree (town);");
        for pattern in [
            "INDEX app.by_town",
            "app.by_town",
            "by_*",
            "app.shop",
            "sho?",
            "app.*",
            "INDEX *",
        ] {
            let pattern = Pattern::from(pattern.to_string());
            assert!(ignores(&pattern, &index, table.as_ref()), "{pattern:?}");
        }
        for pattern in ["TABLE *", "by", "app", "public.*", "shop?", ""] {
            let pattern = Pattern::from(pattern.to_string());
            assert!(!ignores(&pattern, &index, table.as_ref()), "{pattern:?}");
        }
    }
}
