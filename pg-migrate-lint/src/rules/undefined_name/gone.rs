//! Tables, views, sequences and indexes that were there, and are no longer.

use crate::look::Look;
use crate::model::{Action, Alter, Change, Constraint, ConstraintKind, CreateTable, Kind, Query};
use crate::name::Name;

/// The first that the statement needs.
pub fn of<'a>(look: &'a Look) -> Option<&'a Name> {
    let mut needed = needed(look.change).into_iter();
    needed.find(|name| look.catalogue.is_gone(name))
}

/// What has to be there, or the statement fails.
fn needed(change: &Change) -> Vec<&Name> {
    match change {
        Change::Alter(Alter { if_exists: true, .. }) => Vec::new(),
        Change::Alter(Alter { table, action, .. }) => {
            let other = match action {
                Action::AddConstraint(constraint) => referenced(constraint),
                Action::AddColumn { column, .. } => column.constraints.iter().find_map(referenced),
                Action::Attach { child, .. } | Action::Detach { child, .. } => Some(child),
                Action::Inherit(parent) | Action::NoInherit(parent) => Some(parent),
                _ => None,
            };
            std::iter::once(table).chain(other).collect()
        }
        Change::CreateTable(table) => of_table(table),
        Change::CreateTableAs(table) => of_query(&table.query),
        Change::CreateView { query, .. } | Change::Query(query) => of_query(query),
        Change::CreateIndex(index) => vec![&index.table],
        Change::Insert(insert) => vec![&insert.table],
        Change::Update(write) | Change::Delete(write) => vec![&write.table],
        Change::CopyFrom { table, .. }
        | Change::CreateTrigger { table, .. }
        | Change::CreateRule { table, .. }
        | Change::Comment { table: Some(table), .. }
        | Change::Cluster { table: Some(table), .. } => vec![table],
        Change::Policy(policy) => vec![&policy.table],
        Change::Refresh { view, .. } => vec![view],
        Change::Truncate { tables, .. } | Change::Lock { tables, .. } | Change::Vacuum { tables, .. } | Change::Analyze(tables) | Change::Describe { tables, .. } => {
            tables.iter().collect()
        }
        Change::Grant(grant) => grant.tables.iter().collect(),
        Change::Reindex { name: Some(name), .. } => vec![name],
        Change::CreateSequence { owner: Some((table, _)), .. } => vec![table],
        Change::AlterSequence { name, if_exists: false, owner, .. } => std::iter::once(name).chain(owner.iter().map(|(table, _)| table)).collect(),
        Change::Drop(drop) if !drop.if_exists && is_relation(drop.kind) => drop.names.iter().collect(),
        Change::Rename(rename) if !rename.if_exists && is_relation(rename.kind) => vec![&rename.name],
        _ => Vec::new(),
    }
}

/// Whether what it names is a relation, or part of one.
fn is_relation(kind: Kind) -> bool {
    !matches!(kind, Kind::Type | Kind::Domain | Kind::Schema | Kind::Function | Kind::Extension | Kind::Other)
}

fn of_table(table: &CreateTable) -> Vec<&Name> {
    let constraints = table.columns.iter().flat_map(|column| &column.constraints);
    let others = constraints.chain(&table.constraints).filter_map(referenced);
    let others = others.filter(|other| other.name != table.name.name);
    let parents = table.partition_of.iter().map(|(parent, _)| parent);
    parents.chain(&table.inherits).chain(&table.like).chain(others).collect()
}

/// All that it reads, but its own WITH.
fn of_query(query: &Query) -> Vec<&Name> {
    query.relations.iter().collect()
}

fn referenced(constraint: &Constraint) -> Option<&Name> {
    match &constraint.kind {
        ConstraintKind::Foreign { table, .. } => Some(table),
        _ => None,
    }
}
