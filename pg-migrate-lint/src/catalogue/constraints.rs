//! Constraints as statements make and drop them, and the names that PostgreSQL gives to them.

use super::{Catalogue, ConstraintFacts, Index, Moment};
use crate::model::{Constraint, ConstraintKind};
use crate::name::Name;

impl Catalogue {
    pub(super) fn add_constraint(
        &mut self,
        table: &Name,
        constraint: &Constraint,
        now: Moment,
        is_valid: bool,
    ) {
        let table = self.resolve(table);
        let is_taken = |name: &str| {
            (self.relations.get(&table)).is_some_and(|known| known.constraint(name).is_some())
        };
        if self.sure(&table).is_some() && constraint.name.as_deref().is_some_and(is_taken) {
            // PostgreSQL refuses it.
            return;
        }
        let has_index = constraint.kind.has_index();
        let name = constraint.name.as_ref().or(constraint.kind.uses_index());
        let is_own =
            |name: &str| is_taken(name) || has_index && self.has_relation(&table.beside(name));
        let name = name
            .cloned()
            .unwrap_or_else(|| default_name(&table, &constraint.kind, is_own));
        let known = table.beside(name.clone());
        // The name is free in all of the schema, or it is another one than this.
        let is_elsewhere = constraint.name.is_none() && self.constraint_names.contains(&known);
        self.constraint_names.take(&known);
        if is_elsewhere {
            self.known(&table).has_unknown_names = true;
        }
        if matches!(constraint.kind, ConstraintKind::Exclude) && constraint.name.is_none() {
            self.known(&table).has_unknown_names = true;
        }
        let mut kind = constraint.kind.clone();
        match &mut kind {
            ConstraintKind::Check(expr) => self.calls(&table, &expr.functions),
            ConstraintKind::Foreign { table: other, .. } => {
                *other = self.resolve(other);
                let referencing = self.referencing.entry(other.clone()).or_default();
                if !referencing.contains(&table) {
                    referencing.push(table.clone());
                }
            }
            ConstraintKind::NotNull(column) if is_valid => {
                self.change_column(&table, column, |facts| facts.not_null = true);
            }
            ConstraintKind::Primary(key) | ConstraintKind::Unique(key) => {
                let is_primary = matches!(constraint.kind, ConstraintKind::Primary(_));
                if let Some(used) = &key.index {
                    let index = self.take_index(&table.beside(used.clone()));
                    let columns = index.map(|index| index.columns).unwrap_or_default();
                    key.columns = columns.into_iter().flatten().collect();
                }
                if is_primary {
                    for column in key.columns.clone() {
                        self.change_column(&table, &column, |facts| facts.not_null = true);
                    }
                }
                let index = Index {
                    columns: key.columns.iter().cloned().map(Some).collect(),
                    is_unique: true,
                    finds_values: true,
                    is_btree: true,
                    made: Some(now),
                    ..Index::default()
                };
                self.add_index(table.clone(), table.beside(name.clone()), index);
            }
            _ => {}
        }
        self.known(&table).constraints.replace(ConstraintFacts {
            name,
            kind,
            is_valid,
            is_enforced: constraint.enforced,
            is_inherited: !constraint.no_inherit,
            is_deferred: constraint.deferred,
        });
    }

    pub(super) fn drop_constraint(&mut self, table: &Name, constraint: &str) {
        let name = self.resolve(table);
        let before: Vec<Name> = self
            .referenced(&name)
            .map(|(_, table)| table.clone())
            .collect();
        let relation = self.known(table);
        let known = &mut relation.constraints;
        let is_check =
            |constraint: &ConstraintFacts| matches!(constraint.kind, ConstraintKind::Check(_));
        let dropped = known.named(constraint);
        let is_there = dropped.is_some();
        // What DETACH CONCURRENTLY leaves has a name that the server chose, or is a CHECK that said the same before.
        let leaves_bound = dropped.is_some_and(|dropped| !is_check(dropped));
        known.remove(constraint);
        if !leaves_bound && relation.kept_bound.is_some() {
            relation.kept_bound = None;
        }
        if is_there {
            self.constraint_names.free(&name.beside(constraint));
        }
        self.drop_index(&name.beside(constraint));
        let referenced: Vec<Name> = self
            .referenced(&name)
            .map(|(_, table)| table.clone())
            .collect();
        for other in before
            .into_iter()
            .filter(|other| !referenced.contains(other))
        {
            if let Some(referencing) = self.referencing.get_mut(&other) {
                referencing.retain(|known| *known != name);
            }
        }
    }
}

/// The name that PostgreSQL chooses: that of what it is of, cut so that all fits, and numbered where it is taken.
fn default_name(table: &Name, kind: &ConstraintKind, is_taken: impl Fn(&str) -> bool) -> String {
    let (columns, label): (&[String], _) = match kind {
        // Of one column, however often it is named.
        ConstraintKind::Check(expr) => match expr.columns.as_slice() {
            [first, others @ ..] if others.iter().all(|other| other == first) => {
                (std::slice::from_ref(first), "check")
            }
            _ => (&[], "check"),
        },
        ConstraintKind::NotNull(column) => (std::slice::from_ref(column), "not_null"),
        ConstraintKind::Primary(_) => (&[], "pkey"),
        ConstraintKind::Unique(key) => (&key.columns, "key"),
        ConstraintKind::Foreign { columns, .. } => (columns, "fkey"),
        ConstraintKind::Exclude => (&[], "excl"),
    };
    free_name(&table.name, &columns.join("_"), label, is_taken)
}

/// The first name of this sort that is not taken.
pub(super) fn free_name(
    table: &str,
    columns: &str,
    label: &str,
    is_taken: impl Fn(&str) -> bool,
) -> String {
    let first = object_name(table, columns, label);
    let numbered = (1..).map(|number| object_name(table, columns, &format!("{label}{number}")));
    let mut names = std::iter::once(first).chain(numbered);
    names.find(|name| !is_taken(name)).unwrap_or_default()
}

/// As the server's `makeObjectName` does: the longer of both is cut until all fits.
pub(super) fn object_name(table: &str, columns: &str, label: &str) -> String {
    const KEPT: usize = 63;
    let (mut table, mut columns) = (table.to_string(), columns.to_string());
    let separators = if columns.is_empty() { 1 } else { 2 };
    while table.len() + columns.len() + separators + label.len() > KEPT {
        match table.len() > columns.len() {
            true => table.pop(),
            false => columns.pop(),
        };
    }
    match columns.is_empty() {
        true => format!("{table}_{label}"),
        false => format!("{table}_{columns}_{label}"),
    }
}
