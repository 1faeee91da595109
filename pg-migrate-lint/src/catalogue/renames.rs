//! What is called otherwise from now on, or is in another schema.

use std::sync::Arc;

use super::{Catalogue, ColumnFacts, Moment, type_name};
use crate::model::{ConstraintKind, DependentKind, Kind, Rename};
use crate::name::Name;

impl Catalogue {
    pub(super) fn rename(&mut self, rename: &Rename, now: Moment) {
        match (rename.kind, &rename.part) {
            (
                Kind::Table
                | Kind::View
                | Kind::MaterializedView
                | Kind::ForeignTable
                | Kind::Sequence,
                None,
            ) => {
                let old = self.resolve(&rename.name);
                match self.indexes.contains_key(&old) {
                    // ALTER TABLE renames an index, too.
                    true => self.rename_index(&old, &rename.to, now),
                    false => {
                        self.leaves(&old, now);
                        let new = old.beside(rename.to.clone());
                        self.rename_sequence(&old, &new);
                        self.move_relation(&old, &new);
                        if let Some(relation) = self.relations.get_mut(&new) {
                            relation.is_renamed = true;
                        }
                    }
                }
            }
            (Kind::Column, Some(old)) => {
                let to = rename.to.clone();
                self.known(&rename.name).rename_output(old, &to);
                self.change_column(&rename.name, old, |_| {});
                self.rename_column(&rename.name, old, &to);
                self.rename_read(&rename.name, old, &to);
                self.known(&rename.name).is_renamed = true;
            }
            (Kind::Index, None) => {
                self.rename_index(&self.resolve(&rename.name), &rename.to, now);
            }
            (Kind::Constraint, Some(old)) => {
                let index = self.resolve(&rename.name).beside(old.clone());
                match self.indexes.contains_key(&index) {
                    true => self.rename_index(&index, &rename.to, now),
                    false => self.rename_constraint(&rename.name, old, &rename.to),
                }
            }
            (Kind::Type, None) => {
                let old = self.place(&rename.name);
                self.rename_type(&old, &rename.to);
                if let Some(known) = self.enums.remove(&old) {
                    self.enums.insert(old.beside(rename.to.clone()), known);
                }
                for table in self.columns_of_type(&old) {
                    let place = |column: &ColumnFacts, all: &Self| {
                        all.place(&type_name(&column.type_)) == old
                    };
                    let columns = self.relations.get(&table).map(|table| &table.columns);
                    let columns = columns
                        .into_iter()
                        .flatten()
                        .filter(|column| place(column, self));
                    for column in columns
                        .map(|column| column.name.clone())
                        .collect::<Vec<_>>()
                    {
                        self.change_column(&table, &column, |facts| {
                            Arc::make_mut(&mut facts.type_).name.clone_from(&rename.to)
                        });
                    }
                }
            }
            (Kind::Domain, None) => {
                let old = self.place(&rename.name);
                self.rename_type(&old, &rename.to);
            }
            (Kind::Function, _) => {
                for name in [rename.name.clone(), rename.name.beside(rename.to.clone())] {
                    let name = self.place(&name);
                    self.signatures.remove(&name);
                }
            }
            (Kind::Trigger, Some(old)) => {
                let triggers = &mut self.known(&rename.name).triggers;
                if let Some((name, _)) = triggers.iter_mut().find(|(name, _)| name == old) {
                    name.clone_from(&rename.to);
                }
            }
            (Kind::Policy, Some(old)) => {
                let policies = &mut self.known(&rename.name).policies;
                if let Some(name) = policies.iter_mut().find(|name| *name == old) {
                    name.clone_from(&rename.to);
                }
            }
            (Kind::Other, None) => {
                let old = Name::bare(&rename.name.name);
                if let Some(known) = self.publications.remove(&old) {
                    self.publications.insert(Name::bare(&rename.to), known);
                }
            }
            _ => {}
        }
    }

    /// The columns that take their numbers from it do so by its new name.
    fn rename_sequence(&mut self, old: &Name, new: &Name) {
        for table in self.callers.get(old).cloned().unwrap_or_default() {
            self.calls(&table, std::slice::from_ref(new));
            let Some(relation) = self.relations.get_mut(&table) else {
                continue;
            };
            relation.columns.change(|column| {
                let sequence = column
                    .calls
                    .as_mut()
                    .and_then(|calls| calls.sequence.as_mut());
                if let Some(sequence) = sequence.filter(|sequence| *sequence == old) {
                    *sequence = new.clone();
                }
            });
        }
    }

    /// Views that read this table alone read the column by its new name.
    fn rename_read(&mut self, table: &Name, old: &str, to: &str) {
        let table = self.resolve(table);
        for view in self.readers.get(&table).cloned().unwrap_or_default() {
            let view = self.relations.get_mut(&view);
            let Some(view) = view.filter(|view| view.reads == [table.clone()]) else {
                continue;
            };
            let read = view.read_columns.iter_mut().find(|column| *column == old);
            if let Some(column) = read {
                *column = to.to_string();
            }
        }
    }

    /// With the constraint that it belongs to.
    fn rename_index(&mut self, old: &Name, to: &str, now: Moment) {
        self.leaves(old, now);
        let Some(index) = self.take_index(old) else {
            return;
        };
        let table = Name::clone(&index.table);
        self.add_index(table.clone(), old.beside(to), index);
        self.rename_constraint(&table, &old.name, to);
    }

