//! What a table lacks that becomes a partition.

use crate::catalogue::{Catalogue, Index, Relation, same};
use crate::lock::Mode;
use crate::model::ConstraintKind;
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
    /// Of a table to a parent, both by their names with schemas.
    pub fn of(parent: &Name, child: &Name, catalogue: &Catalogue) -> Self {
        let known = catalogue.relation(parent);
        let own = catalogue.relation(child);
        let lacks = |index: &Index| {
            let mut others = catalogue.indexes_of(child).map(|(_, other)| other);
            !others.any(|other| is_match(index, other))
        };
        let indexes = catalogue.indexes_of(parent);
        let indexes = indexes.filter(|(_, index)| lacks(index));
        Self {
            is_proved: is_proved(known, own),
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

/// Whether a CHECK says just what the partition's bounds do can't be told from here in general: one that speaks of
/// all columns that the table is divided by is taken for it, if these can't be null, which bounds imply.
fn is_proved(parent: Option<&Relation>, child: Option<&Relation>) -> bool {
    let columns = parent.map_or(&[][..], |parent| &parent.partition_columns);
    let Some(child) = child else { return false };
    if child.keeps_bounds {
        return true;
    }
    let mut checks = child
        .constraints
        .iter()
        .filter(|constraint| constraint.is_valid);
    let is_filled = |name: &String| {
        child.proves_not_null(name) || child.column(name).is_some_and(|column| column.not_null)
    };
    !columns.is_empty()
        && columns.iter().all(is_filled)
        && checks.any(|constraint| match &constraint.kind {
            ConstraintKind::Check(expr) => {
                columns.iter().all(|column| expr.columns.contains(column))
            }
            _ => false,
        })
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
