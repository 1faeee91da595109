//! Comparisons of columns with constants.

use pg_query::protobuf::{AExprKind, BoolExprType};

use super::node::strings;
use super::partition::datum;
use super::walk::bare_column;
use crate::model::{Comparison, Datum, Limit, Limits};
use crate::tree::{self, Child, Node, NodeEnum};

/// Those that a condition consists of, and whether it may say more.
pub fn limits(node: Node) -> Limits {
    let mut limits = Limits::default();
    add(node, &mut limits);
    limits
}

fn add(node: Node, limits: &mut Limits) {
    match node.read() {
        Some(NodeEnum::BoolExpr(expr)) if expr.boolop == BoolExprType::AndExpr => {
            expr.args.iter().for_each(|node| add(node, limits));
        }
        Some(NodeEnum::BoolExpr(_)) => limits.is_open = true,
        Some(NodeEnum::AExpr(expr)) => compared(&expr, limits),
        _ => {}
    }
}

fn compared(expr: &tree::AExpr, limits: &mut Limits) {
    let (left, right) = (expr.lexpr, expr.rexpr);
    let (column, others, is_turned) = match (column(left), column(right)) {
        (Some(column), None) => (column, right, false),
        (None, Some(column)) => (column, left, true),
        // What is computed of columns proves nothing of them.
        _ => return,
    };
    let operator = strings(expr.name).pop().unwrap_or_default();
    match comparisons(expr.kind, &operator, others, is_turned) {
        Some(comparisons) => {
            let of_column = |comparison| Limit {
                column: column.clone(),
                comparison,
            };
            limits.all.extend(comparisons.into_iter().map(of_column));
        }
        None => limits.is_open = true,
    }
}

fn column(node: Child) -> Option<String> {
    node.and_then(bare_column)
}

fn comparisons(
    kind: AExprKind,
    operator: &str,
    others: Child,
    is_turned: bool,
) -> Option<Vec<Comparison>> {
    use Comparison::{Greater, GreaterOrSame, Less, LessOrSame, NoneOf, OneOf};
    let others = others?;
    match (kind, operator) {
        (AExprKind::AexprBetween, _) => match several(others)?.as_slice() {
            [least, greatest] => Some(vec![
                GreaterOrSame(least.clone()),
                LessOrSame(greatest.clone()),
            ]),
            _ => None,
        },
        (AExprKind::AexprIn, "=") | (AExprKind::AexprOpAny, "=") => {
            Some(vec![OneOf(several(others)?)])
        }
        (AExprKind::AexprIn, "<>") | (AExprKind::AexprOpAll, "<>") => {
            Some(vec![NoneOf(several(others)?)])
        }
        (AExprKind::AexprOp, operator) => {
            let value = datum(others)?;
            Some(vec![match (operator, is_turned) {
                ("=", _) => OneOf(vec![value]),
                ("<>", _) => NoneOf(vec![value]),
                ("<", false) | (">", true) => Less(value),
                ("<=", false) | (">=", true) => LessOrSame(value),
                (">=", false) | ("<=", true) => GreaterOrSame(value),
                (">", false) | ("<", true) => Greater(value),
                _ => return Some(Vec::new()),
            }])
        }
        _ => None,
    }
}

fn several(node: Node) -> Option<Vec<Datum>> {
    match node.read()? {
        NodeEnum::List(list) => list.items.0.iter().map(datum).collect(),
        NodeEnum::AArrayExpr(array) => array.elements.iter().map(datum).collect(),
        _ => None,
    }
}
