//! What a rule sees: a change, what it takes and does, and all that was before it.

use crate::ahead::Ahead;
use crate::catalogue::{Catalogue, Moment, Relation};
use crate::effects::{Impact, Server};
use crate::finding::Finding;
use crate::fix::code;
use crate::lock::{Mode, Work};
use crate::model::{Action, Alter, Change, Column, Constraint, ConstraintKind, Kind};
use crate::name::Name;
use crate::rules::Rule;
use crate::session::Session;

/// The view of one change.
#[derive(Debug)]
pub struct Look<'a> {
    /// What is done.
    pub change: &'a Change,
    /// What it takes and does.
    pub impact: &'a Impact,
    /// What is known before it.
    pub catalogue: &'a Catalogue,
    /// The session before it.
    pub session: &'a Session,
    /// Where it is run.
    pub server: Server,
    /// The number of its file.
    pub file: usize,
    /// The statement as it is written.
    pub text: &'a str,
    /// Where the statement is in the file.
    pub start: usize,
    /// Behind it.
    pub end: usize,
    /// The other changes of the statement, in order, with this one.
    pub siblings: &'a [Change],
    /// Which of them this is.
    pub place: usize,
    /// Whether the statement stands in a function's body or a DO block.
    pub is_nested: bool,
    /// Whether it may not be run, or its error be caught, because it stands there.
    pub is_in_doubt: bool,
    /// Whether it is the file's last one.
    pub is_last: bool,
    /// What the file makes and takes away, before and after this.
    pub ahead: &'a Ahead,
    /// Whether all that the file did so far was seen.
    pub is_all_seen: bool,
    /// How many findings there were before it.
    pub said: usize,
}

