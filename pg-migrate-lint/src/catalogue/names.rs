//! Names that are taken, and names that are free again, where that is sure.

use super::constraints::object_name;
use super::{Catalogue, Moment, Relation, RelationKind, canonical};
use crate::model::{Change, ConstraintKind};
use crate::name::Name;

impl Catalogue {
    /// Whether a name means one thing alone: a path may name schemas that are not there, which are passed over, or that
    /// have more than was seen.
    pub fn is_placed(&self, name: &Name) -> bool {
        if self.is_whole(name) {
            return true;
        }
        for schema in self.schemas() {
            let place = canonical(Name::of(schema, &name.name));
            let known = self.relations.get(&place);
            if known.is_some_and(|known| known.sure_since == Some(self.unseen)) {
                // What is in public is known by its bare name, too.
                return place.schema.is_none() || !self.has_relation(name);
            }
            let is_own = self.made_schemas.get(&Name::bare(schema)) == Some(&self.unseen);
            if known.is_some() || !is_own {
                return false;
            }
        }
        true
    }

    /// Whether nothing has to be looked for along the path.
    fn is_whole(&self, name: &Name) -> bool {
        name.schema.is_some() || self.path.is_empty()
    }

    /// Whether a relation of this name was sure to be here, and is no longer.
    pub fn is_gone(&self, name: &Name) -> bool {
        if self.gone.is_empty() || !self.is_placed(name) {
            return false;
        }
        let name = self.resolve(name);
        self.gone.get(&name) == Some(&self.unseen) && !self.has_relation(&name)
    }

    /// Where an index is whose name has no schema, if that is one into which nothing leads that was seen: of those that
    /// migrations made.
    pub fn index_elsewhere(&self, name: &Name) -> Option<Name> {
        if name.schema.is_some() || self.has_relation(&self.resolve(name)) {
            return None;
        }
        let schemas = self.made_schemas.iter();
        let schemas = schemas.filter(|(_, since)| **since == self.unseen);
        let mut places = schemas.map(|(schema, _)| Name::of(&schema.name, &name.name));
        places.find(|place| {
            self.indexes
                .get(place)
                .is_some_and(|table| self.sure(table).is_some())
        })
    }

    /// It goes, and if it was sure to be here, it is sure to be here no more. What comes and goes in one file may be
    /// the way there and the way back.
    pub(super) fn leaves(&mut self, name: &Name, now: Moment) {
        let is_sure = |relation: &Relation| {
            let is_older = relation.made.is_some_and(|made| made.file != now.file);
            relation.sure_since == Some(self.unseen) && !relation.is_temporary && is_older
        };
        let table = self.indexes.get(name).map_or(name, |table| table);
        if self
            .relations
            .get(table)
            .is_some_and(|table| is_sure(table))
        {
            self.gone.insert(name.clone(), self.unseen);
        }
    }

    /// Whether a type is sure to have this name: tables and views are types, too.
    pub fn is_type(&self, name: &Name) -> bool {
        if !self.is_whole(name) {
            return false;
        }
        let place = self.place(name);
        let is_row = |relation: &Relation| relation.kind != RelationKind::Sequence;
        self.made_types.get(&place) == Some(&self.unseen)
            || self.sure(&place).is_some_and(is_row) && !self.indexes.contains_key(&place)
    }

    pub(super) fn add_type(&mut self, name: &Name) {
        let name = self.place(name);
        self.made_types.insert(name, self.unseen);
    }

    pub(super) fn rename_type(&mut self, old: &Name, to: &str) {
        if let Some(since) = self.made_types.remove(old) {
            self.made_types.insert(old.beside(to), since);
        }
    }

    /// The values of an enum that is sure to have these and no others.
    pub fn sure_enum(&self, name: &Name) -> Option<&[String]> {
        let place = self.place(name);
        let is_sure = self.is_placed(name) && self.made_types.get(&place) == Some(&self.unseen);
        let known = self.enums.get(&place).filter(|_| is_sure)?;
        Some(&known.values)
    }

    /// Whether a schema is sure to have this name.
    pub fn has_schema(&self, name: &str) -> bool {
        self.made_schemas.get(&Name::bare(name)) == Some(&self.unseen)
    }

