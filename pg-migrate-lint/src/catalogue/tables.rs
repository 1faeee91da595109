//! Tables and views as statements make and change them, with their columns and partitions.

use std::sync::Arc;

use super::constraints::free_name;
use super::members::{Members, push};
use super::particulars::{KeptBound, Particulars};
use super::{Calls, Catalogue, ColumnFacts, Moment, Relation, RelationKind};
use crate::effects;
use crate::model::{
    Action, Alter, Column, ConstraintKind, CreateTable, DependentKind, Expr, Kind, Query,
};
use crate::name::Name;
use crate::types::Type;

impl Catalogue {
    pub(super) fn create_table(&mut self, table: &CreateTable, now: Moment) {
        let name = self.place(&table.name);
        if table.if_not_exists && self.relations.contains_key(&name)
            || self.keeps(&name, table.temporary)
        {
            return;
        }
        let parents = || {
            let parent = table.partition_of.iter().map(|(parent, _)| parent);
            parent.chain(&table.like).chain(&table.inherits)
        };
        let mut relation = Relation {
            kind: match table.partitioning {
                Some(_) => RelationKind::Partitioned,
                None => RelationKind::Table,
            },
            is_complete: !table.is_typed
                && !table
                    .columns
                    .iter()
                    .any(|column| column.type_.is_template())
                && parents().all(|parent| {
                    self.relation(parent)
                        .is_some_and(|parent| parent.is_complete)
                }),
            sure_since: (!table.if_not_exists && !table.temporary).then_some(self.unseen),
            has_unknown_names: table.columns.iter().any(|column| column.names_not_null),
            made: Some(now),
            is_temporary: table.temporary,
            is_unlogged: table.unlogged,
            // What it takes is decided elsewhere.
            has_unknown_parts: table.is_foreign,
            may_have_keys: !table.like.is_empty() || table.partition_of.is_some(),
            ..Relation::default()
        };
        if table.partitioning.is_some() {
            relation.partitioning.clone_from(&table.partitioning);
        }
        relation.columns = Members::of(
            table
                .columns
                .iter()
                .map(|column| self.facts(&name, column, now)),
        );
        for parent in parents().filter_map(|parent| self.relation(parent)) {
            let inherited = parent.columns.iter().cloned();
            inherited.for_each(|column| relation.columns.push(column));
        }
        self.relations.insert(name.clone(), Box::new(relation));
        for column in &table.columns {
            self.add_generated(&name, column);
            for constraint in &column.constraints {
                self.add_constraint(&name, constraint, now, constraint.enforced);
            }
        }
        for constraint in &table.constraints {
            self.add_constraint(&name, constraint, now, constraint.enforced);
        }
        if let Some((parent, default)) = &table.partition_of {
            self.attach(parent, &name, *default);
            // Of what was there already it would say what is not so.
            let bound = table.bound.as_ref().filter(|_| !table.if_not_exists);
            self.known(&name).bound = bound.cloned();
        }
        for parent in &table.inherits {
            self.attach(parent, &name, false);
        }
    }

    pub(super) fn create_reader(
        &mut self,
        name: Name,
        kind: RelationKind,
        query: &Query,
        now: Moment,
    ) {
        let is_replaced = kind == RelationKind::View
            && (self.relations.get(&name)).is_some_and(|known| known.kind == RelationKind::View);
        if !is_replaced && self.keeps(&name, false) {
            return;
        }
        let reads: Vec<Name> = query
            .relations
            .iter()
            .map(|name| self.resolve(name))
            .collect();
        if kind != RelationKind::Table {
            for read in &reads {
                let readers = self.readers.entry(read.clone()).or_default();
                if !readers.contains(&name) {
                    push(readers, name.clone());
                }
            }
        }
        let mut read_columns = query.columns.clone();
        let mut reads_all_columns = query.all_columns;
        if let [only] = reads.as_slice()
            && reads_all_columns
            && let Some(table) = self.relations.get(only).filter(|table| table.is_complete)
        {
            // What is added later it does not read.
            read_columns.extend(table.columns.iter().map(|column| column.name.to_string()));
            reads_all_columns = false;
        }
        let relation = Relation {
            kind,
            made: Some(now),
            sure_since: Some(self.unseen),
            particulars: Some(Box::new(Particulars {
                reads,
                read_columns,
                reads_all_columns,
                ..Particulars::default()
            })),
            ..Relation::default()
        };
        self.relations.insert(name, Box::new(relation));
    }

