//! Tables, columns, indexes and keys that can't be as a statement makes them.

use crate::look::Look;
use crate::model::{Action, Alter, Change, Column, Constraint, ConstraintKind, CreateIndex, CreateTable, Expr, Generated, Identity};
use crate::name::{Name, quoted};
use crate::rules::key_type_mismatch;
use crate::types::Type;

use super::Refused;

/// Types that have no order, which a B-tree needs.
const UNORDERED: &[&str] = &["json", "xml", "jsonpath", "point", "line", "lseg", "box", "path", "polygon", "circle"];

/// Why it is refused.
pub fn of<'a>(look: &'a Look) -> Refused<'a> {
    match look.change {
        Change::CreateTable(table) => {
            if table.unlogged && table.partitioning.is_some() && look.server.version >= 18 {
                return Some((&table.name, "a partitioned table is not unlogged, its partitions are".to_string()));
            }
            let columns = table.columns.iter().find_map(|column| of_column(look, &table.columns, column));
            let constraints = || all(table).find_map(|constraint| of_constraint(look, &table.columns, &table.name, constraint));
            columns.or_else(constraints).or_else(|| two_keys(table)).map(|why| (&table.name, why)).or_else(|| other_types(look))
        }
        Change::Alter(Alter { table, action, .. }) => match action {
            Action::AddColumn { column, .. } => {
                let own = std::slice::from_ref(&**column);
                let constraints = || column.constraints.iter().find_map(|constraint| of_constraint(look, own, table, constraint));
                let why = of_column(look, own, column).or_else(|| second_key(look, table, column)).or_else(constraints);
                why.map(|why| (table, why)).or_else(|| other_types(look))
            }
            Action::AddConstraint(constraint) => of_constraint(look, &[], table, constraint).map(|why| (table, why)).or_else(|| other_types(look)),
            Action::Default { column, default: Some(default) } => {
                let known = look.catalogue.sure(table).and_then(|table| table.column(column));
                of_default(look, default, known.map(|known| &*known.type_)).map(|why| (table, why))
            }
            Action::ReplicaIdentity { identity: Identity::Index, index: Some(index) } => identity(look, table, index).map(|why| (table, why)),
            _ => None,
        },
        Change::CreateIndex(index) => of_index(look, index).map(|why| (&index.table, why)),
        _ => None,
    }
}

fn all(table: &CreateTable) -> impl Iterator<Item = &Constraint> {
    let constraints = table.columns.iter().flat_map(|column| &column.constraints);
    constraints.chain(&table.constraints)
}

fn is_primary(constraint: &Constraint) -> bool {
    matches!(constraint.kind, ConstraintKind::Primary(_))
}

fn two_keys(table: &CreateTable) -> Option<String> {
    let keys = all(table).filter(|constraint| is_primary(constraint)).count();
    (keys > 1).then(|| format!("{} would have {keys} primary keys", table.name))
}

fn second_key(look: &Look, table: &Name, column: &Column) -> Option<String> {
    column.constraints.iter().find(|constraint| is_primary(constraint))?;
    look.catalogue.sure(table)?.primary_key()?;
    (!super::drops_constraint(look)).then(|| format!("{table} has a primary key already"))
}

fn of_column(look: &Look, own: &[Column], column: &Column) -> Option<String> {
    const OF_SYSTEM: &[&str] = &["tableoid", "ctid", "xmin", "xmax", "cmin", "cmax"];
    if OF_SYSTEM.contains(&column.name.as_str()) {
        return Some(format!("every table has a column {}", column.name));
    }
    let default = column.default.as_ref().and_then(|default| of_default(look, default, Some(&column.type_)));
    default.or_else(|| {
        let expression = column.expression.as_ref()?;
        asks(expression, "a generated column").or_else(|| computed(look, own, expression))
    })
}

/// A default that is no value by itself, or none of its column's type.
fn of_default(look: &Look, default: &Expr, type_: Option<&Type>) -> Option<String> {
    if let Some(column) = default.columns.first() {
        return Some(format!("a default reads no columns, and without quotes {} is one", quoted(column)));
    }
    let values = type_.filter(|type_| type_.dimensions == 0).and_then(|type_| look.catalogue.sure_enum(&Name { schema: type_.schema.clone(), name: type_.name.clone() }));
    let value = default.words.first().filter(|_| default.is_constant);
    match (values, value) {
        (Some(values), Some(value)) if !values.contains(value) => Some(format!("the enum has no value '{value}'")),
        _ => asks(default, "a default"),
    }
}