    /// Whether something has the name that a new sequence would have, as far as known.
    pub(super) fn is_sequence(&self, name: &Name) -> bool {
        let asks = |table: &Name| {
            let columns = self.relations.get(table).map(|table| &table.columns);
            let mut calls = columns
                .into_iter()
                .flatten()
                .filter_map(|column| column.calls.as_ref());
            calls.any(|calls| calls.sequence.as_ref() == Some(name))
        };
        let users = self.callers.get(name).map_or(&[][..], Vec::as_slice);
        self.has_relation(name) || users.iter().any(asks)
    }

    /// The table and the column whose `serial` or identity brought a sequence of this name.
    pub fn brings_sequence(&self, sequence: &Name) -> Option<(&Name, &str)> {
        if !self.is_placed(sequence) {
            return None;
        }
        let place = self.place(sequence);
        self.callers(sequence).iter().find_map(|table| {
            let columns = &self.sure(table)?.columns;
            let column = columns.iter().find(|column| {
                let calls = column.calls.as_ref();
                let calls = calls.and_then(|calls| calls.sequence.as_ref());
                column.is_numbered && calls.is_some_and(|known| *known == place)
            })?;
            Some((table, &*column.name))
        })
    }

    /// The column of a table whose `NOT NULL` is sure to have this name, as it has since 18.
    pub fn not_null_named(&self, table: &Name, constraint: &str) -> Option<&str> {
        let relation = self.whole(table)?;
        let is_plain = !relation.may_have_keys
            && !relation.has_unknown_names
            && !relation.is_renamed
            && relation.kind == RelationKind::Table;
        let table = self.resolve(table);
        if !is_plain || self.is_other_not_null(&table, constraint) {
            return None;
        }
        let named = |column: &&str| object_name(&table.name, column, "not_null") == constraint;
        let has_name = |column: &str| {
            let mut all = relation.constraints_on(column);
            all.any(|known| matches!(known.kind, ConstraintKind::NotNull(_)))
        };
        let columns = relation.columns.iter().filter(|column| column.not_null);
        let mut columns = columns.map(|column| &*column.name);
        columns.find(named).filter(|column| !has_name(column))
    }

    /// Whether another table may have taken the name first: `a_b` of `c` and `a` of `b_c` choose the same.
    fn is_other_not_null(&self, table: &Name, constraint: &str) -> bool {
        let places = constraint.match_indices('_').map(|(place, _)| place);
        let mut others = places.map(|place| table.beside(&constraint[..place]));
        others.any(|other| other != *table && self.relations.contains_key(&other))
            || self.constraint_names.contains(&table.beside(constraint))
    }

    /// With a table or view all goes that needs it: functions of its rows, policies of other tables, types.
    pub(super) fn doubt_dependents(&mut self) {
        self.made_types.clear();
        for (_, since) in self.signatures.values_mut().flatten() {
            *since = None;
        }
        // Most have none, and there is much of CASCADE.
        if std::mem::take(&mut self.has_policies) {
            for relation in self.relations.values_mut() {
                relation.has_unknown_parts |= !relation.policies.is_empty();
            }
        }
    }

    /// What may have been made or not is not sure to have its name.
    pub(super) fn doubt_names(&mut self, change: &Change) {
        match change {
            Change::CreateEnum { name, .. }
            | Change::CreateDomain { name, .. }
            | Change::AddEnumValue { name, .. }
            | Change::RenameEnumValue { name, .. }
            | Change::CreateType(name) => {
                let name = self.place(name);
                self.made_types.remove(&name);
            }
            Change::CreateSchema { name, .. } => {
                self.made_schemas.remove(&Name::bare(name));
            }
            Change::CreateTrigger { table, .. } | Change::CreateRule { table, .. } => {
                self.known(table).has_unknown_parts = true;
            }
            Change::Policy(policy) => self.known(&policy.table).has_unknown_parts = true,
            Change::Drop(drop) if !drop.parts.is_empty() => {
                for table in &drop.names {
                    self.known(table).has_unknown_parts = true;
                }
            }
            Change::Publish(publication) => self.doubt_publication(&publication.name),
            _ => {}
        }
    }
}
