//! What a file makes and takes away as a whole, known before its first statement is looked at.

use std::collections::HashSet;

use crate::model::{Action, Alter, Change, ConstraintKind, Policy};
use crate::name::Name;
use crate::parse::Parsed;

/// Of a file, or of as much of a great one as is parsed at once.
#[derive(Debug, Default)]
pub struct Ahead {
    /// Names of relations and types that it makes, or gives to others.
    pub made: HashSet<String>,
    /// Names of relations, types, indexes and constraints that it drops or takes away.
    pub gone: HashSet<String>,
    /// Indexes that it makes, with the columns that they begin with.
    pub indexes: Vec<(Name, Vec<String>)>,
    /// What these, and keys, are called.
    pub named: HashSet<String>,
    /// Tables to which it adds a primary key.
    pub keyed: HashSet<String>,
    /// Tables for which it makes policies.
    pub policied: HashSet<String>,
    /// Tables whose row security it enables.
    pub protected: HashSet<String>,
    /// Columns of tables that it gives a default, lets be null, or drops.
    pub filled: HashSet<(String, String)>,
    /// Tables that it says something of.
    pub commented: HashSet<String>,
    /// Tables that it analyzes; none: all.
    pub analyzed: HashSet<Option<String>>,
    /// Tables and indexes that it builds again.
    pub reindexed: HashSet<String>,
    /// Functions that it makes.
    pub functions: HashSet<String>,
    /// Tables whose rows it lets be known again where they are published.
    pub identified: HashSet<String>,
    /// Tables to which it adds rows.
    pub refilled: HashSet<String>,
    /// Whether it empties tables.
    pub empties: bool,
    /// Whether it sets a sequence.
    pub sets_sequences: bool,
    /// Whether it changes tables that it may not have made.
    pub alters: bool,
}

impl Ahead {
    /// Of these statements.
    pub fn of(parsed: &[Parsed]) -> Self {
        let mut ahead = Self::default();
        let changes = parsed.iter().filter_map(|parsed| match parsed {
            Parsed::Changes(changes) => Some(changes),
            Parsed::Refused(_) | Parsed::Unseen(_) => None,
        });
        changes.flatten().for_each(|change| ahead.add(change));
        ahead
    }

    fn add(&mut self, change: &Change) {
        match change {
            Change::CreateTable(table) => {
                self.made.insert(table.name.name.clone());
            }
            Change::CreateTableAs(table) => {
                self.made.insert(table.name.name.clone());
            }
            Change::CreateView { name, .. }
            | Change::CreateEnum { name, .. }
            | Change::CreateDomain { name, .. } => {
                self.made.insert(name.name.clone());
            }
            Change::Rename(rename) if rename.part.is_none() => {
                self.made.insert(rename.to.clone());
                self.gone.insert(rename.name.name.clone());
            }
            Change::Drop(drop) => self
                .gone
                .extend(drop.names.iter().map(|name| name.name.clone())),
            Change::CreateIndex(index) => {
                self.named.extend(index.name.clone());
                if index.finds_values() {
                    let columns = index.columns.iter().map_while(Clone::clone);
                    self.indexes.push((index.table.clone(), columns.collect()));
                }
            }
            Change::Policy(Policy { table, .. }) => {
                self.policied.insert(table.name.clone());
            }
            Change::Comment {
                table: Some(table), ..
            } => {
                self.commented.insert(table.name.clone());
            }
            Change::Analyze(tables) | Change::Vacuum { tables, .. } => match tables.is_empty() {
                true => drop(self.analyzed.insert(None)),
                false => self
                    .analyzed
                    .extend(tables.iter().map(|table| Some(table.name.clone()))),
            },
            Change::Reindex { name, .. } => {
                let name = name.as_ref().map(|name| name.name.clone());
                self.reindexed.extend(name);
            }
            Change::CreateFunction(function) => {
                self.functions.insert(function.name.name.clone());
            }
            Change::AlterSequence { .. } => self.sets_sequences = true,
            Change::Insert(insert) => {
                self.refilled.insert(insert.table.name.clone());
            }
            Change::CopyFrom { table, .. } => {
                self.refilled.insert(table.name.clone());
            }
            Change::Truncate { .. } => self.empties = true,
            Change::Delete(write) => self.empties |= !write.has_where,
            Change::Query(query) => self.sets_sequences |= query.calls("setval"),
            Change::Do(body) => {
                let code = body.code.to_lowercase();
                self.sets_sequences |= code.contains("setval") || code.contains("restart");
            }
            Change::Alter(alter) => self.alter(alter),
            _ => {}
        }
    }

    fn alter(&mut self, alter: &Alter) {
        self.alters = true;
        let table = &alter.table.name;
        match &alter.action {
            Action::RowSecurity(Some(true)) => {
                self.protected.insert(table.clone());
            }
            Action::ReplicaIdentity { .. } => {
                self.identified.insert(table.clone());
            }
            Action::AddIdentity(column)
            | Action::Identity(column)
            | Action::Restart { column, .. } => {
                self.sets_sequences = true;
                self.filled.insert((table.clone(), column.clone()));
            }
            Action::Default {
                column,
                default: Some(_),
            }
            | Action::DropNotNull(column)
            | Action::DropColumn { column, .. } => {
                self.filled.insert((table.clone(), column.clone()));
            }
            Action::DropConstraint { constraint, .. } => {
                self.gone.insert(constraint.clone());
            }
            Action::AddConstraint(constraint) if constraint.kind.has_index() => {
                self.named.extend(constraint.name.clone());
                self.add_key(&alter.table, &constraint.kind);
            }
            _ => {}
        }
    }

    fn add_key(&mut self, table: &Name, kind: &ConstraintKind) {
        let (ConstraintKind::Primary(key) | ConstraintKind::Unique(key)) = kind else {
            return;
        };
        if matches!(kind, ConstraintKind::Primary(_)) {
            self.keyed.insert(table.name.clone());
        }
        self.indexes.push((table.clone(), key.columns.clone()));
    }
}
