//! What the actions of `ALTER TABLE` lock and do.

mod constraint;

use super::attach::{Attachment, is_without};
use super::types;
use super::{Impact, Server, is_partitioned, is_volatile};
use crate::catalogue::Catalogue;
use crate::lock::{Mode, Work};
use crate::model::{Action, Alter, Bound, Column, ConstraintKind, Generated, Kind};
use crate::name::Name;

/// What one action takes and does.
pub fn of(alter: &Alter, catalogue: &Catalogue, server: Server) -> Impact {
    let mut impact = Impact::default();
    let scene = Scene {
        alter,
        catalogue,
        server,
    };
    match alter.kind {
        Kind::Index => scene.index(&mut impact),
        // A composite type has no rows; a table with a column of it refuses this.
        Kind::Type => {}
        _ => scene.table(&mut impact),
    }
    impact
}

struct Scene<'a> {
    alter: &'a Alter,
    catalogue: &'a Catalogue,
    server: Server,
}

impl Scene<'_> {
    fn name(&self) -> Name {
        self.catalogue.resolve(&self.alter.table)
    }

    /// The table with its partitions and children, unless `ONLY`.
    fn tables(&self) -> Vec<Name> {
        match self.alter.only {
            true => vec![self.name()],
            false => self.catalogue.with_children(&self.alter.table),
        }
    }

    fn lock(&self, impact: &mut Impact, mode: Mode) {
        for name in self.tables() {
            impact.lock(name, mode);
        }
    }

    /// The rows are where no partitions are.
    fn work(&self, impact: &mut Impact, work: Work) {
        for name in self.tables() {
            if !is_partitioned(&name, self.catalogue) {
                impact.does(name, work);
            }
        }
    }

    /// An index belongs to a table, which ALTER INDEX does not lock.
    fn index(&self, impact: &mut Impact) {
        if let Action::SetTablespace = self.alter.action
            && let Some(index) = self.catalogue.index(&self.alter.table)
        {
            impact.does(Name::clone(&index.table), Work::None);
        }
    }

    fn table(&self, impact: &mut Impact) {
        use Mode::{AccessExclusive, ShareRowExclusive, ShareUpdateExclusive};
        match &self.alter.action {
            Action::AddColumn {
                column,
                if_not_exists,
            } => {
                self.lock(impact, AccessExclusive);
                let is_known = self
                    .catalogue
                    .column(&self.alter.table, &column.name)
                    .is_some();
                if !(is_known && *if_not_exists) {
                    self.add_column(column, impact);
                }
            }
            Action::SetNotNull(column) => {
                self.lock(impact, AccessExclusive);
                if !self.is_not_null(column) {
                    self.work(impact, Work::Scan);
                }
            }
            Action::SetType {
                column,
                to,
                using,
                collation,
                ..
            } => {
                self.lock(impact, AccessExclusive);
                self.set_type(column, to, using.as_ref(), collation.as_ref(), impact);
            }
            Action::SetExpression(column) => {
                self.lock(impact, AccessExclusive);
                let facts = self.catalogue.column(&self.alter.table, column);
                let is_virtual =
                    facts.and_then(|facts| facts.generated) == Some(Generated::Virtual);
                if !is_virtual {
                    self.work(impact, Work::Rewrite);
                }
            }
            Action::AddConstraint(constraint) => self.add_constraint(constraint, impact),
            Action::Validate(name) => self.validate(name, impact),
            Action::DropConstraint {
                constraint,
                cascade,
                ..
            } => {
                self.lock(impact, AccessExclusive);
                self.drop_constraint(constraint, *cascade, impact);
            }
            Action::DropColumn { column, .. } => {
                self.lock(impact, AccessExclusive);
                self.drop_column(column, impact);
            }
            Action::AlterConstraint {
                constraint: name,
                enforced,
            } => {
                impact.lock(self.name(), AccessExclusive);
                self.alter_constraint(name, *enforced, impact);
            }
            Action::Attach {
                child,
                default,
                bound,
            } => self.attach(child, bound.as_ref(), *default, impact),
            Action::Detach {
                child,
                concurrently,
            } => {
                let mode = match concurrently {
                    true => ShareUpdateExclusive,
                    false => AccessExclusive,
                };
                impact.lock(self.name(), mode);
                let referencing = self.catalogue.referencing(&self.name());
                // It loses the triggers of foreign keys that reference it.
                let of_child = match self.server.version >= 14 || !referencing.is_empty() {
                    true => AccessExclusive,
                    false => ShareUpdateExclusive,
                };
                impact.lock(self.catalogue.resolve(child), of_child);
                // A foreign key of the parent becomes one of its own.
                for (_, other) in self.catalogue.referenced(&self.name()) {
                    impact.lock(other.clone(), ShareRowExclusive);
                }
                let parent = self.catalogue.relation(&self.alter.table);
                if let Some(default) = parent.and_then(|parent| parent.default_child.clone()) {
                    impact.lock(default, AccessExclusive);
                }
                // No row that stays may reference one that goes, and its foreign key loses triggers then.
                let of_other = match concurrently {
                    true => Mode::Share,
                    false => AccessExclusive,
                };
                for other in referencing {
                    impact.lock(other.clone(), of_other);
                    impact.does(other.clone(), Work::Scan);
                }
            }
            Action::Inherit(parent) | Action::NoInherit(parent) => {
                impact.lock(self.name(), AccessExclusive);
                impact.lock(self.catalogue.resolve(parent), ShareUpdateExclusive);
            }
            Action::Trigger { .. } => self.lock(impact, ShareRowExclusive),
            Action::SetLogged(logged) => {
                impact.lock(self.name(), AccessExclusive);
                // One that is so already stays where it is.
                let known = self.catalogue.relation(&self.alter.table);
                if known.is_none_or(|known| !known.is_logged_as(*logged) && !known.is_partitioned())
                {
                    impact.does(self.name(), Work::Rewrite);
                }
            }
            Action::SetTablespace | Action::SetAccessMethod => {
                impact.lock(self.name(), AccessExclusive);
                if !is_partitioned(&self.name(), self.catalogue) {
                    impact.does(self.name(), Work::Rewrite);
                }
            }
            Action::Options | Action::ColumnStatistics | Action::IndexStatistics(_) => {
                self.lock(impact, ShareUpdateExclusive)
            }
            Action::Default { .. }
            | Action::DropNotNull(_)
            | Action::DropExpression(_)
            | Action::ColumnStorage => {
                self.lock(impact, AccessExclusive);
            }
            Action::AddIdentity(_)
            | Action::Identity(_)
            | Action::Restart { .. }
            | Action::RowSecurity(_)
            | Action::ReplicaIdentity { .. }
            | Action::Owner
            | Action::Other => {
                impact.lock(self.name(), AccessExclusive);
            }
        }
    }

    fn is_not_null(&self, column: &str) -> bool {
        let Some(relation) = self.catalogue.relation(&self.alter.table) else {
            return false;
        };
        relation
            .column(column)
            .is_some_and(|column| column.not_null)
            || self.server.version >= 12 && relation.proves_not_null(column)
    }

    fn add_column(&self, column: &Column, impact: &mut Impact) {
        let is_volatile = column
            .default
            .as_ref()
            .is_some_and(|default| is_volatile(default, self.catalogue));
        let domain = self.catalogue.domain(&column.type_);
        let is_checked = domain.is_some_and(|domain| domain.is_constrained);
        let is_computed =
            column.default.is_none() && domain.is_some_and(|domain| domain.has_volatile_default);
        let is_stored = column.generated == Some(Generated::Stored);
        let has_default = column
            .default
            .as_ref()
            .is_some_and(|default| !default.is_null);
        let is_old = has_default && self.server.version < 11;
        if is_volatile
            || is_checked
            || is_computed
            || is_stored
            || is_old
            || column.identity
            || column.type_.is_serial()
        {
            self.work(impact, Work::Rewrite);
        }
        // What is computed for each reader has to be computed for each row to be checked.
        if column.not_null && column.generated == Some(Generated::Virtual) {
            self.work(impact, Work::Scan);
        }
        for constraint in &column.constraints {
            match &constraint.kind {
                ConstraintKind::Check(_) if constraint.enforced => {
                    self.work(impact, Work::Scan);
                }
                ConstraintKind::Unique(_) | ConstraintKind::Primary(_) => {
                    impact.builds_index = true;
                    self.work(impact, Work::Scan);
                }
                ConstraintKind::Foreign { table, .. } => {
                    let other = self.catalogue.resolve(table);
                    impact.lock(other.clone(), Mode::ShareRowExclusive);
                    if column.has_value() && constraint.enforced {
                        self.work(impact, Work::Scan);
                        impact.does(other, Work::Scan);
                    }
                }
                _ => {}
            }
        }
    }

    fn set_type(
        &self,
        column: &str,
        to: &crate::types::Type,
        using: Option<&crate::model::Expr>,
        collation: Option<&Name>,
        impact: &mut Impact,
    ) {
        let facts = self.catalogue.column(&self.alter.table, column);
        let change = types::change(facts, column, to, using, self.catalogue, self.server);
        self.work(impact, change.work());
        let looks_up = change != types::TypeChange::Free
            || facts
                .is_some_and(|facts| types::has_other_operators(&facts.type_, to, self.catalogue));
        self.foreign_keys_of(column, looks_up, impact);
        if change != types::TypeChange::Free {
            return;
        }
        let has_it = |columns: &[String]| columns.iter().any(|part| part == column);
        let relation = self.catalogue.relation(&self.alter.table);
        let constraints = relation
            .into_iter()
            .flat_map(|relation| relation.constraints_on(column));
        let is_checked = constraints
            .filter(|constraint| constraint.is_valid)
            .any(|constraint| match &constraint.kind {
                ConstraintKind::Check(expr) => has_it(&expr.columns),
                _ => false,
            });
        let mut indexes = self.catalogue.indexes_of(&self.alter.table);
        let is_looked_up = looks_up && impact.work.iter().any(|(name, _)| *name != self.name());
        let is_rebuilt = types::rebuilds_indexes(facts, to, collation, self.catalogue);
        let is_built = indexes.any(|(_, index)| {
            let is_part = index.columns.iter().flatten().any(|part| part == column);
            // An expression or a condition is of the old type.
            is_part && is_rebuilt || index.has_expressions && index.reads_column(column)
        });
        if is_checked || is_built || is_looked_up {
            self.work(impact, Work::Scan);
        }
    }

    /// Foreign keys on either side are made anew, and looked up again where values are other ones, or are compared in
    /// another way.
    fn foreign_keys_of(&self, column: &str, looks_up: bool, impact: &mut Impact) {
        let table = self.name();
        let has = |columns: &[String]| columns.iter().any(|part| part == column);
        let relation = self.catalogue.relation(&table);
        let key = relation
            .and_then(|relation| relation.primary_key())
            .unwrap_or_default();
        let mut others: Vec<Name> = Vec::new();
        let own = relation.map(|relation| relation.constraints_on(column));
        for constraint in own.into_iter().flatten() {
            if let ConstraintKind::Foreign { table: other, .. } = &constraint.kind {
                others.push(other.clone());
            }
        }
        for other in self.catalogue.referencing(&table) {
            let other_relation = self.catalogue.relation(other);
            let constraints = other_relation
                .into_iter()
                .flat_map(|relation| &relation.constraints);
            let mut foreign = constraints.filter_map(|constraint| match &constraint.kind {
                ConstraintKind::Foreign {
                    table: of,
                    referenced,
                    ..
                } if *of == table => Some(referenced),
                _ => None,
            });
            let is_used = foreign.any(|referenced| match referenced.is_empty() {
                true => has(key),
                false => has(referenced),
            });
            if is_used {
                others.push(other.clone());
            }
        }
        for other in others.into_iter().filter(|other| *other != table) {
            impact.lock(other.clone(), Mode::AccessExclusive);
            if looks_up && !is_partitioned(&other, self.catalogue) {
                impact.does(other, Work::Scan);
            }
        }
    }

    fn drop_column(&self, column: &str, impact: &mut Impact) {
        let relation = self.catalogue.relation(&self.alter.table);
        let constraints = relation.map(|relation| relation.constraints_on(column));
        for constraint in constraints.into_iter().flatten() {
            if let ConstraintKind::Foreign { table, .. } = &constraint.kind {
                impact.lock(table.clone(), Mode::AccessExclusive);
            }
        }
        let key = relation.and_then(|relation| relation.primary_key());
        if key.is_some_and(|key| key.iter().any(|part| part == column)) {
            for other in self.catalogue.referencing(&self.alter.table) {
                impact.lock(other.clone(), Mode::AccessExclusive);
            }
        }
    }

    fn attach(&self, child: &Name, bound: Option<&Bound>, default: bool, impact: &mut Impact) {
        let name = self.name();
        let child = self.catalogue.resolve(child);
        impact.lock(name.clone(), Mode::ShareUpdateExclusive);
        impact.lock(child.clone(), Mode::AccessExclusive);
        let attachment = Attachment::of(&name, &child, bound, default, self.catalogue);
        if !attachment.is_proved || !attachment.indexes.is_empty() {
            impact.does(child.clone(), Work::Scan);
            impact.builds_index |= !attachment.indexes.is_empty();
        }
        for (other, is_there) in &attachment.foreign {
            impact.lock(other.clone(), attachment.lock_of_foreign(*is_there));
            if !is_there {
                impact.does(other.clone(), Work::Scan);
                impact.does(child.clone(), Work::Scan);
            }
        }
        let parent = self.catalogue.relation(&name).filter(|_| !default);
        if let Some(parent) = parent
            && let Some(known) = &parent.default_child
        {
            impact.lock(known.clone(), Mode::AccessExclusive);
            if !is_without(parent, known, bound, self.catalogue) {
                impact.does(known.clone(), Work::Scan);
            }
        }
    }
}
