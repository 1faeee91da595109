//! What a table lacks that becomes a partition.

use crate::catalogue::{Catalogue, Index, KeptBound, Relation, same};
use crate::lock::Mode;
use crate::model::{Bound, Comparison, ConstraintKind, Expr, Partitioning};
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
        // It has no rows that belong to another partition.
        let parent = catalogue.whole(parent);
        return parent.is_some_and(|known| {
            let mut others = known.children.iter().filter(|other| *other != child);
            others.all(|other| {
                let bound = catalogue
                    .relation(other)
                    .and_then(|other| other.bound.as_ref());
                is_without(known, child, bound, catalogue)
            })
        });
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
    let may_be_null = bound.is_some_and(Bound::has_null);
    let columns = divided_by(partitioning);
    columns.is_some_and(|columns| {
        let mut needed = columns.iter().filter(|_| !may_be_null);
        needed.all(|column| is_filled(child, column))
            && is_checked(child, &columns, bound, |bound, limits| {
                bound.is_proved_by(limits)
            })
    })
}

/// Whether the server sees without looking that a default partition has no rows that fit these bounds.
pub fn is_without(
    parent: &Relation,
    default: &Name,
    bound: Option<&Bound>,
    catalogue: &Catalogue,
) -> bool {
    let columns = parent.partitioning.as_ref().and_then(divided_by);
    let (Some(columns), Some(default)) = (columns, catalogue.relation(default)) else {
        return false;
    };
    let has_nulls = columns.iter().any(|column| !is_filled(default, column));
    bound.is_some()
        && is_checked(default, &columns, bound, |bound, limits| {
            bound.is_refuted_by(limits, has_nulls)
        })
}

fn divided_by(partitioning: &Partitioning) -> Option<Vec<&String>> {
    partitioning.columns.iter().map(Option::as_ref).collect()
}

fn is_filled(table: &Relation, column: &str) -> bool {
    table.proves_not_null(column) || table.column(column).is_some_and(|column| column.not_null)
}

/// Whether CHECKs say of the columns what is to be proved of the bounds, or may.
fn is_checked(
    table: &Relation,
    columns: &[&String],
    bound: Option<&Bound>,
    proves: impl Fn(&Bound, &[&Comparison]) -> Option<bool>,
) -> bool {
    let shorter = bound.and_then(Bound::of_first_column);
    let (columns, bound) = match (&shorter, columns) {
        (Some(shorter), [first, ..]) => (std::slice::from_ref(first), Some(shorter)),
        _ => (columns, bound),
    };
    let valid = table.constraints.iter().filter(|check| check.is_valid);
    let checks = valid.filter_map(|constraint| match &constraint.kind {
        ConstraintKind::Check(expr) => Some(&**expr),
        _ => None,
    });
    let checks: Vec<&Expr> = checks
        .filter(|check| columns.iter().all(|column| check.columns.contains(column)))
        .collect();
    let proved = match (columns, bound) {
        ([column], Some(bound)) => {
            let limits = checks.iter().flat_map(|check| &check.limits);
            let limits = limits.flat_map(|limits| &limits.all);
            let own = limits.filter(|limit| limit.column == **column);
            proves(
                bound,
                &own.map(|limit| &limit.comparison).collect::<Vec<_>>(),
            )
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
