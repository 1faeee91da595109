//! What the migrations so far have built: the tables, columns, constraints, indexes and types that
//! decide what the next statement costs.
//!
//! What no migration made is unknown rather than absent: a table that was there before the first file
//! has a stub once something is said of it.

mod constraints;
mod drops;
mod functions;
mod indexes;
mod members;
mod names;
mod needs;
mod particulars;
mod publications;
mod relation;
mod renames;
mod replay;
mod sure;
mod tables;
mod taken;
mod views;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::model::{ConstraintKind, Signature, Volatility};
use crate::name::Name;
use crate::types::Type;
use functions::Functions;
pub use particulars::KeptBound;
use publications::Published;
pub use relation::{
    Calls, ColumnFacts, ConstraintFacts, Domain, Enum, Index, Relation, RelationKind,
};
use taken::Taken;
pub use views::ViewColumn;

/// What is known of names: asked for so often that the hash has to be a fast one.
type Map<T> = HashMap<Name, T, RandomState>;

/// When something was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    // Most of what is known is as small as this.
    file: u32,
    transaction: u32,
}

impl Moment {
    /// In a file, by its number, and a transaction of the whole run.
    pub fn new(file: usize, transaction: usize) -> Self {
        Self {
            file: number(file),
            transaction: number(transaction),
        }
    }

    /// Whether it was in this file.
    pub fn is_in_file(self, file: usize) -> bool {
        self.file == number(file)
    }

    /// Whether it was in an earlier file.
    pub fn is_in_file_before(self, other: Self) -> bool {
        self.file < other.file
    }

    /// Whether it was in this transaction.
    pub fn is_in_transaction(self, transaction: usize) -> bool {
        self.transaction == number(transaction)
    }
}

