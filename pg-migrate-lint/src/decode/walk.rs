//! What expressions and queries read and call.

use pg_query::protobuf as pb;

use super::node::{constant, name, relation, string, type_};
use crate::model::{Expr, Query, Setting};
use crate::name::Name;
use crate::tree::{self, Child, Node, NodeEnum, Nodes, Value};

/// An expression.
pub fn expr(node: Node) -> Expr {
    let mut query = Query::default();
    walk(node, &mut query);
    Expr {
        is_null: is_null(node),
        is_constant: matches!(node.read(), Some(NodeEnum::AConst(constant))
            if matches!(constant.val, Value::String(_) | Value::Boolean(_))),
        proves_not_null: proved(node),
        bare_column: bare_column(node),
        cast_column: cast_column(node),
        has_subquery: query.has_subquery,
        qualified: query.qualified,
        columns: query.columns,
        functions: query.functions,
        words: query.words,
        casts: query.casts,
        limits: None,
    }
}

fn cast_column(node: Node) -> Option<String> {
    match node.read() {
        Some(NodeEnum::TypeCast(cast)) => cast_column(cast.arg?),
        _ => bare_column(node),
    }
}

/// Anything that is a query.
pub fn query(node: Node) -> Query {
    let mut query = Query::default();
    walk(node, &mut query);
    query
}

/// Adds what this reads and calls.
pub fn walk(node: Node, query: &mut Query) {
    let Some(inner) = node.read() else { return };
    match inner {
        NodeEnum::ColumnRef(column) => column_ref(&column, query),
        NodeEnum::AConst(constant) => word(&constant, query),
        NodeEnum::FuncCall(call) => func_call(&call, query),
        NodeEnum::RangeVar(range) => query.relations.push(relation(Some(range))),
        NodeEnum::SelectStmt(select) => self::select(&select, query),
        NodeEnum::SqlvalueFunction(_) => query.functions.push(Name::bare("now")),
        NodeEnum::InsertStmt(insert) => {
            query
                .relations
                .extend(insert.relation.get().map(|range| relation(Some(range))));
            boxed(insert.select_stmt, query);
        }
        NodeEnum::UpdateStmt(update) => {
            query
                .relations
                .extend(update.relation.get().map(|range| relation(Some(range))));
            all(update.target_list, query);
            all(update.from_clause, query);
            boxed(update.where_clause, query);
        }
        NodeEnum::DeleteStmt(delete) => {
            query
                .relations
                .extend(delete.relation.get().map(|range| relation(Some(range))));
            all(delete.using_clause, query);
            boxed(delete.where_clause, query);
        }
        _ => expression(&inner, query),
    }
}

fn expression(node: &NodeEnum, query: &mut Query) {
    match node {
        NodeEnum::TypeCast(cast) => type_cast(cast, query),
        NodeEnum::SubLink(_) => {
            query.has_subquery = true;
            below(node, &mut |node| walk(node, query));
        }
        _ => below(node, &mut |node| walk(node, query)),
    }
}

/// Goes to what an expression is made of.
pub fn below<'a>(node: &NodeEnum<'a>, go: &mut impl FnMut(Node<'a>)) {
    let mut one = |node: Child<'a>| node.into_iter().for_each(&mut *go);
    match node {
        NodeEnum::ResTarget(target) => one(target.val),
        NodeEnum::TypeCast(cast) => one(cast.arg),
        NodeEnum::AExpr(expr) => {
            one(expr.lexpr);
            one(expr.rexpr);
        }
        NodeEnum::NullTest(test) => one(test.arg),
        NodeEnum::BooleanTest(test) => one(test.arg),
        NodeEnum::CollateClause(clause) => one(clause.arg),
        NodeEnum::AIndirection(expr) => one(expr.arg),
        NodeEnum::CaseExpr(case) => {
            one(case.arg);
            case.args.iter().for_each(&mut *go);
            case.defresult.into_iter().for_each(go);
        }
        NodeEnum::CaseWhen(when) => {
            one(when.expr);
            one(when.result);
        }
        NodeEnum::SubLink(link) => {
            one(link.testexpr);
            one(link.subselect);
        }
        NodeEnum::JoinExpr(join) => {
            one(join.larg);
            one(join.rarg);
            one(join.quals);
        }
        NodeEnum::RangeSubselect(range) => one(range.subquery),
        NodeEnum::CommonTableExpr(cte) => one(cte.ctequery),
        NodeEnum::SortBy(sort) => one(sort.node),
        NodeEnum::WindowDef(window) => {
            window.partition_clause.iter().for_each(&mut *go);
            window.order_clause.iter().for_each(go);
        }
        _ => several(node).into_iter().flat_map(Nodes::iter).for_each(go),
    }
}

/// The parts of what is made of several of one sort.
fn several<'a>(node: &NodeEnum<'a>) -> Option<Nodes<'a>> {
    Some(match node {
        NodeEnum::List(list) => list.items.0,
        NodeEnum::BoolExpr(expr) => expr.args,
        NodeEnum::CoalesceExpr(expr) => expr.args,
        NodeEnum::MinMaxExpr(expr) => expr.args,
        NodeEnum::AArrayExpr(expr) => expr.elements,
        NodeEnum::RowExpr(expr) => expr.args,
        NodeEnum::RangeFunction(range) => range.functions,
        NodeEnum::XmlExpr(xml) => xml.args,
        _ => return None,
    })
}

