//! What reads columns of a table and is no view.

use super::node::{name, relation, strings};
use super::walk::{query, walk};
use crate::model::{Dependent, DependentKind, Query};
use crate::name::Name;
use crate::tree::{self, NodeEnum};

/// The tables whose columns the statement makes something depend on, each with what that is.
pub fn of(node: &NodeEnum) -> Vec<(Name, Dependent)> {
    let mut all = match node {
        NodeEnum::CreateTrigStmt(stmt) => trigger(stmt),
        NodeEnum::CreatePolicyStmt(stmt) => policy(stmt),
        NodeEnum::RuleStmt(stmt) => rule(stmt),
        NodeEnum::CreateFunctionStmt(stmt) => function(stmt),
        NodeEnum::CreatePublicationStmt(stmt) => publication(stmt.pubname, stmt.pubobjects),
        NodeEnum::AlterPublicationStmt(stmt) => publication(stmt.pubname, stmt.pubobjects),
        _ => return Vec::new(),
    };
    all.retain(|(_, dependent)| !dependent.columns.is_empty());
    all
}

fn dependent(kind: DependentKind, name: Name, columns: Vec<String>) -> Dependent {
    Dependent {
        kind,
        name,
        columns,
    }
}

fn trigger(stmt: &tree::CreateTrigStmt) -> Vec<(Name, Dependent)> {
    let mut columns = strings(stmt.columns);
    columns.extend(stmt.when_clause.map(query).unwrap_or_default().columns);
    let name = Name::bare(stmt.trigname);
    let trigger = dependent(DependentKind::Trigger, name, columns);
    vec![(relation(stmt.relation.get()), trigger)]
}

fn policy(stmt: &tree::CreatePolicyStmt) -> Vec<(Name, Dependent)> {
    let mut reads = Query::default();
    for node in [stmt.qual, stmt.with_check].into_iter().flatten() {
        walk(node, &mut reads);
    }
    // A column of a table in a subquery may have the same name.
    if !reads.relations.is_empty() {
        return Vec::new();
    }
    let name = Name::bare(stmt.policy_name);
    let policy = dependent(DependentKind::Policy, name, reads.columns);
    vec![(relation(stmt.table.get()), policy)]
}

fn rule(stmt: &tree::RuleStmt) -> Vec<(Name, Dependent)> {
    let mut columns = stmt.where_clause.map(query).unwrap_or_default().columns;
    for action in stmt.actions.iter() {
        let reads = query(action);
        // An INSERT names its own table, and reads no other one.
        let is_insert = matches!(action.read(), Some(NodeEnum::InsertStmt(_)));
        if is_insert && reads.relations.len() == 1 {
            columns.extend(reads.columns);
        }
    }
    let name = Name::bare(stmt.rulename);
    let rule = dependent(DependentKind::Rule, name, columns);
    vec![(relation(stmt.relation.get()), rule)]
}

fn function(stmt: &tree::CreateFunctionStmt) -> Vec<(Name, Dependent)> {
    let reads = stmt.sql_body.map(query).unwrap_or_default();
    let function = dependent(DependentKind::Function, name(stmt.funcname), reads.columns);
    match reads.relations.as_slice() {
        [only] => vec![(only.clone(), function)],
        // Of which table a column is can't be told from here.
        _ => Vec::new(),
    }
}

fn publication(called: &str, objects: tree::Nodes) -> Vec<(Name, Dependent)> {
    let tables = objects.iter().filter_map(|node| match node.read()? {
        NodeEnum::PublicationObjSpec(object) => object.pubtable.get(),
        _ => None,
    });
    let tables = tables.map(|table| {
        let columns = table.where_clause.map(query).unwrap_or_default().columns;
        let publication = dependent(DependentKind::Publication, Name::bare(called), columns);
        (relation(table.relation.get()), publication)
    });
    tables.collect()
}