    pub(super) fn attach(&mut self, parent: &Name, child: &Name, default: bool) {
        let (parent, child) = (self.resolve(parent), self.resolve(child));
        let relation = self.known(&child);
        relation.parent = Some(parent.clone());
        // What its parent gets, it gets too.
        relation.sure_since = None;
        let parent = self.known(&parent);
        if default {
            parent.default_child = Some(child.clone());
        }
        if !parent.children.contains(&child) {
            push(&mut parent.children, child);
        }
    }

    pub(super) fn detach(&mut self, parent: &Name, child: &Name, concurrently: bool) {
        let (name, child) = (self.resolve(parent), self.resolve(child));
        let parent = self.known(&name);
        parent.children.retain(|known| *known != child);
        if parent.default_child.as_ref() == Some(&child) {
            parent.default_child = None;
        }
        let partitioning = parent.partitioning.clone();
        let child = self.known(&child);
        child.parent = None;
        let bound = child.bound.take();
        if let (true, Some(partitioning), Some(bound)) = (concurrently, partitioning, bound) {
            child.kept_bound = Some(KeptBound {
                parent: name,
                partitioning,
                bound,
            });
        }
    }

    pub(super) fn alter(&mut self, alter: &Alter, now: Moment) {
        if matches!(alter.kind, Kind::Index | Kind::Type) {
            return;
        }
        let table = &alter.table;
        match &alter.action {
            Action::AddColumn {
                column,
                if_not_exists,
            } => {
                let name = self.resolve(table);
                let mut facts = self.facts(&name, column, now);
                // One that was there may have its values.
                facts.is_filled |= *if_not_exists && self.whole(table).is_none();
                let relation = self.known(table);
                let is_known = relation.column(&column.name).is_some();
                if is_known && *if_not_exists {
                    return;
                }
                relation.columns.replace(facts);
                relation.has_unknown_names |= column.names_not_null;
                self.add_generated(table, column);
                for constraint in &column.constraints {
                    self.add_constraint(table, constraint, now, constraint.enforced);
                }
            }
            Action::DropColumn { column, .. } => self.drop_column(table, column, now),
            Action::Default { column, default } => {
                let calls = default
                    .as_ref()
                    .and_then(|default| self.default_calls(table, default));
                self.change_column(table, column, |facts| {
                    facts.calls.clone_from(&calls);
                    facts.has_default = default.as_ref().is_some_and(|default| !default.is_null);
                    facts.has_constant =
                        default.as_ref().is_some_and(|default| default.is_constant);
                    facts.is_numbered = false;
                })
            }
            Action::SetNotNull(column) => {
                self.change_column(table, column, |facts| facts.not_null = true)
            }
            Action::DropNotNull(column) => {
                self.change_column(table, column, |facts| facts.not_null = false)
            }
            Action::SetType {
                column,
                to,
                collation,
                ..
            } => {
                let to = self.shared(to);
                self.change_column(table, column, |facts| {
                    facts.type_ = Arc::clone(&to);
                    facts.collation = collation.clone().map(Box::new);
                });
            }
            Action::DropExpression(column) => {
                self.change_column(table, column, |facts| facts.generated = None);
                self.known(table)
                    .forget(DependentKind::Generated, |name| name.name == *column);
            }
            Action::AddIdentity(column)
            | Action::Identity(column)
            | Action::Restart { column, .. } => {
                self.change_column(table, column, |facts| {
                    facts.has_default = true;
                    facts.is_always = false;
                    facts.calls = None;
                    // Where it starts may be anywhere.
                    facts.is_numbered = false;
                })
            }
            Action::ReplicaIdentity { identity, .. } => self.known(table).identity = *identity,
            Action::SetLogged(logged) => self.known(table).is_unlogged = !logged,
            Action::RowSecurity(Some(enabled)) => self.known(table).is_protected = *enabled,
            Action::AddConstraint(constraint) => {
                self.add_constraint(
                    table,
                    constraint,
                    now,
                    constraint.validated && constraint.enforced,
                );
            }
            Action::Validate(name) => {
                let relation = self.known(table);
                if let Some(constraint) = relation.constraints.named_mut(name) {
                    constraint.is_valid = true;
                    if let ConstraintKind::NotNull(column) = &constraint.kind {
                        let column = column.clone();
                        self.change_column(table, &column, |facts| facts.not_null = true);
                    }
                }
            }
            Action::AlterConstraint {
                constraint,
                enforced: Some(enforced),
            } => {
                let relation = self.known(table);
                if let Some(known) = relation.constraints.named_mut(constraint) {
                    known.is_valid = *enforced;
                    known.is_enforced = *enforced;
                }
            }
            Action::DropConstraint { constraint, .. } => self.drop_constraint(table, constraint),
            Action::Attach {
                child,
                default,
                bound,
            } => {
                self.attach(table, child, *default);
                self.known(child).bound.clone_from(bound);
            }
            Action::Inherit(parent) => self.attach(parent, table, false),
            Action::Detach {
                child,
                concurrently,
            } => self.detach(table, child, *concurrently),
            Action::NoInherit(parent) => self.detach(parent, table, false),
            _ => {}
        }
    }