/// Adds what a query reads and calls.
pub fn select(select: &tree::SelectStmt, query: &mut Query) {
    let with = select.with_clause.get();
    if let Some(with) = with {
        all(with.ctes, query);
    }
    for nodes in [
        select.distinct_clause,
        select.target_list,
        select.from_clause,
        select.group_clause,
        select.values_lists,
        select.sort_clause,
        select.window_clause,
    ] {
        all(nodes, query);
    }
    boxed(select.where_clause, query);
    boxed(select.having_clause, query);
    boxed(select.limit_count, query);
    for side in [select.larg.get(), select.rarg.get()].into_iter().flatten() {
        self::select(&side, query);
    }
    if let Some(with) = with {
        let names = with.ctes.iter().filter_map(|node| match node.read()? {
            NodeEnum::CommonTableExpr(cte) => Some(cte.ctename),
            _ => None,
        });
        let names: Vec<&str> = names.collect();
        let is_own = |name: &Name| name.schema.is_none() && names.contains(&name.name.as_str());
        query.relations.retain(|name| !is_own(name));
    }
}

fn all(nodes: Nodes, query: &mut Query) {
    nodes.iter().for_each(|node| walk(node, query));
}

fn boxed(node: Child, query: &mut Query) {
    if let Some(node) = node {
        walk(node, query);
    }
}

fn column_ref(column: &tree::ColumnRef, query: &mut Query) {
    match column.fields.iter().last().and_then(Node::read) {
        Some(NodeEnum::AStar(_)) => query.all_columns = true,
        Some(NodeEnum::String(string)) => {
            let name = string.sval.to_string();
            if column.fields.iter().nth(1).is_some() {
                query.qualified.push(name.clone());
            }
            query.columns.push(name);
        }
        _ => {}
    }
}

fn word(constant: &tree::AConst, query: &mut Query) {
    if let Value::String(word) = constant.val
        && word.len() <= 63
    {
        query.words.push(word.to_string());
    }
}

fn type_cast(cast: &tree::TypeCast, query: &mut Query) {
    if let Some(column) = cast.arg.and_then(bare_column) {
        query.casts.push((column, type_(cast.type_name.get()).name));
    }
    boxed(cast.arg, query);
}

fn func_call(call: &tree::FuncCall, query: &mut Query) {
    let function = name(call.funcname);
    let function = match function.schema.as_deref() {
        Some("pg_catalog") => Name::bare(function.name),
        _ => function,
    };
    if function.name == "set_config" {
        let values: Vec<Option<String>> = call.args.iter().map(constant).collect();
        if let [Some(name), value, local] = values.as_slice() {
            query.settings.push(Setting {
                name: name.to_lowercase(),
                value: value.clone(),
                values: value.iter().cloned().collect(),
                local: matches!(local.as_deref(), Some("true" | "t")),
            });
        }
    }
    query.functions.push(function);
    all(call.args, query);
    all(call.agg_order, query);
    boxed(call.agg_filter, query);
}

/// The columns that can't be null where this holds: `a IS NOT NULL`, and such with AND.
fn proved(node: Node) -> Vec<String> {
    match node.read() {
        Some(NodeEnum::BoolExpr(expr)) if expr.boolop == pb::BoolExprType::AndExpr => {
            expr.args.iter().flat_map(proved).collect()
        }
        Some(NodeEnum::BoolExpr(expr)) if expr.boolop == pb::BoolExprType::NotExpr => {
            expr.args.iter().flat_map(refuted).collect()
        }
        Some(NodeEnum::NullTest(test)) if test.nulltesttype == pb::NullTestType::IsNotNull => {
            match test.arg.and_then(Node::read) {
                Some(NodeEnum::RowExpr(row)) => row.args.iter().filter_map(bare_column).collect(),
                _ => not_null(node).into_iter().collect(),
            }
        }
        Some(NodeEnum::AExpr(expr)) if expr.kind == pb::AExprKind::AexprDistinct => {
            match (expr.lexpr, expr.rexpr) {
                (Some(side), Some(null)) | (Some(null), Some(side)) if is_null(null) => {
                    bare_column(side).into_iter().collect()
                }
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}

/// The columns that are not null where it does not hold.
fn refuted(node: Node) -> Vec<String> {
    match node.read() {
        Some(NodeEnum::BoolExpr(expr)) if expr.boolop == pb::BoolExprType::OrExpr => {
            expr.args.iter().flat_map(refuted).collect()
        }
        Some(NodeEnum::NullTest(test)) if test.nulltesttype == pb::NullTestType::IsNull => {
            test.arg.and_then(bare_column).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn is_null(node: Node) -> bool {
    matches!(node.read(), Some(NodeEnum::AConst(constant)) if constant.isnull)
}

/// The column of `column IS NOT NULL`.
pub fn not_null(node: Node) -> Option<String> {
    match node.read() {
        Some(NodeEnum::NullTest(test)) if test.nulltesttype == pb::NullTestType::IsNotNull => {
            test.arg.and_then(bare_column)
        }
        _ => None,
    }
}

/// The column that this is and nothing else.
pub fn bare_column(node: Node) -> Option<String> {
    match node.read()? {
        NodeEnum::ColumnRef(column) => string(column.fields.iter().last()?),
        _ => None,
    }
}
