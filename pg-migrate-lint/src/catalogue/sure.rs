//! Of which tables all is known: the migrations made them, and nothing that is not seen has been run since.
//!
//! Whoever says that something is not there needs that, and so does whoever says that a name is taken.

use super::{Catalogue, Moment, Relation, RelationKind};
use crate::effects;
use crate::model::{Action, Alter, Change, Drop, Kind, Transaction};
use crate::name::Name;

impl Catalogue {
    /// Something was done that is not seen: it may have changed anything.
    pub fn doubt(&mut self) {
        self.unseen += 1;
    }

    /// How often that was.
    pub fn doubts(&self) -> usize {
        self.unseen
    }

    /// A relation that is here, and is as it is known to be.
    pub fn sure(&self, name: &Name) -> Option<&Relation> {
        if !self.is_placed(name) {
            return None;
        }
        let relation = self.relation(name)?;
        (relation.sure_since == Some(self.unseen)).then_some(relation)
    }

    /// A table of that sort, all columns of which are known.
    pub fn whole(&self, name: &Name) -> Option<&Relation> {
        let is_table = |relation: &Relation| {
            matches!(
                relation.kind,
                RelationKind::Table | RelationKind::Partitioned
            )
        };
        self.sure(name)
            .filter(|relation| relation.is_complete && is_table(relation))
    }

    /// Whether a table or an index is sure to have this name, which is not looked for along the path.
    pub fn is_taken(&self, place: &Name) -> bool {
        let sure = |name: &Name| {
            let relation = self.relations.get(name)?;
            (relation.sure_since == Some(self.unseen)).then_some(relation)
        };
        let table = self.indexes.get(place).and_then(|table| sure(table));
        let has_index = table.is_some_and(|table| {
            !table.has_unknown_names && table.indexes.named(&place.name).is_some()
        });
        has_index || sure(place).is_some()
    }

    /// Whether anything has this name, as far as known.
    pub(super) fn has_relation(&self, name: &Name) -> bool {
        self.relations.contains_key(name) || self.indexes.contains_key(name)
    }

    /// Whether what has this name stays, because PostgreSQL refuses to make another one. What is not sure to be there
    /// must have gone unseen.
    pub(super) fn keeps(&mut self, name: &Name, is_temporary: bool) -> bool {
        let Some(known) = self.relations.get(name) else {
            return false;
        };
        if known.sure_since == Some(self.unseen) && !is_temporary {
            return true;
        }
        match known.made {
            Some(_) => self.drop_relation(name, false),
            // It was spoken of before it was made.
            None => known.indexes.iter().for_each(|index| {
                self.indexes.remove(&index.name);
            }),
        }
        false
    }

    /// The same as [`Catalogue::apply`] for what may not have been run, or not to its end.
    pub fn apply_in_doubt(&mut self, change: &Change, now: Moment) {
        let mut tables = Vec::new();
        match change {
            Change::CreateTable(table) => {
                tables.push(self.place(&table.name));
                let parent = table.partition_of.iter().map(|(parent, _)| parent);
                let parents = parent.chain(&table.inherits);
                tables.extend(parents.map(|parent| self.resolve(parent)));
            }
            Change::CreateTableAs(table) => tables.push(self.place(&table.name)),
            Change::CreateView { name, .. } | Change::CreateSequence { name, .. } => {
                tables.push(self.place(name));
            }
            Change::CreateIndex(index) => tables.push(self.resolve(&index.table)),
            Change::Alter(alter) => {
                tables.push(self.resolve(&alter.table));
                if let Action::Attach { child: other, .. }
                | Action::Detach { child: other, .. }
                | Action::Inherit(other)
                | Action::NoInherit(other) = &alter.action
                {
                    tables.push(self.resolve(other));
                }
            }
            Change::Drop(drop) if !is_aside(drop.kind) => self.doubt(),
            Change::Rename(_) | Change::SetSchema { .. } => self.doubt(),
            _ => {}
        }
        let added = match change {
            Change::Alter(Alter {
                action: Action::AddColumn { column, .. },
                ..
            }) => Some(column.name.as_str()),
            _ => None,
        };
        self.apply(change, now);
        self.doubt_names(change);
        if let Change::CreateFunction(function) = change {
            let name = self.place(&function.name);
            let known = self.signatures.get_mut(&name);
            known
                .into_iter()
                .flatten()
                .for_each(|(_, since)| *since = None);
        }
        for name in tables {
            if let Some(relation) = self.relations.get_mut(&name) {
                relation.sure_since = None;
                if let Some(particulars) = &mut relation.particulars {
                    particulars.bound = None;
                    particulars.kept_bound = None;
                }
                if let Some(column) = added.and_then(|name| relation.columns.named_mut(name)) {
                    column.is_filled = true;
                    column.is_in_doubt = true;
                }
            }
        }
    }

    /// Whether a statement may change more than is followed here.
    pub(super) fn is_followed(&self, change: &Change) -> bool {
        match change {
            Change::Unseen | Change::DropOwned(_) | Change::SetSchema { .. } => false,
            Change::Transaction(transaction) => {
                !matches!(transaction, Transaction::Rollback(_) | Transaction::Other)
            }
            Change::Drop(drop) => !takes_others(drop),
            Change::Rename(rename) => rename.kind != Kind::Schema,
            Change::Alter(Alter { action, .. }) => !matches!(
                action,
                Action::DropColumn { cascade: true, .. }
                    | Action::DropConstraint { cascade: true, .. }
            ),
            Change::Query(query) => {
                query.functions.iter().all(changes_nothing)
                    && query
                        .settings
                        .iter()
                        .all(|setting| setting.name != "search_path")
            }
            _ => true,
        }
    }
}

/// What else goes is columns and constraints of tables.
fn takes_others(drop: &Drop) -> bool {
    use Kind::{Index, MaterializedView, Table, View};
    let is_known =
        matches!(drop.kind, Table | View | MaterializedView | Index) || is_aside(drop.kind);
    drop.kind == Kind::Schema || drop.cascade && !is_known
}

/// What is neither a table nor part of the shape of one.
fn is_aside(kind: Kind) -> bool {
    matches!(kind, Kind::Trigger | Kind::Policy | Kind::Rule)
}

/// Functions of the server that are called for themselves: what another one does is not known.
fn changes_nothing(function: &Name) -> bool {
    const AGGREGATES: &[&str] = &[
        "count",
        "sum",
        "max",
        "min",
        "avg",
        "setval",
        "string_agg",
        "array_agg",
        "to_regclass",
    ];
    let is_of_server =
        || function.name.starts_with("pg_") || AGGREGATES.contains(&function.name.as_str());
    effects::is_of_the_server(function) || function.schema.is_none() && is_of_server()
}
