//! What is true only as long as nothing later ends it: a foreign key without an index, for which a later migration of
//! the same run may make one. It is decided when all of a project is read.

use std::collections::HashSet;

use crate::catalogue::Catalogue;
use crate::model::{Change, Kind};
use crate::name::Name;

/// The index that a finding misses: on a table, beginning with one of these sets of columns each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// On which.
    pub table: Name,
    /// With which it would have to begin.
    pub columns: Vec<Vec<String>>,
}

/// Findings that wait for the end of their project, by number.
#[derive(Debug, Default)]
pub struct Pending {
    waiting: Vec<(usize, Missing)>,
    count: usize,
    settled: HashSet<usize>,
}

impl Pending {
    /// The number of one more, once its table is known.
    pub fn add(&mut self, mut missing: Missing, catalogue: &Catalogue) -> usize {
        self.count += 1;
        missing.table = catalogue.resolve(&missing.table);
        self.waiting.push((self.count, missing));
        self.count
    }

    /// What a change calls otherwise is still the same.
    pub fn follow(&mut self, change: &Change, catalogue: &Catalogue) {
        let Change::Rename(rename) = change else {
            return;
        };
        if self.waiting.is_empty() {
            return;
        }
        let table = catalogue.resolve(&rename.name);
        let all = self.waiting.iter_mut().map(|(_, missing)| missing);
        for missing in all.filter(|missing| missing.table == table) {
            match (rename.kind, &rename.part) {
                (Kind::Table, None) => missing.table = table.beside(rename.to.as_str()),
                (Kind::Column, Some(column)) => {
                    let columns = missing.columns.iter_mut().flatten();
                    columns
                        .filter(|own| *own == column)
                        .for_each(|own| own.clone_from(&rename.to));
                }
                _ => {}
            }
        }
    }

    /// All of a project is read: what it has now settles what waited for it.
    pub fn decide(&mut self, catalogue: &Catalogue) {
        for (number, missing) in std::mem::take(&mut self.waiting) {
            let relation = catalogue.relation(&missing.table);
            let is_gone =
                |column: &String| relation.is_none_or(|relation| relation.column(column).is_none());
            let is_well = |columns: &Vec<String>| {
                columns.iter().any(is_gone) || catalogue.has_index_from(&missing.table, columns)
            };
            if missing.columns.iter().all(is_well) {
                self.settled.insert(number);
            }
        }
    }

    /// What is not true in the end.
    pub fn settled(self) -> HashSet<usize> {
        self.settled
    }
}
