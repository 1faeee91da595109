//! Rows that a table does not take.

use crate::catalogue::{ColumnFacts, Relation, same};
use crate::look::Look;
use crate::model::{Insert, Write};
use crate::name::{list, quoted};

/// Why rows can't be added.
pub fn inserted(look: &Look, insert: &Insert) -> Option<String> {
    let columns = insert.columns.len();
    if columns > 0 && insert.widths.iter().any(|width| *width != columns) {
        return Some(format!("{columns} columns are named, and a row has not as many values"));
    }
    let relation = look.whole(&insert.table).filter(|relation| !relation.may_have_keys)?;
    let most = relation.columns.len();
    if insert.widths.iter().any(|width| *width > most) {
        return Some(format!("{} has {most} columns, and a row has more values", insert.table));
    }
    made_by_itself(insert, relation).or_else(|| left_out(look, insert, relation)).or_else(|| without_key(insert, relation))
}

/// Why columns can't be set.
pub fn updated(look: &Look, write: &Write) -> Option<String> {
    let relation = look.whole(&write.table)?;
    let set = write.columns.iter().filter(|column| !write.emptied.contains(column));
    let mut set = set.filter_map(|column| relation.column(column));
    let column = set.find(|column| column.is_always || column.generated.is_some())?;
    let name = quoted(&column.name);
    Some(match column.is_always {
        true => format!("{name} of {} is GENERATED ALWAYS AS IDENTITY, and is set to DEFAULT alone", write.table),
        false => format!("{name} of {} is computed, and is set to DEFAULT alone", write.table),
    })
}

/// Numbers and values that PostgreSQL makes itself.
fn made_by_itself(insert: &Insert, relation: &Relation) -> Option<String> {
    if insert.overrides {
        return None;
    }
    let has_value = |place: usize| match insert.given.as_slice() {
        // A query has one for each of the columns that are named.
        [] => insert.has_values && !insert.columns.is_empty(),
        given => given.get(place).copied().unwrap_or_default(),
    };
    let places = 0..insert.columns.len().max(insert.given.len());
    let column = places.filter(|place| has_value(*place)).find_map(|place| {
        let column = match insert.columns.get(place) {
            Some(name) => relation.column(name),
            None => relation.columns.get(place).filter(|_| insert.columns.is_empty()),
        };
        column.filter(|column| column.is_always || column.generated.is_some())
    })?;
    let name = quoted(&column.name);
    Some(match column.is_always {
        true => format!("{name} of {} is GENERATED ALWAYS AS IDENTITY: OVERRIDING SYSTEM VALUE, or DEFAULT in its place", insert.table),
        false => format!("{name} of {} is computed, and takes no value but DEFAULT", insert.table),
    })
}

/// A column that may not be null, and gets no value from the row or anything else. A query may find no row.
fn left_out(look: &Look, insert: &Insert, relation: &Relation) -> Option<String> {
    let is_filled_elsewhere = relation.has_unknown_parts || !relation.triggers.is_empty();
    let has_row = !insert.has_values || !insert.widths.is_empty();
    if is_filled_elsewhere || !has_row {
        return None;
    }
    let least = insert.widths.iter().min().copied().unwrap_or_default();
    let is_given = |place: usize, column: &ColumnFacts| match insert.columns.as_slice() {
        [] => place < least,
        columns => columns.iter().any(|name| **name == *column.name),
    };
    let needs = |column: &ColumnFacts| column.not_null && !column.has_default && look.catalogue.domain(&column.type_).is_none();
    let mut columns = relation.columns.iter().enumerate();
    let (_, column) = columns.find(|(place, column)| needs(column) && !is_given(*place, column))?;
    Some(format!("{} of {} may not be null, has no default, and the row has no value for it", quoted(&column.name), insert.table))
}

/// `ON CONFLICT` of columns that may have the same values twice.
fn without_key(insert: &Insert, relation: &Relation) -> Option<String> {
    let mut wanted: Vec<String> = Vec::new();
    for column in &insert.conflicts_on {
        if !wanted.contains(column) {
            wanted.push(column.clone());
        }
    }
    let wanted = wanted.as_slice();
    let is_known = !wanted.is_empty() && !relation.has_unknown_parts && wanted.iter().all(|name| relation.column(name).is_some());
    if !is_known || relation.has_key(wanted) {
        return None;
    }
    let is_key = |columns: &[Option<String>]| {
        let columns: Option<Vec<String>> = columns.iter().cloned().collect();
        columns.is_some_and(|columns| same(&columns, wanted))
    };
    let mut indexes = relation.indexes.iter();
    let is_there = indexes.any(|index| index.is_unique && !index.is_partial && is_key(&index.columns));
    (!is_there).then(|| format!("no unique index or constraint of {} is on ({}), and ON CONFLICT needs one", insert.table, list(wanted)))
}
