//! What a dump says of the database itself.

use std::collections::BTreeSet;

use crate::dump::{quote_identifier, spans};

use super::{Object, Schema};

impl Schema {
    /// Whether nothing is defined but, maybe, the database itself.
    pub fn is_of_database_alone(&self) -> bool {
        self.objects.keys().all(of_database)
    }

    /// Takes out what is said of the database itself, which the restore does not create.
    pub fn take_database(&mut self) -> Self {
        let objects = std::mem::take(&mut self.objects).into_iter();
        let (own, others) = objects.partition(|(object, _)| of_database(object));
        self.objects = others;
        Self {
            objects: own,
            has_owners: self.has_owners,
            quotes_all: self.quotes_all,
            ..Self::default()
        }
    }

    /// The same said of a database of another name, without what creates it.
    pub fn of_database(&self, name: &str) -> Self {
        let mut renamed = Self {
            quotes_all: self.quotes_all,
            ..Self::default()
        };
        for (object, statements) in &self.objects {
            let object = Object {
                kind: object.kind.clone(),
                schema: "-".to_string(),
                name: String::new(),
            };
            let kept = statements
                .iter()
                .filter(|sql| !sql.starts_with("CREATE DATABASE "));
            let kept: Vec<String> = kept.map(|sql| with_database(sql, name)).collect();
            if !kept.is_empty() {
                renamed.objects.entry(object).or_default().extend(kept);
            }
        }
        renamed
    }

    /// The search path that it has for whoever comes, as SQL.
    pub fn search_path(&self) -> Option<&str> {
        let of_all = |sql: &&str| sql.starts_with("ALTER DATABASE ");
        let mut statements = self.all_statements().map(|(_, sql)| sql).filter(of_all);
        let set = statements.find_map(|sql| sql.rsplit_once(" SET search_path TO "));
        set.map(|(_, path)| path.trim_end().trim_end_matches(';'))
    }

    /// What is said of the database itself, its creation included.
    pub fn statements_of_database(&self) -> impl Iterator<Item = &str> {
        let own = self
            .objects
            .iter()
            .filter(|(object, _)| of_database(object));
        own.flat_map(|(_, statements)| statements.iter().map(String::as_str))
    }

    /// Every statement, with what it stands under.
    pub fn all_statements(&self) -> impl Iterator<Item = (String, &str)> {
        self.objects.iter().flat_map(|(object, statements)| {
            let statements = statements.iter();
            statements.map(|sql| (object.label().trim_end().to_string(), sql.as_str()))
        })
    }

    /// Forgets some statements.
    pub fn forget(&mut self, gone: &BTreeSet<String>) {
        self.objects.retain(|_, statements| {
            statements.retain(|sql| !gone.contains(sql));
            !statements.is_empty()
        });
    }
}

fn of_database(object: &Object) -> bool {
    object.kind.starts_with("DATABASE") || object.name.starts_with("DATABASE ")
}

/// A statement about a database, about the one of this name.
fn with_database(statement: &str, name: &str) -> String {
    let spans: Vec<_> = spans(statement.as_bytes()).collect();
    // A role can be called so, too.
    let keyword = spans.windows(2).position(|pair| {
        let before = ["alter", "on", "in"];
        before.iter().any(|word| pair[0].0.is(word)) && pair[1].0.is("database")
    });
    let place = keyword.and_then(|place| spans.get(place + 2));
    match place {
        Some((_, place)) => format!(
            "{}{}{}",
            &statement[..place.start],
            quote_identifier(name),
            &statement[place.end..]
        ),
        None => statement.to_string(),
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_database_of_another_name() {
        for (statement, expected) in [
            (
                "ALTER DATABASE \"a b\" SET x TO 'ON DATABASE y';",
                "ALTER DATABASE \"n\" SET x TO 'ON DATABASE y';",
            ),
            (
                "ALTER ROLE database IN DATABASE database SET x TO 'y';",
                "ALTER ROLE database IN DATABASE \"n\" SET x TO 'y';",
            ),
            (
                "GRANT ALL ON DATABASE app TO database;",
                "GRANT ALL ON DATABASE \"n\" TO database;",
            ),
        ] {
            assert_eq!(with_database(statement, "n"), expected);
        }
    }
}
