//! What reads and writes rows.

use pg_query::protobuf as pb;
use pg_query::{Node, NodeEnum};

use super::create::{select_into, target_names};
use super::node::{constant, items, name, relation};
use super::walk::walk;
use crate::model::{Change, Insert, Query, Write};

/// `UPDATE`
pub fn update(stmt: &pb::UpdateStmt) -> Change {
    let mut query = Query::default();
    let others = stmt.from_clause.iter().chain(&stmt.target_list);
    others.for_each(|node| walk(node, &mut query));
    add(
        stmt.with_clause.as_ref(),
        stmt.where_clause.as_deref(),
        &mut query,
    );
    Change::Update(Write {
        table: relation(stmt.relation.as_ref()),
        has_where: is_condition(stmt.where_clause.as_deref()),
        is_batched: is_batched(stmt.with_clause.as_ref(), stmt.where_clause.as_deref()),
        columns: target_names(&stmt.target_list),
        equals: equals(stmt.where_clause.as_deref()),
        query,
    })
}

/// `DELETE`
pub fn delete(stmt: &pb::DeleteStmt) -> Change {
    let mut query = Query::default();
    stmt.using_clause
        .iter()
        .for_each(|node| walk(node, &mut query));
    add(
        stmt.with_clause.as_ref(),
        stmt.where_clause.as_deref(),
        &mut query,
    );
    Change::Delete(Write {
        table: relation(stmt.relation.as_ref()),
        has_where: is_condition(stmt.where_clause.as_deref()),
        is_batched: is_batched(stmt.with_clause.as_ref(), stmt.where_clause.as_deref()),
        columns: Vec::new(),
        equals: equals(stmt.where_clause.as_deref()),
        query,
    })
}

fn add(with: Option<&pb::WithClause>, condition: Option<&Node>, query: &mut Query) {
    let ctes = with.iter().flat_map(|with| &with.ctes);
    ctes.chain(condition).for_each(|node| walk(node, query));
}

/// `WHERE true` leaves out nothing.
fn is_condition(node: Option<&Node>) -> bool {
    let constant = node.and_then(constant);
    node.is_some() && constant.as_deref() != Some("true")
}

/// A limit somewhere, or a range of keys: `BETWEEN`, or both a lower and an upper bound.
fn is_batched(with: Option<&pb::WithClause>, condition: Option<&Node>) -> bool {
    let ctes = with.iter().flat_map(|with| &with.ctes);
    let mut nodes = ctes.chain(condition);
    nodes.any(is_limited)
}

fn is_limited(node: &Node) -> bool {
    let boxed = |node: &Option<Box<Node>>| node.as_deref().is_some_and(is_limited);
    match &node.node {
        Some(NodeEnum::SelectStmt(select)) => {
            select.limit_count.is_some()
                || boxed(&select.where_clause)
                || select.from_clause.iter().any(is_limited)
        }
        Some(NodeEnum::SubLink(link)) => boxed(&link.subselect),
        Some(NodeEnum::RangeSubselect(range)) => boxed(&range.subquery),
        Some(NodeEnum::CommonTableExpr(cte)) => boxed(&cte.ctequery),
        Some(NodeEnum::BoolExpr(expr)) => expr.args.iter().any(is_limited) || is_range(&expr.args),
        Some(NodeEnum::AExpr(expr)) => {
            expr.kind == pb::AExprKind::AexprBetween as i32
                || boxed(&expr.lexpr)
                || boxed(&expr.rexpr)
        }
        _ => false,
    }
}

fn is_range(conditions: &[Node]) -> bool {
    let has = |operators: &[&str]| {
        conditions.iter().any(|node| match &node.node {
            Some(NodeEnum::AExpr(expr)) => operators.contains(&name(&expr.name).name.as_str()),
            _ => false,
        })
    };
    has(&["<", "<="]) && has(&[">", ">="])
}

/// Columns that are compared with a constant, or a list of them.
fn equals(condition: Option<&Node>) -> Vec<String> {
    match condition.and_then(|node| node.node.as_ref()) {
        Some(NodeEnum::BoolExpr(expr)) if expr.boolop == pb::BoolExprType::AndExpr as i32 => expr
            .args
            .iter()
            .flat_map(|node| equals(Some(node)))
            .collect(),
        Some(NodeEnum::AExpr(expr)) if name(&expr.name).name == "=" => {
            let is_constant = expr.rexpr.as_deref().is_some_and(|node| match &node.node {
                Some(NodeEnum::List(list)) => {
                    list.items.iter().all(|node| constant(node).is_some())
                }
                _ => constant(node).is_some(),
            });
            let column = expr.lexpr.as_deref().and_then(super::walk::bare_column);
            column.filter(|_| is_constant).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// `INSERT`
pub fn insert(stmt: &pb::InsertStmt) -> Change {
    let mut query = Query::default();
    let mut from_query = false;
    let mut numbers = Vec::new();
    if let Some(node) = stmt.select_stmt.as_deref() {
        walk(node, &mut query);
        from_query = match &node.node {
            Some(NodeEnum::SelectStmt(select)) => {
                numbers = greatest(&select.values_lists);
                !select.from_clause.is_empty() || select.larg.is_some()
            }
            _ => false,
        };
    }
    add(stmt.with_clause.as_ref(), None, &mut query);
    Change::Insert(Insert {
        table: relation(stmt.relation.as_ref()),
        columns: target_names(&stmt.cols),
        on_conflict: stmt.on_conflict_clause.is_some(),
        from_query,
        numbers,
        has_values: stmt.select_stmt.is_some(),
        query,
    })
}

/// The greatest number that rows have in each of their places.
fn greatest(rows: &[Node]) -> Vec<Option<i64>> {
    let mut numbers: Vec<Option<i64>> = Vec::new();
    for row in rows {
        for (place, value) in items(row).iter().enumerate() {
            let number = constant(value).and_then(|text| text.parse().ok());
            match numbers.get_mut(place) {
                Some(known) => *known = number.max(*known),
                None => numbers.push(number),
            }
        }
    }
    numbers
}

/// `SELECT`
pub fn select(stmt: &pb::SelectStmt) -> Change {
    let node = Node {
        node: Some(NodeEnum::SelectStmt(Box::new(stmt.clone()))),
    };
    let mut query = Query::default();
    walk(&node, &mut query);
    match &stmt.into_clause {
        Some(into) => select_into(into, query),
        None => Change::Query(query),
    }
}

/// `CALL`
pub fn call(stmt: &pb::CallStmt) -> Change {
    let mut query = Query::default();
    if let Some(call) = &stmt.funccall {
        query.functions.push(name(&call.funcname));
        call.args.iter().for_each(|node| walk(node, &mut query));
    }
    Change::Query(query)
}

/// `MERGE`
pub fn merge(stmt: &pb::MergeStmt) -> Change {
    let mut query = Query::default();
    if let Some(source) = stmt.source_relation.as_deref() {
        walk(source, &mut query);
    }
    Change::Update(Write {
        table: relation(stmt.relation.as_ref()),
        has_where: true,
        is_batched: true,
        columns: Vec::new(),
        equals: Vec::new(),
        query,
    })
}
