//! What is gone, and what goes with it.

use super::{Catalogue, Moment};
use crate::model::{ConstraintKind, DependentKind, Drop, Kind};
use crate::name::Name;

impl Catalogue {
    pub(super) fn drop(&mut self, drop: &Drop, now: Moment) {
        if drop.cascade {
            self.doubt_dependents();
        }
        for name in &drop.names {
            match drop.kind {
                Kind::Table
                | Kind::View
                | Kind::MaterializedView
                | Kind::ForeignTable
                | Kind::Sequence => {
                    let name = self.resolve(name);
                    self.leaves(&name, now);
                    self.drop_relation(&name, drop.cascade);
                }
                Kind::Index => {
                    let name = self.resolve(name);
                    self.leaves(&name, now);
                    self.drop_index(&name);
                }
                Kind::Type | Kind::Domain => {
                    let name = self.place(name);
                    self.enums.remove(&name);
                    self.made_types.remove(&name);
                    self.domains.remove(&name);
                }
                Kind::Function => {
                    self.forget(DependentKind::Function, |known| known.name == name.name);
                    let name = self.place(name);
                    self.functions.remove(&name);
                    self.signatures.remove(&name);
                }
                Kind::Trigger => {
                    let relation = self.known(name);
                    relation.forget(DependentKind::Trigger, |known| {
                        drop.parts.contains(&known.name)
                    });
                    relation
                        .triggers
                        .retain(|(known, _)| !drop.parts.contains(known));
                }
                Kind::Policy => {
                    let relation = self.known(name);
                    relation.forget(DependentKind::Policy, |known| {
                        drop.parts.contains(&known.name)
                    });
                    relation
                        .policies
                        .retain(|known| !drop.parts.contains(known));
                }
                Kind::Rule => self.known(name).forget(DependentKind::Rule, |known| {
                    drop.parts.contains(&known.name)
                }),
                Kind::Other => {
                    self.forget(DependentKind::Publication, |known| known.name == name.name);
                    self.publications.remove(&Name::bare(&name.name));
                }
                Kind::Schema => {
                    self.made_schemas.remove(&Name::bare(&name.name));
                    let schema = Some(name.name.clone()).filter(|schema| schema != "public");
                    self.relations.retain(|known, _| known.schema != schema);
                    self.indexes.retain(|known, _| known.schema != schema);
                }
                _ => {}
            }
        }
    }

    pub(super) fn drop_relation(&mut self, name: &Name, cascade: bool) {
        let referenced: Vec<Name> = self
            .referenced(name)
            .map(|(_, table)| table.clone())
            .collect();
        for other in referenced {
            if let Some(referencing) = self.referencing.get_mut(&other) {
                referencing.retain(|known| known != name);
            }
        }
        for referencing in self.referencing.remove(name).unwrap_or_default() {
            self.known(&referencing)
                .constraints
                .retain(|constraint| match &constraint.kind {
                    ConstraintKind::Foreign { table, .. } => table != name,
                    _ => true,
                });
        }
        if let Some(relation) = self.relations.remove(name) {
            for constraint in &relation.constraints {
                self.constraint_names.free(&name.beside(&constraint.name));
            }
            for index in &relation.indexes {
                self.indexes.remove(&index.name);
            }
            let particulars = *relation.particulars.unwrap_or_default();
            if let Some(parent) = particulars
                .parent
                .filter(|parent| self.relations.contains_key(parent))
            {
                let parent = self.known(&parent);
                parent.children.retain(|known| known != name);
                parent.default_child = parent.default_child.take().filter(|known| known != name);
            }
            for read in particulars.reads {
                if let Some(readers) = self.readers.get_mut(&read) {
                    readers.retain(|known| known != name);
                }
            }
            for child in particulars.children {
                self.drop_relation(&child, cascade);
            }
        }
        if cascade {
            for reader in self.readers.remove(name).unwrap_or_default() {
                self.drop_relation(&reader, true);
            }
        }
    }
}
