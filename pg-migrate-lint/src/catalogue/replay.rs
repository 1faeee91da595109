//! The effect of statements on what is known.

use super::{
    Catalogue, ColumnFacts, ConstraintFacts, Domain, Enum, FunctionFacts, Index, Moment, Relation,
    RelationKind, type_name,
};
use crate::model::{
    Action, Alter, Change, Column, Constraint, ConstraintKind, CreateIndex, CreateTable, Dependent,
    DependentKind, Drop, Kind, Query, Rename,
};
use crate::name::Name;

impl Catalogue {
    /// What is known after this.
    pub fn apply(&mut self, change: &Change, now: Moment) {
        match change {
            Change::CreateTable(table) => self.create_table(table, now),
            Change::CreateTableAs(table) => {
                let kind = match table.kind {
                    Kind::MaterializedView => RelationKind::MaterializedView,
                    _ => RelationKind::Table,
                };
                let name = self.place(&table.name);
                if !(table.if_not_exists && self.relations.contains_key(&name)) {
                    self.create_reader(name.clone(), kind, &table.query, now);
                    if let Some(relation) = self.relations.get_mut(&name) {
                        relation.is_temporary = table.temporary;
                    }
                }
            }
            Change::CreateView {
                name,
                replace,
                query,
            } => {
                let name = self.place(name);
                let made = self
                    .relations
                    .get(&name)
                    .filter(|_| *replace)
                    .map(|view| view.made);
                self.create_reader(name.clone(), RelationKind::View, query, now);
                if let (Some(made), Some(view)) = (made, self.relations.get_mut(&name)) {
                    view.made = made;
                }
            }
            Change::Alter(alter) => self.alter(alter, now),
            Change::CreateIndex(index) => self.create_index(index, now),
            Change::Drop(drop) => self.drop(drop),
            Change::Rename(rename) => self.rename(rename),
            Change::SetSchema { kind, name, schema } => self.set_schema(*kind, name, schema),
            Change::CreateEnum { name, values } => {
                let values = values.clone();
                self.enums
                    .insert(self.place(name), Enum { values, made: now });
            }
            Change::AddEnumValue { name, value } => {
                let name = self.place(name);
                if let Some(known) = self.enums.get_mut(&name) {
                    known.values.push(value.clone());
                }
            }
            Change::CreateDomain {
                name,
                base,
                constrained,
                not_null,
            } => {
                let domain = Domain {
                    base: base.clone(),
                    is_constrained: *constrained,
                    is_not_null: *not_null,
                    made: now,
                };
                self.domains.insert(self.place(name), domain);
            }
            Change::AlterDomain { name, action } => {
                use crate::model::DomainAction::{AddConstraint, SetNotNull};
                let name = self.place(name);
                if let Some(domain) = self.domains.get_mut(&name) {
                    domain.is_not_null |= *action == SetNotNull;
                    domain.is_constrained |= matches!(action, AddConstraint { .. } | SetNotNull);
                }
            }
            Change::Depends(dependents) => {
                for (table, dependent) in dependents {
                    use DependentKind::{Function, Publication};
                    self.is_read_from_outside |= matches!(dependent.kind, Function | Publication);
                    let relation = self.known(table);
                    relation.forget(dependent.kind, |name| *name == dependent.name);
                    relation.dependents.push(dependent.clone());
                }
            }
            Change::CreateFunction(function) => {
                self.forget(DependentKind::Function, |name| *name == function.name);
                let facts = FunctionFacts {
                    volatility: function.volatility,
                    code: match function.body.language.as_str() {
                        "sql" | "plpgsql" => function.body.code.as_str().into(),
                        _ => "".into(),
                    },
                };
                self.functions.insert(self.place(&function.name), facts);
            }
            Change::CreateSequence(name) => {
                let sequence = Relation {
                    kind: RelationKind::Sequence,
                    made: Some(now),
                    ..Relation::default()
                };
                self.relations.insert(self.place(name), sequence);
            }
            Change::Policy(table) => self.known(table).has_policy = true,
            Change::Query(query) if query.calls("setval") => self.set_sequences(&query.words),
            Change::AlterSequence(name) => self.set_sequences(std::slice::from_ref(&name.name)),
            Change::Set(setting) if setting.name == "search_path" => {
                let parts = setting.values.iter().flat_map(|value| value.split(','));
                let parts = parts.map(|part| part.trim().trim_matches('"').to_string());
                self.path = parts
                    .filter(|part| !part.is_empty() && part != "$user" && part != "pg_catalog")
                    .collect();
            }
            _ => {}
        }
    }

