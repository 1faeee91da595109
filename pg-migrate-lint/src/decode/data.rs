//! What reads and writes rows.

use std::collections::HashSet;

use pg_query::protobuf as pb;

use super::create::{select_into, target_names};
use super::node::{constant, name, relation};
use super::scope;
use super::walk::walk;
use crate::model::{Change, Insert, Query, Write};
use crate::tree::{self, Child, Node, NodeEnum, Nodes};

/// `UPDATE`
pub fn update(stmt: &tree::UpdateStmt) -> Change {
    let mut query = Query::default();
    let others = stmt.from_clause.iter().chain(stmt.target_list.iter());
    others.for_each(|node| walk(node, &mut query));
    add(stmt.with_clause.get(), stmt.where_clause, &mut query);
    Change::Update(Write {
        table: relation(stmt.relation.get()),
        has_where: is_condition(stmt.where_clause),
        is_batched: is_batched(stmt.with_clause.get(), stmt.where_clause),
        columns: target_names(stmt.target_list),
        emptied: emptied(stmt.target_list),
        equals: equals(stmt.where_clause),
        is_kept: false,
        query: Query {
            scope: scope::of_write(
                stmt.relation.get(),
                stmt.with_clause.is_some(),
                stmt.from_clause,
                stmt.target_list,
                stmt.where_clause,
            ),
            ..query
        },
    })
}

/// `DELETE`
pub fn delete(stmt: &tree::DeleteStmt) -> Change {
    let mut query = Query::default();
    stmt.using_clause
        .iter()
        .for_each(|node| walk(node, &mut query));
    add(stmt.with_clause.get(), stmt.where_clause, &mut query);
    Change::Delete(Write {
        table: relation(stmt.relation.get()),
        has_where: is_condition(stmt.where_clause),
        is_batched: is_batched(stmt.with_clause.get(), stmt.where_clause),
        columns: Vec::new(),
        emptied: Vec::new(),
        equals: equals(stmt.where_clause),
        is_kept: false,
        query: Query {
            scope: scope::of_write(
                stmt.relation.get(),
                stmt.with_clause.is_some(),
                stmt.using_clause,
                Nodes::default(),
                stmt.where_clause,
            ),
            ..query
        },
    })
}

fn add(with: Option<tree::WithClause>, condition: Child, query: &mut Query) {
    let ctes = with.into_iter().flat_map(|with| with.ctes.iter());
    ctes.chain(condition).for_each(|node| walk(node, query));
}

/// `WHERE true` leaves out nothing, nor does `WHERE 1 = 1`.
fn is_condition(node: Child) -> bool {
    let Some(node) = node else { return false };
    match node.read() {
        Some(NodeEnum::AExpr(expr)) if name(expr.name).name == "=" => {
            let side = |side: Child| side.and_then(constant);
            side(expr.lexpr).is_none() || side(expr.lexpr) != side(expr.rexpr)
        }
        _ => constant(node).as_deref() != Some("true"),
    }
}

/// A limit somewhere, or a range of keys: `BETWEEN`, or both a lower and an upper bound.
fn is_batched(with: Option<tree::WithClause>, condition: Child) -> bool {
    let ctes = with.into_iter().flat_map(|with| with.ctes.iter());
    let mut nodes = ctes.chain(condition);
    nodes.any(is_limited)
}

fn is_limited(node: Node) -> bool {
    let boxed = |node: Child| node.is_some_and(is_limited);
    match node.read() {
        Some(NodeEnum::SelectStmt(select)) => {
            select.limit_count.is_some()
                || boxed(select.where_clause)
                || select.from_clause.iter().any(is_limited)
        }
        Some(NodeEnum::SubLink(link)) => boxed(link.subselect),
        Some(NodeEnum::RangeSubselect(range)) => boxed(range.subquery),
        Some(NodeEnum::CommonTableExpr(cte)) => boxed(cte.ctequery),
        Some(NodeEnum::BoolExpr(expr)) => expr.args.iter().any(is_limited) || is_range(expr.args),
        Some(NodeEnum::AExpr(expr)) => {
            expr.kind == pb::AExprKind::AexprBetween || boxed(expr.lexpr) || boxed(expr.rexpr)
        }
        _ => false,
    }
}

fn is_range(conditions: Nodes) -> bool {
    let has = |operators: &[&str]| {
        conditions.iter().any(|node| match node.read() {
            Some(NodeEnum::AExpr(expr)) => operators.contains(&name(expr.name).name.as_str()),
            _ => false,
        })
    };
    has(&["<", "<="]) && has(&[">", ">="])
}

