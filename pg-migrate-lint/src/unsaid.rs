//! What pg_dump does not say of definitions: indexes that no query uses, triggers of constraints that are disabled,
//! versions of extensions.

use std::collections::BTreeMap;

use postgres::Client;
use shared::Result;
use shared::dump::{Entry, Schema};

const EXTENSION: &str = "EXTENSION";

/// Of one database.
#[derive(Debug, Default)]
pub struct Unsaid(Vec<Fact>);

#[derive(Debug)]
struct Fact {
    entry: Entry,
    /// What pg_dump would say.
    statement: Option<String>,
    /// What nothing says.
    state: String,
    /// Whether it is what the server chooses where nobody says which.
    is_usual: bool,
}

impl Unsaid {
    /// Reads it.
    ///
    /// # Errors
    /// Where the server can't be asked.
    pub fn of(client: &mut Client) -> Result<Self> {
        let rows = client.query_typed(include_str!("../sql/unsaid.sql"), &[])?;
        let facts = rows.iter().map(|row| {
            Ok(Fact {
                entry: Entry {
                    kind: row.try_get("kind")?,
                    schema: row.try_get("schema")?,
                    name: row.try_get("name")?,
                    owner: String::new(),
                },
                statement: row.try_get("statement")?,
                state: row.try_get("state")?,
                is_usual: row.try_get("is_usual")?,
            })
        });
        facts.collect::<Result<_>>().map(Self)
    }

    /// Adds it to the definitions of its database.
    pub fn add(self, schema: &mut Schema) {
        for fact in self.0 {
            let all = fact.statement.iter().chain([&fact.state]);
            all.for_each(|words| schema.add(&fact.entry, words));
        }
    }

    /// Forgets the versions of extensions that are not the same on two servers because neither was told which: that of
    /// each is what its server installs. Names them.
    pub fn forget_usual_versions(&mut self, other: &mut Self) -> Vec<String> {
        let usual = |all: &Self| -> BTreeMap<String, String> {
            let usual = all.0.iter().filter(|fact| fact.is_usual);
            usual
                .map(|fact| (fact.entry.name.clone(), fact.state.clone()))
                .collect()
        };
        let (own, others) = (usual(self), usual(other));
        let is_other = |name: &String| own.get(name) != others.get(name);
        let both = own.keys().filter(|name| others.contains_key(*name));
        let forgotten: Vec<String> = both.filter(|name| is_other(name)).cloned().collect();
        for all in [self, other] {
            let is_it =
                |fact: &Fact| fact.entry.kind == EXTENSION && forgotten.contains(&fact.entry.name);
            all.0.retain(|fact| !is_it(fact));
        }
        forgotten
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(all: &[(&str, &str, bool)]) -> Unsaid {
        let fact = |(name, state, is_usual): &(&str, &str, bool)| Fact {
            entry: Entry {
                kind: EXTENSION.to_string(),
                schema: "-".to_string(),
                name: (*name).to_string(),
                owner: String::new(),
            },
            statement: None,
            state: (*state).to_string(),
            is_usual: *is_usual,
        };
        Unsaid(all.iter().map(fact).collect())
    }

    #[test]
    fn versions_that_nobody_chose_are_no_difference() {
        let mut own = versions(&[
            ("both", "1", true),
            ("chosen", "1", false),
            ("old", "2", true),
            ("same", "1", true),
        ]);
        let mut other = versions(&[
            ("both", "2", true),
            ("chosen", "2", true),
            ("old", "1", false),
            ("same", "1", true),
        ]);
        assert_eq!(own.forget_usual_versions(&mut other), ["both"]);
        for all in [own, other] {
            let names: Vec<String> = all.0.into_iter().map(|fact| fact.entry.name).collect();
            assert_eq!(names, ["chosen", "old", "same"]);
        }
    }
}