    /// Names are looked for in `public` again.
    pub fn reset_path(&mut self) {
        self.path.clear();
    }

    /// Where the sequences of these names, or of tables of these names, stand is no longer known.
    fn set_sequences(&mut self, words: &[String]) {
        for (name, relation) in &mut self.relations {
            let is_meant = words.iter().any(|word| {
                let word = word.rsplit('.').next().unwrap_or_default();
                let rest = word.trim_matches('"').strip_prefix(name.name.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
            });
            if is_meant {
                relation
                    .columns
                    .iter_mut()
                    .for_each(|column| column.is_numbered = false);
            }
        }
    }

    /// The relation, or a stub of one that was there before.
    fn known(&mut self, name: &Name) -> &mut Relation {
        let name = self.resolve(name);
        self.relations.entry(name).or_default()
    }

    fn create_table(&mut self, table: &CreateTable, now: Moment) {
        let name = self.place(&table.name);
        if table.if_not_exists && self.relations.contains_key(&name) {
            return;
        }
        let mut relation = Relation {
            kind: match table.partitioned_by {
                Some(_) => RelationKind::Partitioned,
                None => RelationKind::Table,
            },
            is_complete: table.like.is_empty()
                && table.inherits.is_empty()
                && table.partition_of.is_none(),
            partition_columns: table.partitioned_by.clone().unwrap_or_default(),
            made: Some(now),
            is_temporary: table.temporary,
            may_have_keys: !table.like.is_empty() || table.partition_of.is_some(),
            ..Relation::default()
        };
        // Of just this size: most of what is known are the columns of tables that never change again.
        relation.columns = table
            .columns
            .iter()
            .map(|column| facts(column, now))
            .collect();
        let parents = table.partition_of.iter().map(|(parent, _)| parent);
        for parent in parents.chain(&table.like).chain(&table.inherits) {
            if let Some(parent) = self.relation(parent) {
                relation.columns.extend(parent.columns.iter().cloned());
                relation.is_complete = parent.is_complete;
            }
        }
        self.relations.insert(name.clone(), relation);
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
        }
        for parent in &table.inherits {
            self.attach(parent, &name, false);
        }
    }

    fn create_reader(&mut self, name: Name, kind: RelationKind, query: &Query, now: Moment) {
        let reads: Vec<Name> = query
            .relations
            .iter()
            .map(|name| self.resolve(name))
            .collect();
        if kind != RelationKind::Table {
            for read in &reads {
                let readers = self.readers.entry(read.clone()).or_default();
                if !readers.contains(&name) {
                    readers.push(name.clone());
                }
            }
        }
        let relation = Relation {
            kind,
            made: Some(now),
            reads,
            read_columns: query.columns.clone(),
            reads_all_columns: query.all_columns,
            ..Relation::default()
        };
        self.relations.insert(name, relation);
    }

    fn attach(&mut self, parent: &Name, child: &Name, default: bool) {
        let (parent, child) = (self.resolve(parent), self.resolve(child));
        self.known(&child).parent = Some(parent.clone());
        let parent = self.known(&parent);
        if default {
            parent.default_child = Some(child.clone());
        }
        if !parent.children.contains(&child) {
            parent.children.push(child);
        }
    }

