//! The effect of statements on what is known.

use super::{Catalogue, Domain, Enum, Moment, Relation, RelationKind, members};
use crate::effects;
use crate::model::{Change, Column, Dependent, DependentKind, Kind};
use crate::name::Name;

impl Catalogue {
    /// What is known after this.
    pub fn apply(&mut self, change: &Change, now: Moment) {
        if !self.is_followed(change) {
            self.doubt();
        }
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
                columns,
                query,
                temporary: false,
            } => {
                let name = self.place(name);
                let made = self
                    .relations
                    .get(&name)
                    .filter(|_| *replace)
                    .map(|view| view.made);
                let output = columns.as_ref().and_then(|columns| self.outputs(columns));
                self.create_reader(name.clone(), RelationKind::View, query, now);
                if let Some(view) = self.relations.get_mut(&name) {
                    view.made = made.unwrap_or(view.made);
                    view.output = output;
                }
            }
            Change::Alter(alter) => self.alter(alter, now),
            Change::CreateIndex(index) => self.create_index(index, now),
            Change::Drop(drop) => self.drop(drop, now),
            Change::Rename(rename) => self.rename(rename, now),
            Change::SetSchema { kind, name, schema } => self.set_schema(*kind, name, schema),
            Change::CreateEnum { name, values } => {
                let values = values.clone();
                self.add_type(name);
                self.enums
                    .insert(self.place(name), Enum { values, made: now });
            }
            Change::AddEnumValue { name, value, .. } => {
                let name = self.place(name);
                if let Some(known) = self.enums.get_mut(&name)
                    && !known.values.contains(value)
                {
                    known.values.push(value.clone());
                }
            }
            Change::RenameEnumValue { name, old, new } => {
                let name = self.place(name);
                let values = self.enums.get_mut(&name).map(|known| &mut known.values);
                let value = values.and_then(|values| values.iter_mut().find(|value| *value == old));
                if let Some(value) = value {
                    value.clone_from(new);
                }
            }
            Change::CreateType(name) => self.add_type(name),
            Change::CreateSchema { name, .. } => {
                self.made_schemas.insert(Name::bare(name), self.unseen);
            }
            Change::CreateDomain {
                name,
                base,
                constrained,
                not_null,
                default,
            } => {
                let default = default.as_deref();
                let domain = Domain {
                    has_volatile_default: default
                        .is_some_and(|default| effects::is_volatile(default, self)),
                    base: base.clone(),
                    is_constrained: *constrained,
                    is_not_null: *not_null,
                    made: now,
                };
                self.domains.insert(self.place(name), domain);
                self.add_type(name);
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
                let code = match function.body.language.as_str() {
                    "sql" | "plpgsql" => function.body.code.as_str(),
                    _ => "",
                };
                let name = self.place(&function.name);
                let mut signature = function.signature.clone();
                if let Some((returned, _)) = &mut signature.returns {
                    *returned = self.shared(returned);
                }
                let signatures = self.signatures.entry(name.clone()).or_default();
                signatures.retain(|(known, _)| !known.is_called_as(&signature));
                members::push(signatures, (signature, Some(self.unseen)));
                self.functions.insert(name, function.volatility, code);
            }
            Change::CreateTrigger {
                table,
                name,
                function,
                ..
            } => {
                let resolved = self.resolve(table);
                self.calls(&resolved, std::slice::from_ref(function));
                let triggers = &mut self.known(table).triggers;
                triggers.retain(|(known, _)| known != name);
                triggers.push((name.clone(), function.clone()));
            }
            // What is written to it may go elsewhere.
            Change::CreateRule { table, .. } => self.known(table).has_unknown_parts = true,
            Change::CreateSequence {
                name,
                if_not_exists,
                temporary,
                owner,
            } => {
                // One that goes with a column may be gone: whose it is is not followed.
                let is_sure = !if_not_exists && !temporary && owner.is_none();
                let sequence = Relation {
                    sure_since: is_sure.then_some(self.unseen),
                    kind: RelationKind::Sequence,
                    made: Some(now),
                    ..Relation::default()
                };
                self.relations.insert(self.place(name), Box::new(sequence));
            }
            Change::Policy(policy) => {
                self.has_policies = true;
                let relation = self.known(&policy.table);
                relation.has_policy = true;
                if policy.is_new && !relation.policies.contains(&policy.name) {
                    relation.policies.push(policy.name.clone());
                }
            }
            Change::Query(query) if query.calls("setval") => self.set_sequences(&query.words),
            Change::AlterSequence { name, owner, .. } => {
                self.set_sequences(std::slice::from_ref(&name.name));
                let place = self.resolve(name);
                if let Some(sequence) = self.relations.get_mut(&place).filter(|_| owner.is_some()) {
                    sequence.sure_since = None;
                }
            }
            Change::Publish(publication) => self.publish(publication),
            Change::Set(setting) if setting.name == "search_path" => {
                let parts = setting.values.iter().flat_map(|value| value.split(','));
                let parts = parts.map(|part| part.trim().trim_matches('"').to_string());
                self.path = parts
                    .filter(|part| !part.is_empty() && part != "$user" && part != "pg_catalog")
                    .collect();
                self.is_path_kept = !setting.local && self.path.iter().any(|part| part != "public");
            }
            _ => {}
        }
    }

    /// Names are looked for in `public` again, unless the next file shares the session.
    pub fn reset_path(&mut self) {
        if std::mem::take(&mut self.is_path_kept) {
            self.doubt();
        }
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
                let columns = &mut relation.columns;
                columns.change(|column| column.is_numbered = false);
            }
        }
    }

    /// The relation, or a stub of one that was there before.
    pub(super) fn known(&mut self, name: &Name) -> &mut Relation {
        let name = self.resolve(name);
        self.relations.entry(name).or_default()
    }

    /// A generated column stands in the way of changes to what it is computed from.
    pub(super) fn add_generated(&mut self, table: &Name, column: &Column) {
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
    pub(super) fn forget(&mut self, kind: DependentKind, is_gone: impl Fn(&Name) -> bool) {
        if !self.is_read_from_outside {
            return;
        }
        for relation in self.relations.values_mut() {
            relation.forget(kind, &is_gone);
        }
    }

    /// Something of the table calls these.
    pub(super) fn calls(&mut self, table: &Name, functions: &[Name]) {
        for function in functions {
            let callers = self.callers.entry(self.place(function)).or_default();
            if !callers.contains(table) {
                members::push(callers, table.clone());
            }
        }
    }
}
