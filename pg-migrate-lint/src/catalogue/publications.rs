//! What is published for logical replication.

use super::{Catalogue, Relation, RelationKind};
use crate::model::{Identity, Publication, Publishes};
use crate::name::Name;

/// A publication.
#[derive(Debug, Clone)]
pub struct Published {
    /// The tables that it names.
    pub tables: Vec<Name>,
    /// `FOR ALL TABLES`
    pub all: bool,
    /// Whether updates and deletes are published.
    pub writes: bool,
    /// How much had not been seen when it was made.
    sure_since: Option<usize>,
}

impl Catalogue {
    pub(super) fn publish(&mut self, publication: &Publication) {
        let name = Name::bare(publication.name.clone());
        let tables = publication.tables.iter().map(|table| self.resolve(table));
        let tables: Vec<Name> = tables.collect();
        if matches!(publication.how, Publishes::Tables | Publishes::All) {
            let published = Published {
                tables,
                all: publication.how == Publishes::All,
                writes: publication.writes.unwrap_or(true),
                sure_since: Some(self.unseen),
            };
            self.publications.insert(name, published);
            return;
        }
        let Some(known) = self.publications.get_mut(&name) else {
            return;
        };
        match publication.how {
            Publishes::More => known.tables.extend(tables),
            Publishes::Less => known.tables.retain(|table| !tables.contains(table)),
            Publishes::Instead => known.tables = tables,
            _ => known.writes = publication.writes.unwrap_or(known.writes),
        }
    }

    /// It may have been made or not.
    pub(super) fn doubt_publication(&mut self, name: &str) {
        if let Some(known) = self.publications.get_mut(&Name::bare(name)) {
            known.sure_since = None;
        }
    }

    /// A publication that is sure to be here.
    pub fn publication(&self, name: &str) -> Option<&Published> {
        let known = self.publications.get(&Name::bare(name))?;
        (known.sure_since == Some(self.unseen)).then_some(known)
    }

    /// The publication that a table is sure to be in, and that itself.
    pub fn published(&self, table: &Name) -> Option<(&Name, &Published)> {
        let table = self.resolve(table);
        let mut all = self.publications.iter();
        all.find(|(_, known)| {
            known.sure_since == Some(self.unseen) && (known.all || known.tables.contains(&table))
        })
    }

    /// The tables, all known, whose rows can't be told apart where they are published, in the order of their names.
    pub fn without_identity(&self) -> Vec<Name> {
        let all = self.relations.iter();
        let lacking =
            all.filter(|(name, relation)| relation.lacks_identity() && self.whole(name).is_some());
        let mut names: Vec<Name> = lacking.map(|(name, _)| name.clone()).collect();
        names.sort();
        names
    }
}

impl Relation {
    /// Whether nothing tells its rows apart where they are published. A partition may have its key from its parent.
    pub fn lacks_identity(&self) -> bool {
        let is_published =
            self.kind == RelationKind::Table && !self.is_unlogged && !self.is_temporary;
        let is_unknown = self.may_have_keys || self.parent.is_some();
        is_published
            && match self.identity {
                Identity::Key => !is_unknown && self.primary_key().is_none(),
                Identity::Nothing => true,
                Identity::Full | Identity::Index => false,
            }
    }
}