    fn detach(&mut self, parent: &Name, child: &Name) {
        let child = self.resolve(child);
        let parent = self.known(parent);
        parent.children.retain(|known| *known != child);
        if parent.default_child.as_ref() == Some(&child) {
            parent.default_child = None;
        }
        self.known(&child).parent = None;
    }

    fn alter(&mut self, alter: &Alter, now: Moment) {
        if matches!(alter.kind, Kind::Index | Kind::Type) {
            return;
        }
        let table = &alter.table;
        match &alter.action {
            Action::AddColumn {
                column,
                if_not_exists,
            } => {
                let relation = self.known(table);
                let is_known = relation.column(&column.name).is_some();
                if is_known && *if_not_exists {
                    return;
                }
                relation.columns.retain(|known| known.name != column.name);
                relation.columns.push(facts(column, now));
                self.add_generated(table, column);
                for constraint in &column.constraints {
                    self.add_constraint(table, constraint, now, constraint.enforced);
                }
            }
            Action::DropColumn { column, .. } => self.drop_column(table, column),
            Action::Default { column, default } => self.change_column(table, column, |facts| {
                facts.has_default = default.as_ref().is_some_and(|default| !default.is_null);
                facts.has_constant = default.as_ref().is_some_and(|default| default.is_constant);
                facts.is_numbered = false;
            }),
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
            } => self.change_column(table, column, |facts| {
                facts.type_ = to.clone();
                facts.collation = collation.clone();
            }),
            Action::DropExpression(column) => {
                self.change_column(table, column, |facts| facts.generated = None);
                self.known(table)
                    .forget(DependentKind::Generated, |name| name.name == *column);
            }
            Action::AddIdentity(column) | Action::Identity(column) => {
                self.change_column(table, column, |facts| {
                    facts.has_default = true;
                    // Where it starts may be anywhere.
                    facts.is_numbered = false;
                })
            }
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
                let mut constraints = relation.constraints.iter_mut();
                if let Some(constraint) = constraints.find(|constraint| constraint.name == *name) {
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
                let mut constraints = relation.constraints.iter_mut();
                if let Some(known) = constraints.find(|known| known.name == *constraint) {
                    known.is_valid = *enforced;
                    known.is_enforced = *enforced;
                }
            }
            Action::DropConstraint { constraint, .. } => self.drop_constraint(table, constraint),
            Action::Attach { child, default } => self.attach(table, child, *default),
            Action::Inherit(parent) => self.attach(parent, table, false),
            Action::Detach { child, .. } => self.detach(table, child),
            Action::NoInherit(parent) => self.detach(parent, table),
            _ => {}
        }
    }

    fn change_column(&mut self, table: &Name, column: &str, change: impl Fn(&mut ColumnFacts)) {
        let relation = self.known(table);
        let place = relation
            .columns
            .iter()
            .position(|known| known.name == column);
        let place = place.unwrap_or_else(|| {
            relation.columns.push(ColumnFacts {
                name: column.to_string(),
                ..ColumnFacts::default()
            });
            relation.columns.len() - 1
        });
        change(&mut relation.columns[place]);
    }

    /// With what depends on the column.
    fn drop_column(&mut self, table: &Name, column: &str) {
        let has = |columns: &[String]| columns.iter().any(|part| part == column);
        let relation = self.known(table);
        relation.columns.retain(|known| known.name != column);
        relation.forget(DependentKind::Generated, |name| name.name == column);
        relation
            .constraints
            .retain(|constraint| match &constraint.kind {
                ConstraintKind::Check(expr) => !has(&expr.columns),
                ConstraintKind::NotNull(of) => of != column,
                ConstraintKind::Primary(key) | ConstraintKind::Unique(key) => !has(&key.columns),
                ConstraintKind::Foreign { columns, .. } => !has(columns),
                ConstraintKind::Exclude => true,
            });
        let table = self.resolve(table);
        let indexes = self
            .relations
            .get(&table)
            .map(|relation| relation.indexes.iter());
        let has_it = |index: &Index| index.columns.iter().flatten().any(|part| part == column);
        let gone = indexes
            .into_iter()
            .flatten()
            .filter(|name| self.indexes.get(*name).is_some_and(has_it));
        let gone: Vec<Name> = gone.cloned().collect();
        gone.iter().for_each(|name| self.drop_index(name));
    }

    fn drop_index(&mut self, name: &Name) {
        if let Some(index) = self.indexes.remove(name) {
            let table = self.known(&index.table);
            table.indexes.retain(|known| known != name);
        }
    }

    fn drop_constraint(&mut self, table: &Name, constraint: &str) {
        let name = self.resolve(table);
        let before: Vec<Name> = self
            .referenced(&name)
            .map(|(_, table)| table.clone())
            .collect();
        self.known(table)
            .constraints
            .retain(|known| known.name != constraint);
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

    fn add_constraint(
        &mut self,
        table: &Name,
        constraint: &Constraint,
        now: Moment,
        is_valid: bool,
    ) {
        let table = self.resolve(table);
        let name = constraint.name.clone().unwrap_or_else(|| {
            let known = self.relations.get(&table);
            default_name(&table, &constraint.kind, |name| {
                known.is_some_and(|table| table.constraint(name).is_some())
            })
        });
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
                    let index = self.indexes.remove(&table.beside(used.clone()));
                    let columns = index.map(|index| index.columns).unwrap_or_default();
                    key.columns = columns.into_iter().flatten().collect();
                    self.known(&table)
                        .indexes
                        .retain(|known| known.name != *used);
                }
                if is_primary {
                    for column in key.columns.clone() {
                        self.change_column(&table, &column, |facts| facts.not_null = true);
                    }
                }
                let index = Index {
                    table: table.clone(),
                    columns: key.columns.iter().cloned().map(Some).collect(),
                    is_unique: true,
                    finds_values: true,
                    is_btree: true,
                    made: Some(now),
                    ..Index::default()
                };
                self.indexes.insert(table.beside(name.clone()), index);
                self.known(&table).indexes.push(table.beside(name.clone()));
            }
            _ => {}
        }
        let relation = self.known(&table);
        relation.constraints.retain(|known| known.name != name);
        relation.constraints.push(ConstraintFacts {
            name,
            kind,
            is_valid,
            is_enforced: constraint.enforced,
        });
    }

    /// A generated column stands in the way of changes to what it is computed from.
    fn add_generated(&mut self, table: &Name, column: &Column) {
        let Some(expression) = &column.expression else {
            return;
        };
        let dependent = Dependent {
            kind: DependentKind::Generated,
            name: Name::bare(column.name.clone()),
            columns: expression.columns.clone(),
        };
        self.known(table).dependents.push(dependent);
    }

    /// What depended on columns of any table is gone.
    fn forget(&mut self, kind: DependentKind, is_gone: impl Fn(&Name) -> bool) {
        if !self.is_read_from_outside {
            return;
        }
        for relation in self.relations.values_mut() {
            relation.forget(kind, &is_gone);
        }
    }

    fn create_index(&mut self, index: &CreateIndex, now: Moment) {
        let table = self.resolve(&index.table);
        let name = index.name.clone().unwrap_or_else(|| {
            let columns: Vec<&str> = index
                .columns
                .iter()
                .map(|column| column.as_deref().unwrap_or("expr"))
                .collect();
            format!("{}_{}_idx", table.name, columns.join("_"))
        });
        let name = table.beside(name);
        if index.if_not_exists && self.indexes.contains_key(&name) {
            return;
        }
        let expressions = index.expressions.iter();
        let functions: Vec<Name> = expressions
            .flat_map(|expr| expr.functions.iter().cloned())
            .collect();
        self.calls(&table, &functions);
        let facts = Index {
            functions,
            table: table.clone(),
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
        };
        self.indexes.insert(name.clone(), facts);
        let relation = self.known(&table);
        relation.indexes.retain(|known| *known != name);
        relation.indexes.push(name);
    }

    /// Something of the table calls these.
    fn calls(&mut self, table: &Name, functions: &[Name]) {
        for function in functions {
            let callers = self.callers.entry(self.place(function)).or_default();
            if !callers.contains(table) {
                callers.push(table.clone());
            }
        }
    }

    fn drop(&mut self, drop: &Drop) {
        for name in &drop.names {
            match drop.kind {
                Kind::Table
                | Kind::View
                | Kind::MaterializedView
                | Kind::ForeignTable
                | Kind::Sequence => {
                    self.drop_relation(&self.resolve(name), drop.cascade);
                }
                Kind::Index => self.drop_index(&self.resolve(name)),
                Kind::Type | Kind::Domain => {
                    let name = self.place(name);
                    self.enums.remove(&name);
                    self.domains.remove(&name);
                }
                Kind::Function => {
                    self.forget(DependentKind::Function, |known| known.name == name.name);
                    self.functions.remove(&self.place(name));
                }
                // Which of them it was is not told here.
                Kind::Trigger => self.known(name).forget(DependentKind::Trigger, |_| true),
                Kind::Policy => self.known(name).forget(DependentKind::Policy, |_| true),
                Kind::Rule => self.known(name).forget(DependentKind::Rule, |_| true),
                Kind::Other => {
                    self.forget(DependentKind::Publication, |known| known.name == name.name);
                }
                Kind::Schema => {
                    let schema = Some(name.name.clone()).filter(|schema| schema != "public");
                    self.relations.retain(|known, _| known.schema != schema);
                    self.indexes.retain(|known, _| known.schema != schema);
                }
                _ => {}
            }
        }
    }

    fn drop_relation(&mut self, name: &Name, cascade: bool) {
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
            for index in relation.indexes {
                self.indexes.remove(&index);
            }
            if let Some(parent) = relation
                .parent
                .filter(|parent| self.relations.contains_key(parent))
            {
                let parent = self.known(&parent);
                parent.children.retain(|known| known != name);
                parent.default_child = parent.default_child.take().filter(|known| known != name);
            }
            for read in relation.reads {
                if let Some(readers) = self.readers.get_mut(&read) {
                    readers.retain(|known| known != name);
                }
            }
            for child in relation.children {
                self.drop_relation(&child, cascade);
            }
        }
        if cascade {
            for reader in self.readers.remove(name).unwrap_or_default() {
                self.drop_relation(&reader, true);
            }
        }
    }

    fn rename(&mut self, rename: &Rename) {
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
                self.move_relation(&old, &old.beside(rename.to.clone()));
            }
            (Kind::Column, Some(old)) => {
                let to = rename.to.clone();
                self.change_column(&rename.name, old, |facts| facts.name = to.clone());
                self.rename_column(&rename.name, old, &to);
            }
            (Kind::Index, None) => {
                let old = self.resolve(&rename.name);
                if let Some(index) = self.indexes.remove(&old) {
                    let new = old.beside(rename.to.clone());
                    let table = self.known(&index.table);
                    table.indexes.retain(|known| *known != old);
                    table.indexes.push(new.clone());
                    self.indexes.insert(new, index);
                }
            }
            (Kind::Constraint, Some(old)) => {
                let relation = self.known(&rename.name);
                let mut constraints = relation.constraints.iter_mut();
                if let Some(constraint) = constraints.find(|constraint| constraint.name == *old) {
                    constraint.name.clone_from(&rename.to);
                }
            }
            (Kind::Type, None) => {
                let old = self.place(&rename.name);
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
                            facts.type_.name.clone_from(&rename.to)
                        });
                    }
                }
            }
            _ => {}
        }
    }

    fn rename_column(&mut self, table: &Name, old: &str, new: &str) {
        let swap = |column: &mut String| {
            if column == old {
                *column = new.to_string();
            }
        };
        let relation = self.known(table);
        for dependent in &mut relation.dependents {
            dependent.columns.iter_mut().for_each(swap);
            if dependent.kind == DependentKind::Generated {
                swap(&mut dependent.name.name);
            }
        }
        let indexes = relation.indexes.clone();
        for constraint in &mut relation.constraints {
            match &mut constraint.kind {
                ConstraintKind::Check(expr) => {
                    expr.columns.iter_mut().for_each(swap);
                    expr.proves_not_null.iter_mut().for_each(swap);
                }
                ConstraintKind::NotNull(column) => swap(column),
                ConstraintKind::Primary(key) | ConstraintKind::Unique(key) => {
                    key.columns.iter_mut().for_each(swap)
                }
                ConstraintKind::Foreign { columns, .. } => columns.iter_mut().for_each(swap),
                ConstraintKind::Exclude => {}
            }
        }
        for name in indexes {
            if let Some(index) = self.indexes.get_mut(&name) {
                let columns = index.columns.iter_mut().flatten();
                columns.chain(&mut index.reads).for_each(swap);
            }
        }
    }

    fn set_schema(&mut self, kind: Kind, name: &Name, schema: &str) {
        if matches!(
            kind,
            Kind::Table | Kind::View | Kind::MaterializedView | Kind::Sequence
        ) {
            let old = self.resolve(name);
            let new = self.place(&Name::of(schema, &old.name));
            self.move_relation(&old, &new);
        }
    }

    fn move_relation(&mut self, old: &Name, new: &Name) {
        let Some(relation) = self.relations.remove(old) else {
            // It was there before; under its new name it is no newer.
            self.relations.entry(new.clone()).or_default();
            return;
        };
        for name in &relation.indexes {
            if let Some(index) = self.indexes.get_mut(name) {
                index.table = new.clone();
            }
        }
        self.relations.insert(new.clone(), relation);
        for names in self
            .referencing
            .values_mut()
            .chain(self.readers.values_mut())
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
        let referencing = self.referencing.get(new).cloned().unwrap_or_default();
        for name in referencing {
            for constraint in &mut self.known(&name).constraints {
                if let ConstraintKind::Foreign { table, .. } = &mut constraint.kind
                    && table == old
                {
                    *table = new.clone();
                }
            }
        }
    }
}

