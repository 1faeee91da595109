//! Columns, and whether what is read has them.

use super::Missing;
use crate::look::Look;
use crate::model::{Action, Alter, Change, Scope};
use crate::name::{Name, quoted};

/// What every table has.
const OF_SYSTEM: &[&str] = &["tableoid", "ctid", "xmin", "xmax", "cmin", "cmax", "oid"];

/// Whether a table or view has a column, or is to have it by the same statement; none where that can't be told.
pub fn has(look: &Look, table: &Name, column: &str) -> Option<bool> {
    // A table's name is a row of it.
    if column == table.name || OF_SYSTEM.contains(&column) {
        return Some(true);
    }
    let Some(relation) = look.whole(table) else {
        return of_view(look, table, column);
    };
    // What is dropped, or gets another type, does before anything is added.
    let is_added = || {
        let mut others = match look.change {
            Change::Alter(Alter { action: Action::DropColumn { .. } | Action::DropNotNull(_) | Action::Default { default: None, .. } | Action::SetType { .. }, .. }) => look.siblings[..look.place].iter(),
            _ => look.siblings.iter(),
        };
        others.any(|change| matches!(change, Change::Alter(Alter { action: Action::AddColumn { column: added, .. }, .. }) if added.name == column))
    };
    Some(relation.column(column).is_some() || is_added())
}

fn of_view(look: &Look, view: &Name, column: &str) -> Option<bool> {
    let output = look.catalogue.sure(view)?.output.as_ref()?;
    let names: Option<Vec<&String>> = output.iter().map(|column| column.name.as_ref()).collect();
    Some(names?.iter().any(|name| *name == column))
}

/// A column of a query that nothing has of what it reads.
pub fn of<'a>(look: &Look, scope: Option<&'a Scope>) -> Missing<'a> {
    let scope = scope?;
    let is_missing = |column: &&String| {
        let mut tables = scope.tables.iter();
        !scope.called.contains(column) && tables.all(|table| has(look, table, column) == Some(false))
    };
    let column = scope.columns.iter().find(is_missing)?;
    let column = quoted(column);
    let first = scope.tables.first()?;
    let words = match scope.tables.as_slice() {
        [_] => format!("{first} has no column {column}"),
        tables => {
            let tables: Vec<String> = tables.iter().map(ToString::to_string).collect();
            format!("none of {} has a column {column}", tables.join(", "))
        }
    };
    Some((first, words))
}
