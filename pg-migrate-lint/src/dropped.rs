//! Keys and indexes that a file drops before it makes what takes their place.

use std::ops::Range;

use crate::catalogue::Catalogue;
use crate::model::{Action, Alter, Change, Kind};
use crate::name::Name;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// Its table; none where an index is dropped of which nothing is known.
    pub table: Option<Name>,
    /// What it is called, as the statement has it; a constraint, beside its table.
    pub name: Name,
    /// A constraint, an index, or a column of the primary key.
    pub kind: Kind,
    /// Whether it keeps duplicates out, or may.
    pub is_key: bool,
    /// `IF EXISTS`
    pub if_exists: bool,
    /// `CASCADE`
    pub cascade: bool,
    /// The statement, without its semicolon.
    pub range: Range<usize>,
    /// Whether the statement does nothing else, and is sure to be run.
    pub is_alone: bool,
}

impl Dropped {
    /// What of it a change drops: what is known to be neither a key nor an index is left out.
    pub fn of(
        change: &Change,
        catalogue: &Catalogue,
        range: Range<usize>,
        is_alone: bool,
    ) -> Vec<Self> {
        match change {
            Change::Drop(drop) if drop.kind == Kind::Index => {
                let is_alone = is_alone && drop.names.len() == 1;
                let all = drop.names.iter().map(|name| {
                    let known = catalogue.index(name);
                    Self {
                        table: known.map(|index| (*index.table).clone()),
                        name: name.clone(),
                        kind: Kind::Index,
                        is_key: known.is_none_or(|index| index.is_unique),
                        if_exists: drop.if_exists,
                        cascade: drop.cascade,
                        range: range.clone(),
                        is_alone,
                    }
                });
                all.collect()
            }
            Change::Alter(alter) => {
                let dropped = Self::of_table(alter, catalogue, range, is_alone);
                dropped.into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    fn of_table(
        alter: &Alter,
        catalogue: &Catalogue,
        range: Range<usize>,
        is_alone: bool,
    ) -> Option<Self> {
        let relation = catalogue.relation(&alter.table);
        let (name, kind, if_exists, cascade) = match &alter.action {
            Action::DropConstraint {
                constraint,
                if_exists,
                cascade,
            } => {
                match relation.and_then(|relation| relation.constraint(constraint)) {
                    Some(known) if !known.kind.has_index() => return None,
                    None if catalogue.whole(&alter.table).is_some() => return None,
                    _ => {}
                }
                (constraint, Kind::Constraint, *if_exists, *cascade)
            }
            Action::DropColumn {
                column,
                if_exists,
                cascade,
            } => {
                relation?.primary_key().filter(|key| key.contains(column))?;
                (column, Kind::Column, *if_exists, *cascade)
            }
            _ => return None,
        };
        Some(Self {
            table: Some(catalogue.resolve(&alter.table)),
            name: alter.table.beside(name.clone()),
            kind,
            is_key: true,
            if_exists,
            cascade,
            range,
            is_alone: is_alone && kind == Kind::Constraint && !alter.only && !alter.if_exists,
        })
    }
}