    pub(super) fn change_column(
        &mut self,
        table: &Name,
        column: &str,
        change: impl Fn(&mut ColumnFacts),
    ) {
        let is_whole = self.whole(table).is_some();
        if self.known(table).columns.named(column).is_none() {
            // PostgreSQL refuses it.
            if is_whole {
                return;
            }
            let name = self.shared_name(column);
            self.known(table).columns.push(ColumnFacts {
                name,
                ..ColumnFacts::default()
            });
        }
        let columns = &mut self.known(table).columns;
        if let Some(facts) = columns.named_mut(column) {
            change(facts);
        }
    }

    /// With what depends on the column.
    pub(super) fn drop_column(&mut self, table: &Name, column: &str, now: Moment) {
        let relation = self.known(table);
        relation.columns.remove(column);
        relation.forget(DependentKind::Generated, |name| name.name == column);
        if relation.constraints.on(column).next().is_some() {
            let is_of_it = |kind: &ConstraintKind| kind.columns().iter().any(|of| of == column);
            let constraints = &mut relation.constraints;
            constraints.retain(|constraint| !is_of_it(&constraint.kind));
        }
        let indexes = relation.indexes.on(column);
        let gone: Vec<Name> = indexes.map(|index| Name::clone(&index.name)).collect();
        for name in gone {
            self.leaves(&name, now);
            self.drop_index(&name);
        }
    }

    fn facts(&mut self, table: &Name, column: &Column, now: Moment) -> ColumnFacts {
        let calls = match &column.default {
            _ if column.type_.is_serial() || column.identity => {
                let sequence = free_name(&table.name, &column.name, "seq", |name| {
                    self.is_sequence(&table.beside(name))
                });
                self.calls_of(table, Vec::new(), Some(table.beside(sequence)))
            }
            Some(default) => self.default_calls(table, default),
            None => None,
        };
        let type_ = match column.type_.serial_base() {
            Some(base) => self.shared(&Type::named(base)),
            None => self.shared(&column.type_),
        };
        ColumnFacts {
            name: self.shared_name(&column.name),
            type_,
            not_null: column.not_null || column.type_.is_serial(),
            has_default: column.has_value(),
            is_filled: column.has_value(),
            is_in_doubt: false,
            has_constant: column
                .default
                .as_ref()
                .is_some_and(|default| default.is_constant),
            is_numbered: column.type_.is_serial() || column.identity && !column.starts,
            calls,
            is_always: column.always,
            generated: column.generated,
            collation: column.collation.clone().map(Box::new),
            made: Some(now),
        }
    }

    /// Of the many columns most have a few names.
    pub(super) fn shared_name(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.get(name) {
            return Arc::clone(known);
        }
        let new: Arc<str> = name.into();
        self.names.insert(Arc::clone(&new));
        new
    }

    /// What a default needs, and that it does.
    fn default_calls(&mut self, table: &Name, default: &Expr) -> Option<Box<Calls>> {
        let functions = default.functions.iter();
        let asks = functions.clone().any(|function| function.name == "nextval");
        let sequence = default
            .words
            .first()
            .filter(|_| asks && default.words.len() == 1);
        let sequence = sequence.and_then(|words| Name::parse(words));
        let sequence = sequence.map(|name| self.place(&name));
        let users = functions.filter(|function| !effects::is_of_the_server(function));
        let functions = users.cloned().collect();
        self.calls_of(&self.resolve(table), functions, sequence)
    }

    fn calls_of(
        &mut self,
        table: &Name,
        functions: Vec<Name>,
        sequence: Option<Name>,
    ) -> Option<Box<Calls>> {
        if functions.is_empty() && sequence.is_none() {
            return None;
        }
        self.calls(table, &functions);
        self.calls(table, sequence.as_slice());
        Some(Box::new(Calls {
            functions,
            sequence,
        }))
    }

    /// Of the many columns most are of a few types.
    pub(super) fn shared(&mut self, type_: &Type) -> Arc<Type> {
        if let Some(known) = self.types.get(type_) {
            return Arc::clone(known);
        }
        let new = Arc::new(type_.clone());
        self.types.insert(Arc::clone(&new));
        new
    }
}
