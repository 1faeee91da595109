//! Constraints of columns and of tables.

use pg_query::protobuf::ConstrType;

use super::limit::limits;
use super::node::{relation, strings, type_};
use super::walk::expr;
use crate::model::{Column, Constraint, ConstraintKind, Expr, Generated, Key, Part};
use crate::tree::{self, Node, NodeEnum};

/// A column's definition.
pub fn column(def: &tree::ColumnDef, at: usize) -> Column {
    let mut column = Column {
        name: def.colname.to_string(),
        type_: type_(def.type_name.get()),
        not_null: def.is_not_null,
        collation: def
            .coll_clause
            .get()
            .map(|clause| super::node::name(clause.collname)),
        ..Column::default()
    };
    for node in def.constraints.iter() {
        if let Some(NodeEnum::Constraint(constraint)) = node.read() {
            add(&mut column, &constraint, at);
        }
    }
    column
}

/// The same, with where its parts begin.
pub fn column_in_parts(def: &tree::ColumnDef, at: usize) -> Column {
    let parts = def
        .constraints
        .iter()
        .filter_map(|node| match node.read()? {
            NodeEnum::Constraint(constraint) => {
                Some((part(&constraint)?, place(constraint.location, at)))
            }
            _ => None,
        });
    Column {
        at: place(def.location, at),
        parts: parts.collect(),
        ..column(def, at)
    }
}

fn part(node: &tree::Constraint) -> Option<Part> {
    Some(match node.contype {
        ConstrType::ConstrDefault => Part::Default,
        ConstrType::ConstrNotnull => Part::NotNull,
        ConstrType::ConstrNull => Part::Null,
        ConstrType::ConstrUnique => Part::Unique,
        ConstrType::ConstrPrimary => Part::Primary,
        ConstrType::ConstrCheck => Part::Check,
        ConstrType::ConstrForeign => Part::Foreign,
        ConstrType::ConstrGenerated | ConstrType::ConstrIdentity => Part::Generated,
        // DEFERRABLE and its like belong to the constraint before.
        _ => return None,
    })
}

fn add(column: &mut Column, node: &tree::Constraint, at: usize) {
    match node.contype {
        ConstrType::ConstrNotnull => {
            column.not_null = true;
            column.names_not_null = !node.conname.is_empty();
        }
        ConstrType::ConstrDefault => {
            column.default = node.raw_expr.map(|node| expr(node));
        }
        ConstrType::ConstrIdentity => {
            column.identity = true;
            column.always = node.generated_when == b'a';
            column.not_null = true;
            column.starts = !node.options.is_empty();
        }
        ConstrType::ConstrGenerated => {
            let is_virtual = node.generated_kind == b'v';
            column.generated = Some(match is_virtual {
                true => Generated::Virtual,
                false => Generated::Stored,
            });
            column.expression = node.raw_expr.map(|node| expr(node));
        }
        ConstrType::ConstrAttrDeferrable | ConstrType::ConstrAttrDeferred => {
            if let Some(last) = column.constraints.last_mut() {
                last.deferrable = true;
                last.deferred |= node.contype == ConstrType::ConstrAttrDeferred;
            }
        }
        ConstrType::ConstrAttrNotEnforced => {
            if let Some(last) = column.constraints.last_mut() {
                last.enforced = false;
            }
        }
        _ => {
            let own = std::slice::from_ref(&column.name).to_vec();
            if let Some(constraint) = constraint_of(node, &own, at) {
                column.not_null |= matches!(constraint.kind, ConstraintKind::Primary(_));
                column.constraints.push(constraint);
            }
        }
    }
}

/// A constraint of a table.
pub fn constraint(node: Node, at: usize) -> Option<Constraint> {
    match node.read()? {
        NodeEnum::Constraint(constraint) => constraint_of(&constraint, &[], at),
        _ => None,
    }
}

/// `own` is the column, for a constraint of a column.
fn constraint_of(node: &tree::Constraint, own: &[String], at: usize) -> Option<Constraint> {
    let or_own = |columns: Vec<String>| match columns.is_empty() && node.indexname.is_empty() {
        true => own.to_vec(),
        false => columns,
    };
    let key = || Key {
        columns: or_own(strings(node.keys)),
        index: (!node.indexname.is_empty()).then(|| node.indexname.to_string()),
        without_overlaps: node.without_overlaps,
        nulls_not_distinct: node.nulls_not_distinct,
        included: strings(node.including),
        has_storage: !node.options.is_empty() || !node.indexspace.is_empty(),
    };
    let kind = match node.contype {
        ConstrType::ConstrCheck => {
            let condition = node.raw_expr?;
            ConstraintKind::Check(Box::new(Expr {
                limits: Some(Box::new(limits(condition))),
                ..expr(condition)
            }))
        }
        ConstrType::ConstrNotnull => {
            ConstraintKind::NotNull(or_own(strings(node.keys)).into_iter().next()?)
        }
        ConstrType::ConstrPrimary => ConstraintKind::Primary(key()),
        ConstrType::ConstrUnique => ConstraintKind::Unique(key()),
        ConstrType::ConstrExclusion => ConstraintKind::Exclude,
        ConstrType::ConstrForeign => ConstraintKind::Foreign {
            columns: or_own(strings(node.fk_attrs)),
            table: relation(node.pktable.get()),
            referenced: strings(node.pk_attrs),
            cascades: node.fk_del_action == b'c',
        },
        _ => return None,
    };
    Some(Constraint {
        name: (!node.conname.is_empty()).then(|| node.conname.to_string()),
        kind,
        validated: !node.skip_validation,
        enforced: node.is_enforced || !can_be_unenforced(node.contype),
        no_inherit: node.is_no_inherit,
        deferrable: node.deferrable,
        deferred: node.initdeferred,
        at: place(node.location, at),
    })
}

/// The grammar fills `is_enforced` for these only.
fn can_be_unenforced(contype: ConstrType) -> bool {
    matches!(contype, ConstrType::ConstrCheck | ConstrType::ConstrForeign)
}

fn place(location: i32, at: usize) -> usize {
    usize::try_from(location).unwrap_or(0).saturating_sub(at)
}
