//! Whether what is run later than it stood may be: nothing that then comes before it needs it, or changes what it is of.
//!
//! Only what is known to do neither lets it pass; all else, and all that is not seen, does not.

use std::collections::HashSet;

use super::around::{There, mentions, words};
use super::undo::Statement;
use crate::model::{
    Action, Alter, Change, Constraint, ConstraintKind, Kind, Query, Setting, Transaction,
};

/// Settings that change how long something takes, or what is said of it, and not what it does.
const HARMLESS_SETTINGS: &[&str] = &[
    "application_name",
    "check_function_bodies",
    "client_encoding",
    "client_min_messages",
    "deadlock_timeout",
    "default_table_access_method",
    "default_with_oids",
    "escape_string_warning",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "lock_timeout",
    "maintenance_work_mem",
    "max_parallel_maintenance_workers",
    "row_security",
    "standard_conforming_strings",
    "statement_timeout",
    "synchronous_commit",
    "transaction_timeout",
    "work_mem",
];

/// Functions of the server that change no definition.
const HARMLESS_FUNCTIONS: &[&str] = &[
    "coalesce",
    "count",
    "current_setting",
    "currval",
    "format",
    "greatest",
    "lastval",
    "least",
    "max",
    "min",
    "nextval",
    "now",
    "pg_get_serial_sequence",
    "set_config",
    "setval",
    "sum",
    "version",
];

/// What is run later than it stood.
#[derive(Debug, Default)]
pub struct Moved {
    /// Indexes, constraints and tables that it makes, takes away or checks.
    names: HashSet<String>,
    /// The tables that it is of.
    tables: HashSet<String>,
    words: HashSet<String>,
    text: String,
    /// Whether rows may be refused, or found, by what it makes or takes away.
    is_unique: bool,
    is_primary: bool,
    makes_index: bool,
    adds_constraint: bool,
    makes_not_null: bool,
    detaches: bool,
    /// Whether it does not say which table it is of.
    is_blind: bool,
}

