//! What is done to another sort of thing than it can be done to.

use super::Refused;
use crate::catalogue::RelationKind::{self, MaterializedView, Partitioned, Sequence, Table, View};
use crate::look::Look;
use crate::model::{Action, Alter, Change, ConstraintKind, CreateTable, Drop, Kind};
use crate::name::Name;

/// Why it is refused.
pub fn of<'a>(look: &'a Look) -> Refused<'a> {
    let (name, kind, what) = itself(look).or_else(|| referenced(look))?;
    Some((name, format!("{name} is a {}, and {what}", word(kind))))
}

/// A relation, what it is, and what can't be done to it.
type Other<'a> = Option<(&'a Name, RelationKind, String)>;

/// What the statement is about.
fn itself<'a>(look: &'a Look) -> Other<'a> {
    let of = |name: &'a Name, kinds: &[RelationKind], what: &str| {
        let kind = look.catalogue.sure(name)?.kind;
        kinds.contains(&kind).then(|| (name, kind, what.to_string()))
    };
    match look.change {
        Change::Drop(drop) => drop.names.iter().find_map(|name| {
            let kind = of_other_kind(look, drop, name)?;
            Some((name, kind, format!("not what DROP {} is for", drop.kind.name())))
        }),
        Change::CreateIndex(index) => of(&index.table, &[View], "has no index"),
        Change::Alter(Alter { table, action, .. }) if changes_shape(action) => of(table, &[View, MaterializedView], "has the columns of its query"),
        Change::Insert(insert) => of(&insert.table, &[MaterializedView, Sequence], "takes no rows"),
        Change::Update(write) | Change::Delete(write) => of(&write.table, &[MaterializedView, Sequence], "is not written to"),
        Change::Truncate { tables, .. } => tables.iter().find_map(|table| of(table, &[View, MaterializedView, Sequence], "is not emptied")),
        Change::Refresh { view, .. } => of(view, &[Table, Partitioned, View], "not what REFRESH is for"),
        _ => None,
    }
}

fn word(kind: RelationKind) -> &'static str {
    match kind {
        Table | Partitioned => "table",
        View => "view",
        MaterializedView => "materialized view",
        Sequence => "sequence",
    }
}

/// `DROP TABLE` of a view, and its like.
fn of_other_kind(look: &Look, drop: &Drop, name: &Name) -> Option<RelationKind> {
    let kind = look.catalogue.sure(name)?.kind;
    let is_it = match drop.kind {
        Kind::Table => matches!(kind, Table | Partitioned),
        Kind::View => kind == View,
        Kind::MaterializedView => kind == MaterializedView,
        Kind::Sequence => kind == Sequence,
        Kind::Index => false,
        _ => return None,
    };
    (!is_it).then_some(kind)
}

/// Whether only tables have what it changes.
fn changes_shape(action: &Action) -> bool {
    matches!(
        action,
        Action::AddColumn { .. }
            | Action::DropColumn { .. }
            | Action::SetType { .. }
            | Action::SetNotNull(_)
            | Action::DropNotNull(_)
            | Action::AddConstraint(_)
            | Action::SetLogged(_)
            | Action::RowSecurity(_)
    )
}

/// What a foreign key references, which has to be a table.
fn referenced<'a>(look: &'a Look) -> Other<'a> {
    let constraints = match look.change {
        Change::CreateTable(CreateTable { columns, constraints, .. }) => {
            let of_columns = columns.iter().flat_map(|column| &column.constraints);
            of_columns.chain(constraints).collect()
        }
        Change::Alter(Alter { action: Action::AddConstraint(constraint), .. }) => vec![&**constraint],
        Change::Alter(Alter { action: Action::AddColumn { column, .. }, .. }) => column.constraints.iter().collect(),
        _ => Vec::new(),
    };
    constraints.into_iter().find_map(|constraint| match &constraint.kind {
        ConstraintKind::Foreign { table, .. } => {
            let kind = look.catalogue.sure(table)?.kind;
            let is_other = matches!(kind, View | MaterializedView | Sequence);
            is_other.then(|| (table, kind, "no foreign key references one".to_string()))
        }
        _ => None,
    })
}
