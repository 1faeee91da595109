//! Of which tables the columns have to be that a query names.

use super::node::relation;
use super::walk::below;
use crate::model::Scope;
use crate::name::Name;
use crate::tree::{self, Child, Node, NodeEnum, Nodes};

/// Of a SELECT that is no union and has no WITH: its results, joins and conditions. What is ordered or grouped by may be
/// a result's own name.
pub fn of_select(select: &tree::SelectStmt) -> Option<Box<Scope>> {
    let is_plain =
        !select.with_clause.is_some() && !select.larg.is_some() && select.values_lists.is_empty();
    let mut scope = Scope::default();
    if !is_plain || !from(select.from_clause, &mut scope) {
        return None;
    }
    all(select.target_list, &mut scope);
    one(select.where_clause, &mut scope);
    one(select.having_clause, &mut scope);
    given(scope)
}

/// The tables that a SELECT reads, each by what it is called there; none where it reads anything else.
pub fn tables(select: &tree::SelectStmt) -> Option<Vec<(String, Name)>> {
    let mut scope = Scope::default();
    let is_plain = !select.with_clause.is_some() && from(select.from_clause, &mut scope);
    is_plain.then(|| scope.called.into_iter().zip(scope.tables).collect())
}

/// Of an UPDATE or DELETE without WITH: the table, others that it reads, and what is said of them.
pub fn of_write(
    table: Option<tree::RangeVar>,
    with: bool,
    others: Nodes,
    said: Nodes,
    condition: Child,
) -> Option<Box<Scope>> {
    let mut scope = Scope::default();
    let is_known = !with && range(&table?, &mut scope) && from(others, &mut scope);
    if !is_known {
        return None;
    }
    all(said, &mut scope);
    one(condition, &mut scope);
    given(scope)
}

/// Of expressions about one table, such as those of a policy.
pub fn of_table(table: Option<tree::RangeVar>, expressions: &[Child]) -> Option<Box<Scope>> {
    let mut scope = Scope::default();
    if !range(&table?, &mut scope) {
        return None;
    }
    expressions.iter().for_each(|node| one(*node, &mut scope));
    given(scope)
}

fn given(scope: Scope) -> Option<Box<Scope>> {
    (!scope.columns.is_empty()).then(|| Box::new(scope))
}

/// Adds what is read; whether that is tables and nothing else.
fn from(nodes: Nodes, scope: &mut Scope) -> bool {
    !nodes.iter().any(|node| !item(node, scope))
}

fn item(node: Node, scope: &mut Scope) -> bool {
    match node.read() {
        Some(NodeEnum::RangeVar(table)) => range(&table, scope),
        Some(NodeEnum::JoinExpr(join)) => {
            let mut sides = [join.larg, join.rarg].into_iter().flatten();
            let is_known = !join.alias.is_some() && sides.all(|side| item(side, scope));
            one(join.quals, scope);
            is_known
        }
        _ => false,
    }
}

fn range(table: &tree::RangeVar, scope: &mut Scope) -> bool {
    let alias = table.alias.get();
    let called = alias.map_or(table.relname, |alias| alias.aliasname);
    scope.called.push(called.to_string());
    scope.tables.push(relation(Some(*table)));
    alias.is_none_or(|alias| alias.colnames.is_empty())
}

fn all(nodes: Nodes, scope: &mut Scope) {
    nodes.iter().for_each(|node| add(node, scope));
}

fn one(node: Child, scope: &mut Scope) {
    node.into_iter().for_each(|node| add(node, scope));
}

/// Adds the columns that are named alone; those of a query within it may be of what that reads.
fn add(node: Node, scope: &mut Scope) {
    let Some(inner) = node.read() else { return };
    match &inner {
        NodeEnum::ColumnRef(column) => {
            let mut fields = column.fields.iter();
            if let (Some(name), None) = (fields.next().and_then(Node::text), fields.next()) {
                scope.columns.push(name.to_string());
            }
        }
        NodeEnum::SubLink(link) => one(link.testexpr, scope),
        NodeEnum::FuncCall(call) => {
            all(call.args, scope);
            one(call.agg_filter, scope);
        }
        _ => below(&inner, &mut |node| add(node, scope)),
    }
}