/// Columns that are compared with a constant, or a list of them.
fn equals(condition: Child) -> Vec<String> {
    match condition.and_then(Node::read) {
        Some(NodeEnum::BoolExpr(expr)) if expr.boolop == pb::BoolExprType::AndExpr => expr
            .args
            .iter()
            .flat_map(|node| equals(Some(node)))
            .collect(),
        Some(NodeEnum::AExpr(expr)) if name(expr.name).name == "=" => {
            let is_constant = expr.rexpr.is_some_and(|node| match node.read() {
                Some(NodeEnum::List(list)) => {
                    list.items.0.iter().all(|node| constant(node).is_some())
                }
                _ => constant(node).is_some(),
            });
            let column = expr.lexpr.and_then(super::walk::bare_column);
            column.filter(|_| is_constant).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// `INSERT`
pub fn insert(stmt: &tree::InsertStmt) -> Change {
    let mut query = Query::default();
    let mut from_query = false;
    let mut numbers = Vec::new();
    let mut given = Vec::new();
    let mut widths: Vec<usize> = Vec::new();
    if let Some(node) = stmt.select_stmt {
        walk(node, &mut query);
        from_query = match node.read() {
            Some(NodeEnum::SelectStmt(select)) => {
                numbers = greatest(select.values_lists);
                given = places(select.values_lists);
                widths = select.values_lists.iter().filter_map(width).collect();
                if !stmt.with_clause.is_some() {
                    query.scope = scope::of_select(&select);
                }
                !select.from_clause.is_empty() || select.larg.is_some()
            }
            _ => false,
        };
    }
    add(stmt.with_clause.get(), None, &mut query);
    Change::Insert(Insert {
        table: relation(stmt.relation.get()),
        columns: target_names(stmt.cols),
        on_conflict: stmt.on_conflict_clause.is_some(),
        conflicts_on: conflicts_on(stmt.on_conflict_clause),
        updates: updates(stmt.on_conflict_clause),
        from_query,
        has_values: stmt.select_stmt.is_some(),
        numbers,
        given,
        widths,
        overrides: stmt.overriding > pb::OverridingKind::OverridingNotSet,
        query,
    })
}

/// Whether a value is `DEFAULT`, or that one of a row is which the column gets.
fn is_default(value: NodeEnum) -> bool {
    match value {
        NodeEnum::SetToDefault(_) => true,
        NodeEnum::MultiAssignRef(part) => match part.source.and_then(Node::read) {
            Some(NodeEnum::RowExpr(row)) => {
                let place = usize::try_from(part.colno - 1).unwrap_or(usize::MAX);
                let value = row.args.iter().nth(place).and_then(Node::read);
                matches!(value, Some(NodeEnum::SetToDefault(_)))
            }
            _ => false,
        },
        _ => false,
    }
}

/// The columns that are set to `DEFAULT`.
fn emptied(targets: Nodes) -> Vec<String> {
    let names = targets.iter().filter_map(|node| match node.read()? {
        NodeEnum::ResTarget(target) => {
            is_default(target.val?.read()?).then(|| target.name.to_string())
        }
        _ => None,
    });
    names.collect()
}

/// How many values a row has; none where one of them may stand for several.
fn width(row: Node) -> Option<usize> {
    let Some(NodeEnum::List(list)) = row.read() else {
        return None;
    };
    let is_one = |node: Node| {
        !matches!(
            node.read(),
            Some(NodeEnum::AIndirection(_) | NodeEnum::ColumnRef(_))
        )
    };
    let values = list.items.0;
    values.iter().all(is_one).then(|| values.iter().count())
}

/// The columns that `ON CONFLICT` names, where it names nothing else.
fn conflicts_on(clause: Child) -> Vec<String> {
    let infer = match clause.and_then(Node::read) {
        Some(NodeEnum::OnConflictClause(clause)) => clause.infer.get(),
        _ => None,
    };
    let Some(infer) = infer.filter(|infer| infer.where_clause.is_none()) else {
        return Vec::new();
    };
    let names = infer.index_elems.iter().map(|node| match node.read()? {
        NodeEnum::IndexElem(element) if !element.name.is_empty() => Some(element.name.to_string()),
        _ => None,
    });
    names.collect::<Option<Vec<String>>>().unwrap_or_default()
}

fn updates(clause: Child) -> Vec<String> {
    match clause.and_then(Node::read) {
        Some(NodeEnum::OnConflictClause(clause)) => target_names(clause.target_list),
        _ => Vec::new(),
    }
}

/// Whether rows have something else than `DEFAULT` in each of their places.
fn places(rows: Nodes) -> Vec<bool> {
    let mut given: Vec<bool> = Vec::new();
    for row in rows.iter() {
        let Some(NodeEnum::List(list)) = row.read() else {
            continue;
        };
        for (place, value) in list.items.0.iter().enumerate() {
            let is_given = !matches!(value.read(), Some(NodeEnum::SetToDefault(_)));
            match given.get_mut(place) {
                Some(known) => *known |= is_given,
                None => given.push(is_given),
            }
        }
    }
    given
}

/// The greatest number that rows have in each of their places.
fn greatest(rows: Nodes) -> Vec<Option<i64>> {
    let mut numbers: Vec<Option<i64>> = Vec::new();
    for row in rows.iter() {
        let Some(NodeEnum::List(list)) = row.read() else {
            continue;
        };
        for (place, value) in list.items.0.iter().enumerate() {
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
pub fn select(stmt: &tree::SelectStmt) -> Change {
    let mut query = Query::default();
    super::walk::select(stmt, &mut query);
    query.scope = scope::of_select(stmt);
    match stmt.into_clause.get() {
        Some(into) => select_into(&into, query),
        None => Change::Query(query),
    }
}

/// `CALL`
pub fn call(stmt: &tree::CallStmt) -> Change {
    let mut query = Query::default();
    if let Some(call) = stmt.funccall.get() {
        query.functions.push(name(call.funcname));
        call.args.iter().for_each(|node| walk(node, &mut query));
    }
    Change::Query(query)
}

/// `MERGE`
pub fn merge(stmt: &tree::MergeStmt) -> Change {
    let mut query = Query::default();
    if let Some(source) = stmt.source_relation {
        walk(source, &mut query);
    }
    let clauses = stmt.clauses.iter().filter_map(|node| match node.read()? {
        NodeEnum::MergeWhenClause(clause) => Some(clause),
        _ => None,
    });
    let clauses: Vec<_> = clauses.collect();
    let mut set: Vec<String> = Vec::new();
    let mut filled = HashSet::new();
    let updates = clauses
        .iter()
        .filter(|clause| clause.command == pb::CmdType::CmdUpdate);
    for clause in updates {
        let empty = emptied(clause.targets);
        for name in target_names(clause.targets) {
            if !empty.contains(&name) {
                filled.insert(name.clone());
            }
            // Another clause may set it as well.
            if !set.contains(&name) {
                set.push(name);
            }
        }
    }
    let mut all = clauses.iter().filter(|clause| {
        clause.kind == pb::MergeMatchKind::MergeWhenMatched && !is_condition(clause.condition)
    });
    let command = all.next().map(|clause| clause.command);
    // With every row of another table each row is met.
    let is_all = !is_condition(stmt.join_condition);
    let is_write = matches!(
        command,
        Some(pb::CmdType::CmdUpdate | pb::CmdType::CmdDelete)
    );
    let write = Write {
        table: relation(stmt.relation.get()),
        has_where: !(is_all && is_write),
        is_batched: !(is_all && is_write),
        emptied: set
            .iter()
            .filter(|name| !filled.contains(*name))
            .cloned()
            .collect(),
        columns: set,
        query,
        ..Write::default()
    };
    match command {
        Some(pb::CmdType::CmdDelete) if is_all => Change::Delete(write),
        _ => Change::Update(write),
    }
}

/// What the queries of WITH write.
pub fn within(node: &NodeEnum) -> Vec<Change> {
    let (with, keeps) = match node {
        NodeEnum::SelectStmt(stmt) => (stmt.with_clause, false),
        NodeEnum::UpdateStmt(stmt) => (stmt.with_clause, false),
        NodeEnum::DeleteStmt(stmt) => (stmt.with_clause, false),
        NodeEnum::MergeStmt(stmt) => (stmt.with_clause, false),
        NodeEnum::InsertStmt(stmt) => (stmt.with_clause, true),
        _ => return Vec::new(),
    };
    let ctes = with.get();
    let ctes = ctes.iter().flat_map(|with| with.ctes.iter());
    let written = ctes.filter_map(|node| {
        let NodeEnum::CommonTableExpr(cte) = node.read()? else {
            return None;
        };
        match cte.ctequery?.read()? {
            NodeEnum::UpdateStmt(stmt) => Some(update(&stmt)),
            NodeEnum::DeleteStmt(stmt) => match delete(&stmt) {
                Change::Delete(write) => Some(Change::Delete(Write {
                    is_kept: keeps,
                    ..write
                })),
                other => Some(other),
            },
            NodeEnum::InsertStmt(stmt) => Some(insert(&stmt)),
            NodeEnum::MergeStmt(stmt) => Some(merge(&stmt)),
            _ => None,
        }
    });
    written.collect()
}
