//! What a table lacks that becomes a partition.

use crate::catalogue::{Catalogue, Index, KeptBound, Relation, same};
use crate::lock::Mode;
use crate::model::{Bound, ConstraintKind, Expr};
use crate::name::Name;

/// What ATTACH PARTITION finds there, and what it has to do.
#[derive(Debug, Default)]
pub struct Attachment {
    /// Whether its rows are known to fit the bounds.
    pub is_proved: bool,
    /// The indexes of the parent that it has no match for, which are built.
    pub indexes: Vec<Name>,
    /// The tables that foreign keys of the parent reference, and whether it has that foreign key itself.
    pub foreign: Vec<(Name, bool)>,
}

impl Attachment {
    /// Of a table to a parent, both by their names with schemas, for these bounds or as the default partition.
    pub fn of(
        parent: &Name,
        child: &Name,
        bound: Option<&Bound>,
        default: bool,
        catalogue: &Catalogue,
    ) -> Self {
        let known = catalogue.relation(parent);
        let own = catalogue.relation(child);
        let lacks = |index: &Index| {
            let mut others = catalogue.indexes_of(child).map(|(_, other)| other);
            !others.any(|other| is_match(index, other))
        };
        let indexes = catalogue.indexes_of(parent);
        let indexes = indexes.filter(|(_, index)| lacks(index));
        Self {
            is_proved: is_proved(parent, child, bound, default, catalogue),
            indexes: indexes.map(|(name, _)| name.clone()).collect(),
            foreign: known
                .into_iter()
                .flat_map(|known| foreign(known, own))
                .collect(),
        }
    }

    /// What a table on the other end of a foreign key is locked with: a foreign key that is there already gives
    /// its triggers to the parent's.
    pub fn lock_of_foreign(&self, is_there: bool) -> Mode {
        match is_there {
            true => Mode::AccessExclusive,
            false => Mode::ShareRowExclusive,
        }
    }
}

/// Whether the server sees without looking at them that the rows of a table fit these bounds.
///
/// Of a CHECK that is more than comparisons with constants, or of several columns, it can't be told from here whether
/// it says what the bounds do: one that speaks of all columns that the table is divided by is taken for it.
fn is_proved(
    parent: &Name,
    child: &Name,
    bound: Option<&Bound>,
    default: bool,
    catalogue: &Catalogue,
) -> bool {
    if default {
        // What has no other partition has none whose rows this one may not have.
        let parent = catalogue.whole(parent);
        return parent.is_some_and(|parent| parent.children.is_empty());
    }
    let known = catalogue.relation(parent);
    let partitioning = known.and_then(|known| known.partitioning.as_ref());
    let (Some(partitioning), Some(child)) = (partitioning, catalogue.relation(child)) else {
        return false;
    };
    let keeps = |kept: &KeptBound| {
        // What is a partition itself has bounds of its own.
        let is_any = known.is_some_and(|known| known.parent.is_none());
        let is_same = kept.partitioning == *partitioning && (is_any || kept.parent == *parent);
        is_same && bound.is_some_and(|bound| bound.covers(&kept.bound))
    };
    if child.kept_bound.as_ref().is_some_and(keeps) {
        return true;
    }
    let columns: Option<Vec<&String>> = partitioning.columns.iter().map(Option::as_ref).collect();
    columns.is_some_and(|columns| {
        columns.iter().all(|column| is_filled(child, column)) && is_checked(child, &columns, bound)
    })
}

fn is_filled(table: &Relation, column: &str) -> bool {
    table.proves_not_null(column) || table.column(column).is_some_and(|column| column.not_null)
}

/// Whether CHECKs say of the columns what the bounds do, or may.
fn is_checked(table: &Relation, columns: &[&String], bound: Option<&Bound>) -> bool {
    let valid = table.constraints.iter().filter(|check| check.is_valid);
    let checks = valid.filter_map(|constraint| match &constraint.kind {
        ConstraintKind::Check(expr) => Some(expr),
        _ => None,
    });
    let checks: Vec<&Expr> = checks
        .map(|check| &**check)
        .filter(|check| columns.iter().all(|column| check.columns.contains(column)))
        .collect();
    let proved = match (columns, bound) {
        ([column], Some(bound)) => {
            let limits = checks.iter().flat_map(|check| &check.limits);
            let limits = limits.flat_map(|limits| &limits.all);
            let own = limits.filter(|limit| limit.column == **column);
            bound.is_proved_by(own.map(|limit| &limit.comparison))
        }
        _ => None,
    };
    let is_open = |check: &&Expr| check.limits.as_ref().is_some_and(|limits| limits.is_open);
    match proved {
        Some(false) => checks.iter().any(is_open),
        Some(true) => true,
        None => !checks.is_empty(),
    }
}

/// An expression is taken for the same as any other.
fn is_match(index: &Index, other: &Index) -> bool {
    index.columns == other.columns
        && index.has_expressions == other.has_expressions
        && (!index.is_unique || other.is_unique)
}

fn foreign(parent: &Relation, child: Option<&Relation>) -> Vec<(Name, bool)> {
    let of_parent = parent
        .constraints
        .iter()
        .filter_map(|constraint| match &constraint.kind {
            ConstraintKind::Foreign { columns, table, .. } => Some((columns, table)),
            _ => None,
        });
    let all = of_parent.map(|(columns, table)| {
        let mut own = child.into_iter().flat_map(|child| &child.constraints);
        let is_there = own.any(|constraint| match &constraint.kind {
            ConstraintKind::Foreign {
                columns: own,
                table: other,
                ..
            } => other == table && same(own, columns) && constraint.is_valid,
            _ => false,
        });
        (table.clone(), is_there)
    });
    all.collect()
}
