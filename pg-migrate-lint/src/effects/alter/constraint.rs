//! What the actions on constraints lock and do.

use super::super::{Impact, is_partitioned};
use super::Scene;
use crate::lock::{Mode, Work};
use crate::model::{Constraint, ConstraintKind};
use crate::name::Name;

impl Scene<'_> {
    pub(super) fn add_constraint(&self, constraint: &Constraint, impact: &mut Impact) {
        let is_checked = constraint.validated && constraint.enforced;
        match &constraint.kind {
            ConstraintKind::Check(_) => {
                self.lock(impact, Mode::AccessExclusive);
                if is_checked {
                    self.work(impact, Work::Scan);
                }
            }
            ConstraintKind::NotNull(column) => {
                self.lock(impact, Mode::AccessExclusive);
                if is_checked && !self.is_not_null(column) {
                    self.work(impact, Work::Scan);
                }
            }
            ConstraintKind::Foreign { table, .. } => {
                self.lock(impact, Mode::ShareRowExclusive);
                let other = self.catalogue.resolve(table);
                impact.lock(other.clone(), Mode::ShareRowExclusive);
                if is_checked {
                    self.work(impact, Work::Scan);
                    if !is_partitioned(&other, self.catalogue) {
                        impact.does(other, Work::Scan);
                    }
                }
            }
            ConstraintKind::Primary(key) => {
                self.lock_with_partitions(impact);
                let columns = self.key_columns(key.columns.as_slice(), key.index.as_deref());
                let has_nulls =
                    columns.is_empty() || columns.iter().any(|column| !self.is_not_null(column));
                if key.index.is_none() || has_nulls {
                    self.work(impact, Work::Scan);
                }
                impact.builds_index = key.index.is_none();
            }
            ConstraintKind::Unique(key) => {
                self.lock_with_partitions(impact);
                if key.index.is_none() {
                    impact.builds_index = true;
                    self.work(impact, Work::Scan);
                }
            }
            ConstraintKind::Exclude => {
                self.lock(impact, Mode::AccessExclusive);
                impact.builds_index = true;
                self.work(impact, Work::Scan);
            }
        }
    }

    /// A key locks the table itself; until 17 only the build of their indexes locks the partitions.
    fn lock_with_partitions(&self, impact: &mut Impact) {
        let mode = match self.server.version >= 18 {
            true => Mode::AccessExclusive,
            false => Mode::Share,
        };
        self.lock(impact, mode);
        impact.lock(self.name(), Mode::AccessExclusive);
    }

    /// The columns of a key, which an index may say; empty where it is not known.
    fn key_columns(&self, columns: &[String], index: Option<&str>) -> Vec<String> {
        match index {
            None => columns.to_vec(),
            Some(index) => {
                let index = self.catalogue.index(&self.name().beside(index));
                index
                    .map(|index| index.columns.iter().flatten().cloned().collect())
                    .unwrap_or_default()
            }
        }
    }

    pub(super) fn validate(&self, name: &str, impact: &mut Impact) {
        let facts = self
            .catalogue
            .relation(&self.alter.table)
            .and_then(|table| table.constraint(name));
        self.lock(impact, Mode::ShareUpdateExclusive);
        if facts.is_some_and(|facts| facts.is_valid) {
            return;
        }
        self.work(impact, Work::Scan);
        if let Some(ConstraintKind::Foreign { table, .. }) = facts.map(|facts| &facts.kind) {
            let other = self.catalogue.resolve(table);
            impact.lock(other.clone(), Mode::RowShare);
            impact.does(other, Work::Scan);
        }
    }

    /// A foreign key that is held to again is looked up for all rows; one that is not loses its triggers.
    pub(super) fn alter_constraint(&self, name: &str, enforced: Option<bool>, impact: &mut Impact) {
        let relation = self.catalogue.relation(&self.alter.table);
        let facts = relation.and_then(|relation| relation.constraint(name));
        let Some(other) = self.foreign(name) else {
            return;
        };
        match enforced {
            Some(true) if facts.is_some_and(|facts| !facts.is_enforced) => {
                impact.lock(other.clone(), Mode::ShareRowExclusive);
                impact.does(other, Work::Scan);
                self.work(impact, Work::Scan);
            }
            Some(false) => impact.lock(other, Mode::AccessExclusive),
            _ => {}
        }
    }

    /// The table that a foreign key of this name references.
    fn foreign(&self, name: &str) -> Option<Name> {
        let facts = self
            .catalogue
            .relation(&self.alter.table)?
            .constraint(name)?;
        match &facts.kind {
            ConstraintKind::Foreign { table, .. } => Some(self.catalogue.resolve(table)),
            _ => None,
        }
    }

    pub(super) fn drop_constraint(&self, constraint: &str, cascade: bool, impact: &mut Impact) {
        if let Some(other) = self.foreign(constraint) {
            impact.lock(other, Mode::AccessExclusive);
        }
        if cascade && self.is_key(constraint) {
            for other in self.catalogue.referencing(&self.alter.table) {
                impact.lock(other.clone(), Mode::AccessExclusive);
            }
        }
    }

    /// Whether foreign keys may depend on it; of one that is not known the name says so that PostgreSQL gives.
    fn is_key(&self, constraint: &str) -> bool {
        let relation = self.catalogue.relation(&self.alter.table);
        let facts = relation.and_then(|relation| relation.constraint(constraint));
        match facts.map(|facts| &facts.kind) {
            Some(kind) => matches!(kind, ConstraintKind::Primary(_) | ConstraintKind::Unique(_)),
            None => constraint.ends_with("_pkey") || constraint.ends_with("_key"),
        }
    }
}