/// A generated column can't be computed from another one.
fn computed(look: &Look, own: &[Column], expression: &Expr) -> Option<String> {
    let known = match look.change {
        Change::Alter(alter) => look.catalogue.sure(&alter.table),
        _ => None,
    };
    let is_generated = |name: &&String| {
        let of_own = own.iter().any(|column| column.name == **name && column.generated.is_some());
        of_own || known.and_then(|known| known.column(name)).is_some_and(|column| column.generated.is_some())
    };
    let column = expression.sure_columns().find(is_generated)?;
    Some(format!("{} is a generated column, of which no other one is computed", quoted(column)))
}

fn asks(expression: &Expr, what: &str) -> Option<String> {
    expression.has_subquery.then(|| format!("{what} has no query in it"))
}

fn of_constraint(look: &Look, own: &[Column], table: &Name, constraint: &Constraint) -> Option<String> {
    match &constraint.kind {
        ConstraintKind::Check(expression) => asks(expression, "a CHECK"),
        ConstraintKind::Primary(key) | ConstraintKind::Unique(key) => {
            key.columns.iter().find_map(|column| unordered(look, own, table, column))
        }
        ConstraintKind::Foreign { columns, table: other, referenced, .. } => {
            let is_logged = match look.change {
                Change::CreateTable(table) => !table.unlogged && !table.temporary,
                _ => look.catalogue.sure(table).is_some_and(|table| !table.is_unlogged && !table.is_temporary),
            };
            if is_logged && look.catalogue.sure(other).is_some_and(|other| other.is_unlogged) {
                return Some(format!("{other} is unlogged, and only unlogged tables reference such"));
            }
            let wanted = match referenced.is_empty() {
                true if look.catalogue.resolve(other) == look.catalogue.place(table) => return None,
                true => look.catalogue.sure(other)?.primary_key()?.len(),
                false => referenced.len(),
            };
            let differs = columns.len() != wanted;
            differs.then(|| format!("the foreign key is of {} columns, and what it references of {wanted}", columns.len()))
        }
        _ => None,
    }
}

/// A column that is of a type without an order.
fn unordered(look: &Look, own: &[Column], table: &Name, column: &str) -> Option<String> {
    let is_virtual = |generated: Option<Generated>| generated == Some(Generated::Virtual);
    let own_column = own.iter().find(|known| known.name == column);
    let facts = || look.catalogue.sure(table)?.column(column);
    if own_column.map_or_else(|| facts().is_some_and(|facts| is_virtual(facts.generated)), |column| is_virtual(column.generated)) {
        return Some(format!("{} is virtual, of which there is no index", quoted(column)));
    }
    let of_own = own_column.map(|known| &known.type_);
    let known = || look.catalogue.sure(table)?.column(column).map(|known| &*known.type_);
    let type_ = of_own.or_else(known)?;
    let is_unordered = type_.schema.is_none() && type_.dimensions == 0 && UNORDERED.contains(&type_.name.as_str());
    is_unordered.then(|| format!("{} is {type_}, which has no order for a B-tree", quoted(column)))
}

fn of_index(look: &Look, index: &CreateIndex) -> Option<String> {
    if let Some(why) = index.expressions.iter().find_map(|expression| asks(expression, "an index")) {
        return Some(why);
    }
    let is_plain = matches!(index.method.as_str(), "" | "btree") && !index.has_options;
    let mut columns = index.columns.iter().flatten().filter(|_| is_plain);
    columns.find_map(|column| unordered(look, &[], &index.table, column))
}

/// An index by which rows can't be known again.
fn identity(look: &Look, table: &Name, index: &str) -> Option<String> {
    let relation = look.whole(table)?;
    let known = relation.indexes.named(index)?;
    let name = quoted(index);
    if !known.is_unique || known.is_partial || known.columns.contains(&None) {
        return Some(format!("{name} is not a unique index on columns, without a condition"));
    }
    let mut columns = known.columns.iter().flatten().filter_map(|column| relation.column(column));
    let column = columns.find(|column| !column.not_null)?;
    Some(format!("{} in {name} may be null", quoted(&column.name)))
}

/// A foreign key whose sides can't be compared.
fn other_types<'a>(look: &'a Look) -> Refused<'a> {
    let mut pairs = key_type_mismatch::pairs(look).into_iter();
    let pair = pairs.find(|pair| pair.is_sure && pair.is_refused())?;
    Some((pair.other, pair.to_string()))
}
