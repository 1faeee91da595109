//! Indexes as statements make and drop them.

use std::sync::Arc;

use super::constraints::free_name;
use super::{Catalogue, Index, Moment};
use crate::model::CreateIndex;
use crate::name::Name;

impl Catalogue {
    pub(super) fn create_index(&mut self, index: &CreateIndex, now: Moment) {
        let table = self.resolve(&index.table);
        let name = match &index.name {
            Some(name) => table.beside(name.clone()),
            None => table.beside(self.index_name(&table, index)),
        };
        let is_kept = index.if_not_exists && self.indexes.contains_key(&name);
        if is_kept || index.name.is_some() && self.is_taken(&name) {
            return;
        }
        if index.name.is_none() && index.columns.contains(&None) {
            self.known(&table).has_unknown_names = true;
        }
        let expressions = index.expressions.iter();
        let functions: Vec<Name> = expressions
            .flat_map(|expr| expr.functions.iter().cloned())
            .collect();
        self.calls(&table, &functions);
        let facts = Index {
            functions,
            columns: index.columns.clone(),
            is_unique: index.unique,
            is_partial: index.partial,
            reads: {
                let read = index.expressions.iter().flat_map(|expr| &expr.columns);
                read.chain(&index.included).cloned().collect()
            },
            has_expressions: !index.expressions.is_empty(),
            finds_values: index.finds_values(),
            is_btree: matches!(index.method.as_str(), "" | "btree"),
            made: Some(now),
            ..Index::default()
        };
        self.add_index(table, name, facts);
    }

    /// The name that PostgreSQL chooses; where there is an expression, one like it.
    pub fn index_name(&self, table: &Name, index: &CreateIndex) -> String {
        let columns = index.columns.iter();
        let columns = columns.map(|column| column.as_deref().unwrap_or("expr"));
        let included = index.included.iter().map(String::as_str);
        let columns: Vec<&str> = columns.chain(included).collect();
        let is_taken = |name: &str| self.has_relation(&table.beside(name));
        free_name(&table.name, &columns.join("_"), "idx", is_taken)
    }

    pub(super) fn drop_index(&mut self, name: &Name) {
        self.take_index(name);
    }

    /// What had its name has it no more.
    pub(super) fn add_index(&mut self, table: Name, name: Name, mut index: Index) {
        self.take_index(&name);
        let relation = self.relations.entry(table.clone()).or_default();
        index.name = Arc::new(name);
        index.table = Arc::clone(relation.name.get_or_insert_with(|| Arc::new(table)));
        self.indexes
            .insert(Arc::clone(&index.name), Arc::clone(&index.table));
        relation.indexes.replace(index);
    }

    /// As it was, if it was known.
    pub(super) fn take_index(&mut self, name: &Name) -> Option<Index> {
        let table = self.indexes.remove(name)?;
        let table = self.relations.get_mut(&*table)?;
        let index = table.indexes.named(&name.name).cloned();
        table.indexes.remove(&name.name);
        index
    }
}