    fn rename_constraint(&mut self, table: &Name, old: &str, to: &str) {
        let relation = self.known(table);
        if relation.constraint(old).is_none() {
            return;
        }
        relation.constraints.change(|constraint| {
            if constraint.name == old {
                constraint.name = to.to_string();
            }
        });
        let table = self.resolve(table);
        self.constraint_names.free(&table.beside(old));
        self.constraint_names.take(&table.beside(to));
    }

    pub(super) fn rename_column(&mut self, table: &Name, old: &str, new: &str) {
        let swap = |column: &mut String| {
            if column == old {
                *column = new.to_string();
            }
        };
        let name = self.shared_name(new);
        let relation = self.known(table);
        if let Some(particulars) = &mut relation.particulars {
            let kept = particulars.kept_bound.iter_mut();
            let kept = kept.map(|kept| &mut kept.partitioning);
            let all = particulars.partitioning.iter_mut().chain(kept);
            let columns = all.flat_map(|partitioning| &mut partitioning.columns);
            columns.flatten().for_each(swap);
        }
        for dependent in &mut relation.dependents {
            dependent.columns.iter_mut().for_each(swap);
            if dependent.kind == DependentKind::Generated {
                swap(&mut dependent.name.name);
            }
        }
        relation.columns.change(|column| {
            if *column.name == *old {
                column.name = Arc::clone(&name);
            }
        });
        relation
            .constraints
            .change(|constraint| match &mut constraint.kind {
                ConstraintKind::Check(expr) => {
                    expr.columns.iter_mut().for_each(swap);
                    expr.proves_not_null.iter_mut().for_each(swap);
                    let limits = expr.limits.iter_mut().flat_map(|limits| &mut limits.all);
                    limits.for_each(|limit| swap(&mut limit.column));
                }
                ConstraintKind::NotNull(column) => swap(column),
                ConstraintKind::Primary(key) | ConstraintKind::Unique(key) => {
                    key.columns.iter_mut().for_each(swap)
                }
                ConstraintKind::Foreign { columns, .. } => columns.iter_mut().for_each(swap),
                ConstraintKind::Exclude => {}
            });
        let indexes = &mut relation.indexes;
        indexes.change(|index| {
            let columns = index.columns.iter_mut().flatten();
            columns.chain(&mut index.reads).for_each(swap);
        });
    }

    pub(super) fn set_schema(&mut self, kind: Kind, name: &Name, schema: &str) {
        if matches!(
            kind,
            Kind::Table | Kind::View | Kind::MaterializedView | Kind::Sequence
        ) {
            let old = self.resolve(name);
            let new = self.place(&Name::of(schema, &old.name));
            self.move_relation(&old, &new);
        }
    }

    pub(super) fn move_relation(&mut self, old: &Name, new: &Name) {
        let Some(mut relation) = self.relations.remove(old) else {
            // It was there before; under its new name it is no newer.
            self.relations.entry(new.clone()).or_default();
            return;
        };
        let table = Arc::new(new.clone());
        relation.name = Some(Arc::clone(&table));
        relation
            .indexes
            .change(|index| index.table = Arc::clone(&table));
        for index in &relation.indexes {
            self.indexes
                .insert(Arc::clone(&index.name), Arc::clone(&table));
        }
        self.relations.insert(new.clone(), relation);
        let published = self
            .publications
            .values_mut()
            .flat_map(|known| &mut known.tables);
        let published = published.filter(|table| *table == old);
        published.for_each(|table| *table = new.clone());
        for names in self
            .referencing
            .values_mut()
            .chain(self.readers.values_mut())
            .chain(self.callers.values_mut())
        {
            names
                .iter_mut()
                .filter(|name| *name == old)
                .for_each(|name| *name = new.clone());
        }
        for map in [&mut self.referencing, &mut self.readers] {
            if let Some(names) = map.remove(old) {
                map.insert(new.clone(), names);
            }
        }
        self.rename_in_particulars(old, new);
        let referencing = self.referencing.get(new).cloned().unwrap_or_default();
        for name in referencing {
            self.known(&name).constraints.change(|constraint| {
                if let ConstraintKind::Foreign { table, .. } = &mut constraint.kind
                    && table == old
                {
                    *table = new.clone();
                }
            });
        }
    }

    /// Its partitions, what it is a partition of, and the views that read it know it by the new name.
    fn rename_in_particulars(&mut self, old: &Name, new: &Name) {
        let Some(relation) = self.relations.get(new) else {
            return;
        };
        let readers = self.readers.get(new).into_iter().flatten();
        let others = relation.parent.iter().chain(&relation.children);
        let others: Vec<Name> = others.chain(readers).cloned().collect();
        for other in others {
            let other = self.relations.get_mut(&other);
            let Some(particulars) = other.and_then(|other| other.particulars.as_mut()) else {
                continue;
            };
            let names = particulars.parent.iter_mut();
            let names = names.chain(&mut particulars.children);
            let names = names.chain(&mut particulars.default_child);
            for name in names.chain(&mut particulars.reads) {
                if name == old {
                    name.clone_from(new);
                }
            }
        }
    }
}