impl Moved {
    /// These statements. Fails with the text of one whose effect is not known well enough.
    pub fn of<'a>(statements: impl IntoIterator<Item = &'a Statement>) -> Result<Self, String> {
        let mut moved = Self::default();
        for statement in statements {
            moved.text.push_str(&statement.sql);
            moved.words.extend(words(&statement.sql));
            let changes = statement.changes();
            if changes.is_empty() || !changes.iter().all(|change| moved.takes(change)) {
                return Err(statement.sql.clone());
            }
        }
        Ok(moved)
    }

    fn takes(&mut self, change: &Change) -> bool {
        match change {
            Change::CreateIndex(index) => {
                self.makes_index = true;
                self.is_unique |= index.unique;
                self.tables.insert(index.table.name.clone());
                return index.name.clone().is_some_and(|name| {
                    self.names.insert(name);
                    true
                });
            }
            Change::Drop(drop) => {
                self.names
                    .extend(drop.names.iter().map(|name| name.name.clone()));
                match drop.kind {
                    Kind::Index => {
                        self.is_blind = true;
                        self.is_unique = true;
                    }
                    Kind::Table => self.detaches = true,
                    _ => return false,
                }
            }
            Change::Reindex { name, greater, .. } => {
                self.names.extend(name.iter().map(|name| name.name.clone()));
                self.is_blind = true;
                return greater.is_none();
            }
            Change::CreateFunction(_) | Change::Analyze(_) => {}
            Change::Rename(rename) => {
                self.names
                    .extend([rename.name.name.clone(), rename.to.clone()]);
                return rename.kind == Kind::Index && rename.part.is_none();
            }
            Change::Alter(Alter { table, action, .. }) => {
                self.tables.insert(table.name.clone());
                return self.alters(action);
            }
            _ => return false,
        }
        true
    }

    fn alters(&mut self, action: &Action) -> bool {
        match action {
            Action::AddColumn { column, .. } => {
                column
                    .constraints
                    .iter()
                    .for_each(|constraint| self.adds(constraint));
            }
            Action::AddConstraint(constraint) => self.adds(constraint),
            Action::SetNotNull(_) => self.makes_not_null = true,
            Action::Validate(name)
            | Action::DropConstraint {
                constraint: name, ..
            } => {
                self.names.insert(name.clone());
            }
            Action::Attach { child, .. } => {
                self.names.insert(child.name.clone());
            }
            Action::Detach { child, .. } => {
                self.detaches = true;
                self.names.insert(child.name.clone());
            }
            _ => return false,
        }
        true
    }

    fn adds(&mut self, constraint: &Constraint) {
        self.names.extend(constraint.name.clone());
        self.adds_constraint = true;
        self.makes_index |= constraint.kind.has_index();
        self.is_unique |= constraint.kind.has_index();
        self.is_primary |= matches!(constraint.kind, ConstraintKind::Primary(_));
        match &constraint.kind {
            ConstraintKind::Foreign { table, .. } => {
                self.tables.insert(table.name.clone());
            }
            ConstraintKind::NotNull(_) => self.makes_not_null = true,
            _ => {}
        }
    }

    /// Whether it may be run behind this as well as before it.
    pub fn passes(&self, there: &There) -> bool {
        let Some(changes) = &there.changes else {
            return false;
        };
        let is_named = self.names.iter().any(|name| there.mentions(name));
        !changes.is_empty()
            && !is_named
            && changes
                .iter()
                .all(|change| self.passes_change(there, change))
    }

    /// Whether this takes away what keeps duplicates out until what it makes does: an index, of whichever table, or a
    /// constraint of its own.
    pub fn is_awaited_by(&self, there: &There) -> bool {
        let takes_away = |change: &Change| match change {
            Change::Drop(drop) => drop.kind == Kind::Index,
            Change::Alter(Alter { table, action, .. }) => {
                matches!(action, Action::DropConstraint { .. }) && self.tables.contains(&table.name)
            }
            _ => false,
        };
        let changes = there.changes.as_deref().unwrap_or_default();
        self.is_unique && self.makes_index && changes.iter().any(takes_away)
    }

    fn passes_change(&self, there: &There, change: &Change) -> bool {
        let is_of_table = self.is_of_table(there);
        let is_apart = |names: &[&str]| names.iter().all(|name| !self.says(name));
        match change {
            Change::Set(setting) => is_harmless(setting),
            Change::Transaction(transaction) => {
                matches!(transaction, Transaction::Begin | Transaction::Commit(false))
            }
            Change::Comment { .. }
            | Change::Grant(_)
            | Change::Analyze(_)
            | Change::Lock { .. } => true,
            Change::Query(query) => is_harmless_query(query) && !(self.is_unique && is_of_table),
            Change::Insert(_)
            | Change::Update(_)
            | Change::Delete(_)
            | Change::CopyFrom { .. }
            | Change::Truncate { .. } => !self.is_unique && !self.detaches,
            Change::CreateTable(table) => {
                let copies = !table.like.is_empty()
                    || !table.inherits.is_empty()
                    || table.partition_of.is_some()
                    || table.is_typed;
                is_apart(&[&table.name.name])
                    && !(is_of_table && (self.is_unique || self.detaches))
                    && !(copies && (is_of_table || self.is_blind))
            }
            Change::CreateTableAs(table) => {
                is_apart(&[&table.name.name]) && !(is_of_table && self.is_unique)
            }
            Change::CreateView { name, .. } => {
                is_apart(&[&name.name]) && !(is_of_table && (self.is_unique || self.detaches))
            }
            Change::CreateFunction(function) => {
                is_apart(&[&function.name.name]) && !(is_of_table && self.is_unique)
            }
            Change::CreateSequence { name, .. }
            | Change::CreateType(name)
            | Change::CreateEnum { name, .. }
            | Change::CreateDomain { name, .. }
            | Change::AddEnumValue { name, .. }
            | Change::AlterSequence { name, .. } => is_apart(&[&name.name]),
            Change::CreateTrigger { .. }
            | Change::Policy(_)
            | Change::Describe { .. }
            | Change::Depends(_)
            | Change::Publish(_) => !(is_of_table && (self.is_unique || self.detaches)),
            Change::CreateIndex(index) => {
                // Which name it gets may hang on what is there before it.
                let is_named = index.name.is_some();
                is_named || !(is_of_table || self.is_blind)
            }
            Change::Drop(drop) => {
                !drop.cascade
                    && !self.is_blind
                    && drop.kind != Kind::Schema
                    && drop.names.iter().all(|name| is_apart(&[&name.name]))
            }
            Change::Rename(rename) => {
                let part = rename.part.as_deref().unwrap_or_default();
                rename.kind != Kind::Schema
                    && is_apart(&[&rename.name.name, part, &rename.to])
                    && !(self.is_blind && rename.kind == Kind::Index)
            }
            Change::Alter(alter) => self.passes_alter(there, alter),
            _ => false,
        }
    }

    fn passes_alter(&self, there: &There, alter: &Alter) -> bool {
        let is_of_table = self.is_of_table(there);
        let adds = |constraint: &Constraint| {
            let is_of_key = self.is_unique
                && matches!(&constraint.kind, ConstraintKind::Foreign { table, .. } if self.tables.contains(&table.name));
            let is_key =
                self.makes_not_null && matches!(constraint.kind, ConstraintKind::Primary(_));
            // Which name it gets may hang on what is there before it.
            let is_nameless = constraint.name.is_none()
                && (self.adds_constraint
                    || (self.makes_index || self.is_blind) && constraint.kind.has_index());
            let is_near = is_of_table || self.is_blind;
            !(is_of_key || is_of_table && is_key || is_near && is_nameless)
        };
        if is_of_table && self.detaches {
            return false;
        }
        match &alter.action {
            Action::AddColumn { column, .. } => column.constraints.iter().all(adds),
            Action::AddConstraint(constraint) => adds(constraint),
            Action::Default { .. }
            | Action::SetNotNull(_)
            | Action::Validate(_)
            | Action::ColumnStatistics
            | Action::ColumnStorage
            | Action::RowSecurity(_)
            | Action::Restart { .. } => true,
            // Rows come in then that no foreign key has seen.
            Action::Trigger { .. } => !is_of_table,
            Action::DropNotNull(name) => {
                !((self.makes_not_null || self.is_primary || self.is_blind) && self.says(name))
            }
            Action::DropColumn {
                column: name,
                cascade: false,
                ..
            }
            | Action::DropConstraint {
                constraint: name,
                cascade: false,
                ..
            }
            | Action::SetType { column: name, .. } => !self.is_blind && !self.says(name),
            _ => false,
        }
    }

    /// Whether a statement names a table that it is of.
    fn is_of_table(&self, there: &There) -> bool {
        self.tables.iter().any(|table| there.mentions(table))
    }

    /// Whether it has this word.
    fn says(&self, name: &str) -> bool {
        !name.is_empty() && mentions(&self.text, &self.words, name)
    }
}

fn is_harmless(setting: &Setting) -> bool {
    HARMLESS_SETTINGS.contains(&setting.name.as_str())
}

fn is_harmless_query(query: &Query) -> bool {
    let is_known = |name: &str| HARMLESS_FUNCTIONS.contains(&name);
    let functions = query
        .functions
        .iter()
        .map(|function| function.name.as_str());
    functions.into_iter().all(is_known) && query.settings.iter().all(is_harmless)
}

/// Whether what stands before a statement leaves its meaning as it is in a file of its own.
pub fn sets_nothing(there: &There) -> bool {
    let Some(changes) = &there.changes else {
        return false;
    };
    changes.iter().all(|change| match change {
        Change::Set(setting) => is_harmless(setting),
        Change::Query(query) => is_harmless_query(query),
        Change::Do(_) | Change::Unseen => false,
        Change::Transaction(transaction) => {
            matches!(transaction, Transaction::Begin | Transaction::Commit(false))
        }
        _ => true,
    })
}

#[cfg(test)]
mod tests;