/// Nobody counts further.
fn number(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// All that is known.
#[derive(Debug, Default, Clone)]
pub struct Catalogue {
    relations: Map<Box<Relation>>,
    /// The tables of indexes.
    indexes: HashMap<Arc<Name>, Arc<Name>, RandomState>,
    /// The types of columns, each of them once.
    types: HashSet<Arc<Type>, RandomState>,
    /// The names of columns, likewise: most tables have an `id`.
    names: HashSet<Arc<str>, RandomState>,
    enums: Map<Enum>,
    domains: Map<Domain>,
    functions: Functions,
    /// How each of the functions of a name is called, and how much had not been seen when it was made, if it is sure to be here.
    signatures: Map<Vec<(Signature, Option<usize>)>>,
    /// The tables whose indexes, checks, defaults and triggers call a function, or whose defaults ask a sequence, or that had such.
    callers: Map<Vec<Name>>,
    /// The tables that reference a table.
    referencing: Map<Vec<Name>>,
    /// Whether a policy was made that a table may still have.
    has_policies: bool,
    /// Whether a function or a publication is among what reads columns.
    is_read_from_outside: bool,
    /// The views that read a relation.
    readers: Map<Vec<Name>>,
    /// Where names without a schema are looked for; empty: `public`.
    path: Vec<String>,
    /// Whether that stays so for the session, and is more than `public`.
    is_path_kept: bool,
    /// What is published, by the name of the publication.
    publications: Map<Published>,
    /// Relations and indexes that are gone, and how much had not been seen when they went.
    gone: Map<usize>,
    /// Types that are sure to be here, but rows of tables, and how much had not been seen when they were made.
    made_types: Map<usize>,
    /// The same of schemas.
    made_schemas: Map<usize>,
    /// What constraints are called, beside their tables: PostgreSQL chooses no such name again.
    constraint_names: Taken,
    /// How often something was done that may have changed anything, and was not seen.
    unseen: usize,
}

impl Catalogue {
    /// The name with its schema, where it is known, or else where it would be made; `public`, which is where
    /// most are, is left out.
    pub fn resolve(&self, name: &Name) -> Name {
        self.resolved(name).into_owned()
    }

    /// The same, as it is where that is what it means.
    fn resolved<'a>(&self, name: &'a Name) -> Cow<'a, Name> {
        match name.schema.as_deref() {
            Some("public") => return Cow::Owned(Name::bare(name.name.clone())),
            Some(_) => return Cow::Borrowed(name),
            // Whatever is not known would be made in `public`.
            None if self.path.is_empty() => return Cow::Borrowed(name),
            None => {}
        }
        let mut candidates = self
            .schemas()
            .map(|schema| canonical(Name::of(schema, &name.name)));
        let known = candidates
            .find(|name| self.relations.contains_key(name) || self.indexes.contains_key(name));
        Cow::Owned(known.unwrap_or_else(|| self.place(name)))
    }

    /// The name with the schema in which it would be made.
    pub fn place(&self, name: &Name) -> Name {
        if name.schema.is_none() && self.path.is_empty() {
            return name.clone();
        }
        canonical(match &name.schema {
            Some(_) => name.clone(),
            None => Name::of(self.schemas().next().unwrap_or("public"), &name.name),
        })
    }

    /// Where migrations have names without a schema looked for, in order; nowhere: where the session does, or `public`.
    pub fn path(&self) -> &[String] {
        &self.path
    }

    fn schemas(&self) -> impl Iterator<Item = &str> {
        let default = self.path.is_empty().then_some("public");
        default
            .into_iter()
            .chain(self.path.iter().map(String::as_str))
    }

    /// A relation by its name as written.
    pub fn relation(&self, name: &Name) -> Option<&Relation> {
        self.relations.get(&*self.resolved(name)).map(Box::as_ref)
    }

    /// A column of a relation.
    pub fn column(&self, table: &Name, column: &str) -> Option<&ColumnFacts> {
        self.relation(table)?.column(column)
    }

    /// An index by its name as written.
    pub fn index(&self, name: &Name) -> Option<&Index> {
        let name = self.resolved(name);
        let table = self.relations.get(&**self.indexes.get(&*name)?)?;
        table.indexes.named(&name.name)
    }

    /// The indexes of a table.
    pub fn indexes_of(&self, table: &Name) -> impl Iterator<Item = (&Name, &Index)> {
        let indexes = self.relation(table).map(|table| table.indexes.iter());
        let indexes = indexes.into_iter().flatten();
        indexes.map(|index| (&*index.name, index))
    }

    /// Those of them that are on a column.
    pub fn indexes_on(&self, table: &Name, column: &str) -> impl Iterator<Item = (&Name, &Index)> {
        let indexes = self.relation(table).map(|table| table.indexes.on(column));
        let indexes = indexes.into_iter().flatten();
        indexes.map(|index| (&*index.name, index))
    }

    /// Whether an index of the table finds rows by the value of one of these columns, so that not all are read for
    /// values of all of them.
    pub fn has_index_from(&self, table: &Name, columns: &[String]) -> bool {
        columns.iter().any(|column| {
            let mut indexes = self.indexes_on(table, column);
            indexes.any(|(_, index)| {
                let first = index.columns.first().and_then(Option::as_ref);
                index.finds_values && first == Some(column)
            })
        })
    }

    /// A table and all its partitions, in names with their schemas.
    pub fn with_children(&self, table: &Name) -> Vec<Name> {
        let mut all = vec![self.resolve(table)];
        let mut next = 0;
        while let Some(relation) = all.get(next).and_then(|name| self.relations.get(name)) {
            let new = relation
                .children
                .iter()
                .filter(|child| !all.contains(child));
            let new: Vec<Name> = new.cloned().collect();
            all.extend(new);
            next += 1;
            while next < all.len() && !self.relations.contains_key(&all[next]) {
                next += 1;
            }
        }
        all
    }

    /// The tables that reference a table.
    pub fn referencing(&self, table: &Name) -> &[Name] {
        let names = self.referencing.get(&*self.resolved(table));
        names.map_or(&[], Vec::as_slice)
    }

    /// The tables that a table references, with the columns that do.
    pub fn referenced(&self, table: &Name) -> impl Iterator<Item = (&[String], &Name)> {
        let constraints = self
            .relation(table)
            .into_iter()
            .flat_map(|table| &table.constraints);
        constraints.filter_map(|constraint| match &constraint.kind {
            ConstraintKind::Foreign { columns, table, .. } => Some((columns.as_slice(), table)),
            _ => None,
        })
    }

    /// The relations of a schema, in order.
    pub fn relations_in(&self, schema: &str) -> Vec<Name> {
        let is_in = |name: &&Name| name.schema.as_deref().unwrap_or("public") == schema;
        let mut names: Vec<Name> = self.relations.keys().filter(is_in).cloned().collect();
        names.sort();
        names
    }

    /// The views that read a relation.
    pub fn readers(&self, relation: &Name) -> &[Name] {
        let names = self.readers.get(&*self.resolved(relation));
        names.map_or(&[], Vec::as_slice)
    }

    /// An enum by its name as written.
    pub fn enum_(&self, name: &Name) -> Option<&Enum> {
        self.enums
            .get(&self.place(name))
            .or_else(|| self.enums.get(&Name::bare(&name.name)))
    }

    /// A domain by the type that a column has.
    pub fn domain(&self, type_: &Type) -> Option<&Domain> {
        if type_.dimensions > 0 {
            return None;
        }
        self.domains.get(&self.place(&type_name(type_)))
    }

    /// How a function of the user's behaves.
    pub fn function(&self, name: &Name) -> Option<Volatility> {
        self.functions.volatility(&self.place(name))
    }

    /// The functions whose bodies name a table in the place of one, with these, in the order of their names.
    pub fn functions_naming(&self, table: &str) -> impl Iterator<Item = (&Name, &str)> {
        self.functions.naming(table)
    }

    /// The tables with an index, a CHECK, a default or a trigger that calls a function, or a default that asks a sequence; or that had one.
    pub fn callers(&self, function: &Name) -> &[Name] {
        let names = self.callers.get(&self.place(function));
        names.map_or(&[], Vec::as_slice)
    }

    /// The columns of tables that have this type.
    pub fn columns_of_type(&self, name: &Name) -> Vec<Name> {
        let wanted = self.place(name);
        if !self.types.iter().any(|type_| type_.name == wanted.name) {
            return Vec::new();
        }
        let has = |relation: &Relation| {
            relation
                .columns
                .iter()
                .any(|column| self.place(&type_name(&column.type_)) == wanted)
        };
        let tables = self.relations.iter().filter(|(_, relation)| has(relation));
        let mut tables: Vec<Name> = tables.map(|(name, _)| name.clone()).collect();
        tables.sort();
        tables
    }
}

/// Whether the same names are in both, in whatever order.
pub fn same(some: &[String], others: &[String]) -> bool {
    some.len() == others.len() && some.iter().all(|name| others.contains(name))
}

/// Without `public`.
fn canonical(mut name: Name) -> Name {
    name.schema = name.schema.filter(|schema| schema != "public");
    name
}

/// The name of a user's type.
fn type_name(type_: &Type) -> Name {
    Name {
        schema: type_.schema.clone(),
        name: type_.name.clone(),
    }
}

#[cfg(test)]
mod tests;