fn facts(column: &Column, now: Moment) -> ColumnFacts {
    let mut type_ = column.type_.clone();
    if let Some(base) = type_.serial_base() {
        type_ = crate::types::Type::named(base);
    }
    ColumnFacts {
        name: column.name.clone(),
        type_,
        not_null: column.not_null || column.type_.is_serial(),
        has_default: column.has_value(),
        has_constant: column
            .default
            .as_ref()
            .is_some_and(|default| default.is_constant),
        is_numbered: column.type_.is_serial() || column.identity && !column.starts,
        generated: column.generated,
        collation: column.collation.clone(),
        made: Some(now),
    }
}

/// The name that PostgreSQL chooses: that of what it is of, cut so that all fits, and numbered where it is taken.
fn default_name(table: &Name, kind: &ConstraintKind, is_taken: impl Fn(&str) -> bool) -> String {
    let (columns, label): (&[String], _) = match kind {
        ConstraintKind::Check(expr) => match expr.columns.as_slice() {
            columns @ [_] => (columns, "check"),
            _ => (&[], "check"),
        },
        ConstraintKind::NotNull(column) => (std::slice::from_ref(column), "not_null"),
        ConstraintKind::Primary(_) => (&[], "pkey"),
        ConstraintKind::Unique(key) => (&key.columns, "key"),
        ConstraintKind::Foreign { columns, .. } => (columns, "fkey"),
        ConstraintKind::Exclude => (&[], "excl"),
    };
    let columns = columns.join("_");
    let first = object_name(&table.name, &columns, label);
    let numbered =
        (1..).map(|number| object_name(&table.name, &columns, &format!("{label}{number}")));
    let mut names = std::iter::once(first).chain(numbered);
    names.find(|name| !is_taken(name)).unwrap_or_default()
}

/// As the server's `makeObjectName` does: the longer of both is cut until all fits.
fn object_name(table: &str, columns: &str, label: &str) -> String {
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