impl Look<'_> {
    /// A finding of this statement.
    pub fn finding(&self, rule: &'static Rule, message: impl Into<String>) -> Finding {
        Finding::new(rule, message, self.start..self.end)
    }

    /// A finding about a relation, with the lock on it and what is done to it.
    pub fn finding_on(
        &self,
        rule: &'static Rule,
        name: &Name,
        message: impl Into<String>,
    ) -> Finding {
        let resolved = self.catalogue.resolve(name);
        let work = self
            .impact
            .work
            .iter()
            .find(|(known, _)| *known == resolved);
        let mut finding = self.finding(rule, message).on(name);
        finding.lock = self.impact.lock_on(&resolved);
        let greatest = || self.worked_on().map(|(_, work)| work).max();
        finding.work = match work {
            Some((_, work)) => *work,
            None => greatest().unwrap_or(Work::None),
        };
        finding
    }

    /// A table whose lock or work a finding speaks of, and that no earlier statement made: the one that it names, if
    /// that is one of them.
    pub fn unknown(&self, finding: &Finding) -> Option<&Name> {
        if finding.lock.is_none() && finding.work == Work::None {
            return None;
        }
        let locked = self.impact.locks.iter().map(|(name, _)| name);
        let worked = self.impact.work.iter().map(|(name, _)| name);
        let tables = || locked.clone().chain(worked.clone());
        let is_named = |name: &&Name| {
            let Some(object) = finding.object.as_deref() else {
                return false;
            };
            // Written out it has no less than its name.
            object == self.catalogue.resolve(name).name
                || object.len() >= name.name.len() && object == name.to_string()
        };
        let is_unknown = |name: &&Name| {
            let relation = self.catalogue.relation(name);
            let is_of_system = name.name.starts_with("pg_");
            !is_of_system && relation.is_none_or(|relation| relation.made.is_none())
        };
        match tables().find(is_named) {
            Some(named) => Some(named).filter(is_unknown),
            None => tables().find(is_unknown),
        }
    }

    /// Whether this file made the relation, so that nobody else uses it yet.
    pub fn is_new(&self, name: &Name) -> bool {
        let relation = self.catalogue.relation(name);
        relation.is_some_and(|relation| relation.is_temporary || self.is_own(relation.made))
    }

    /// Whether this file, or for a transaction of several files one of these, made it.
    pub fn is_own(&self, made: Option<Moment>) -> bool {
        made.is_some_and(|made| {
            made.is_in_file(self.file) || made.is_in_transaction(self.session.transaction)
        })
    }

    /// The relation by its name.
    pub fn relation(&self, name: &Name) -> Option<&Relation> {
        self.catalogue.relation(name)
    }

    /// A table of which all is known, for a statement that is sure to be run.
    pub fn whole(&self, name: &Name) -> Option<&Relation> {
        self.catalogue.whole(name).filter(|_| !self.is_in_doubt)
    }

    /// Tables that others use, and that this change locks so that somebody waits.
    pub fn blocked(&self) -> impl Iterator<Item = (&Name, Mode)> {
        let locks = self
            .impact
            .locks
            .iter()
            .filter(|(name, mode)| *mode > Mode::ShareUpdateExclusive && !self.is_new(name));
        locks.map(|(name, mode)| (name, *mode))
    }

    /// Tables that others use, and that this change works on.
    pub fn worked_on(&self) -> impl Iterator<Item = (&Name, Work)> {
        let work = self
            .impact
            .work
            .iter()
            .filter(|(name, work)| *work > Work::None && !self.is_new(name));
        work.map(|(name, work)| (name, *work))
    }

    /// Tables whose rows an ALTER TABLE goes through in the pass that all its actions share. A foreign key is looked
    /// up by a query of its own, and an index is built by itself.
    pub fn passes(&self) -> &[(Name, Work)] {
        let is_foreign =
            |constraint: &Constraint| matches!(constraint.kind, ConstraintKind::Foreign { .. });
        let Change::Alter(alter) = self.change else {
            return &[];
        };
        let is_apart = match &alter.action {
            Action::Validate(_) => true,
            Action::AddConstraint(constraint) => is_foreign(constraint),
            Action::AddColumn { column, .. } => column.constraints.iter().any(is_foreign),
            _ => false,
        };
        let is_scan = self.impact.greatest_work() < Work::Rewrite;
        match is_scan && (is_apart || self.impact.builds_index) {
            true => &[],
            false => &self.impact.work,
        }
    }

    /// Whether this drops the table for good: who still wants it has lost it, and waits for nothing.
    pub fn is_gone(&self, name: &Name) -> bool {
        let Change::Drop(drop) = self.change else {
            return false;
        };
        let mut own = drop.names.iter().map(|own| self.catalogue.resolve(own));
        drop.kind == Kind::Table && own.any(|own| own == *name) && !self.is_remade(name)
    }

    /// Whether the file makes something of this name, or renames it so: who asks for it still finds one.
    pub fn is_remade(&self, name: &Name) -> bool {
        self.ahead.made.contains(&name.name)
    }

    /// Whether the file drops or renames what had this name: this comes into its place.
    pub fn replaces(&self, name: &str) -> bool {
        self.ahead.gone.contains(name)
    }

    /// The columns that this adds, with their tables.
    pub fn new_columns(&self) -> Vec<(&Name, &Column)> {
        match self.change {
            Change::CreateTable(table) if !table.temporary => table
                .columns
                .iter()
                .map(|column| (&table.name, column))
                .collect(),
            Change::Alter(Alter {
                table,
                action: Action::AddColumn { column, .. },
                ..
            }) => vec![(table, column)],
            _ => Vec::new(),
        }
    }

    /// Whether a new column is a primary key by itself.
    pub fn is_key(&self, column: &Column) -> bool {
        let constraints = match self.change {
            Change::CreateTable(table) => table.constraints.as_slice(),
            _ => &[],
        };
        let mut all = column.constraints.iter().chain(constraints);
        all.any(|constraint| match &constraint.kind {
            ConstraintKind::Primary(key) => key.columns == [column.name.clone()],
            _ => false,
        })
    }

    /// The clause that begins here in the statement: to the comma or the end of it.
    pub fn clause(&self, at: usize) -> &str {
        let text = self.text.get(at..).unwrap_or_default();
        let mut depth = 0;
        for (place, byte) in code(text) {
            match byte {
                b'(' => depth += 1,
                b')' | b',' if depth == 0 => return text[..place].trim_end(),
                b')' => depth -= 1,
                _ => {}
            }
        }
        text.trim_end()
    }
}
