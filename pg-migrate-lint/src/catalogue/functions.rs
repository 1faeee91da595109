//! The user's functions, and which of them name a table in a body that PostgreSQL does not look into.

use std::collections::{BTreeSet, HashMap};

use foldhash::fast::RandomState;

use super::Map;
use crate::code;
use crate::model::Volatility;
use crate::name::Name;

/// All that are known, by their names with the schema.
#[derive(Debug, Default, Clone)]
pub struct Functions {
    all: Map<Facts>,
    /// Those whose bodies have a word where a table stands, by the word in small letters.
    by_table: HashMap<Box<str>, BTreeSet<Name>, RandomState>,
}

#[derive(Debug, Clone)]
struct Facts {
    volatility: Volatility,
    /// Its body, where that names a table.
    code: Box<str>,
}

impl Functions {
    /// Puts it in the place of one of the same name.
    pub fn insert(&mut self, name: Name, volatility: Volatility, code: &str) {
        self.remove(&name);
        let tables = tables(code);
        let code = match tables.is_empty() {
            true => "",
            false => code,
        };
        let facts = Facts {
            volatility,
            code: code.into(),
        };
        for table in tables {
            self.by_table.entry(table).or_default().insert(name.clone());
        }
        self.all.insert(name, facts);
    }

    /// It is no longer there.
    pub fn remove(&mut self, name: &Name) {
        let Some(facts) = self.all.remove(name) else {
            return;
        };
        for table in tables(&facts.code) {
            if let Some(names) = self.by_table.get_mut(&table) {
                names.remove(name);
            }
        }
    }

    /// How it behaves.
    pub fn volatility(&self, name: &Name) -> Option<Volatility> {
        self.all.get(name).map(|facts| facts.volatility)
    }

    /// Those whose bodies have this word, in whatever letters, where a table stands; with the bodies, in the order of
    /// their names.
    pub fn naming(&self, table: &str) -> impl Iterator<Item = (&Name, &str)> {
        let names = self.by_table.get(&*table.to_ascii_lowercase());
        let names = names.into_iter().flatten();
        names.filter_map(|name| Some((name, &*self.all.get(name)?.code)))
    }
}

/// The words of a body that stand where tables do, in small letters.
fn tables(code: &str) -> BTreeSet<Box<str>> {
    let words = code::words(code).filter(code::Word::is_of_table);
    words
        .map(|word| word.text.to_ascii_lowercase().into())
        .collect()
}
