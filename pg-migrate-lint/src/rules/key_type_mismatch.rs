//! The two sides of a foreign key have other types.

use std::fmt;

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change, ConstraintKind};
use crate::name::{Name, quoted};
use crate::types::Type;

pub static RULE: Rule = Rule {
    name: "key-type-mismatch",
    group: Group::Correctness,
    severity: Severity::Warning,
    summary: "a foreign key of another type than the key it references",
    explanation: "An integer that references a bigint runs out of numbers long before the key does, and then inserts \
        fail; the other way round nothing is amiss. Types without an operator between them are refused at once; others compare by a cast, which may leave \
        an index unused.\n\n\
        Give both sides the same type.",
    versions: "",
    bad: &[Example::new("CREATE TABLE users (id bigint PRIMARY KEY); CREATE TABLE orders (user_id int REFERENCES users (id));")],
    good: &[
        Example::new("CREATE TABLE users (id {{ serial_primary_key }}); CREATE TABLE orders (user_id bigint REFERENCES users (id));"),
        Example::new("CREATE TABLE users (id bigserial PRIMARY KEY); CREATE TABLE orders (user_id bigint REFERENCES users (id));"),
        Example::new("CREATE TABLE users (id serial PRIMARY KEY); CREATE TABLE orders (user_id bigint REFERENCES users (id));"),
        Example::new("CREATE TABLE users (code varchar(10) PRIMARY KEY); CREATE TABLE orders (code text REFERENCES users (code));"),
    ],
    check,
};

/// The smallest first.
const INTEGERS: [&str; 3] = ["int2", "int4", "int8"];

fn check(look: &Look, found: &mut Vec<Finding>) {
    for pair in pairs(look) {
        // What is refused is another rule's.
        if differ(&pair.from, &pair.to) && !(pair.is_sure && pair.is_refused()) {
            found.push(look.finding(&RULE, pair.to_string()).on(pair.other));
        }
    }
}

/// A column of a foreign key, and what it references.
pub struct Pair<'a> {
    column: String,
    from: Type,
    /// The other table.
    pub other: &'a Name,
    key: String,
    to: Type,
    /// Whether both are sure to be so.
    pub is_sure: bool,
}

impl fmt::Display for Pair<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, other, to, .. } = self;
        write!(f, "{} is {from}, and what it references, {other}.{}, is {to}", quoted(&self.column), quoted(&self.key))
    }
}

impl Pair<'_> {
    /// Whether no operator compares them, and neither becomes the other by itself.
    pub fn is_refused(&self) -> bool {
        const FAMILIES: &[&[&str]] =
            &[&["int2", "int4", "int8"], &["text", "varchar", "bpchar"], &["uuid"], &["bool"], &["bytea"], &["date", "timestamp", "timestamptz"]];
        let family = |type_: &Type| {
            let name = type_.serial_base().unwrap_or(&type_.name);
            let is_plain = type_.schema.is_none() && type_.dimensions == 0;
            FAMILIES.iter().position(|family| is_plain && family.contains(&name))
        };
        match (family(&self.from), family(&self.to)) {
            (Some(from), Some(to)) => from != to,
            _ => false,
        }
    }
}

/// The columns of the foreign keys that a statement makes.
pub fn pairs<'a>(look: &'a Look) -> Vec<Pair<'a>> {
    let mut pairs = Vec::new();
    let mut of = |kind: &'a ConstraintKind, is_known: bool, own: &dyn Fn(&str) -> Option<Type>| {
        let ConstraintKind::Foreign { columns, table: other, referenced, .. } = kind else { return };
        let relation = look.relation(other);
        let keys = match referenced.is_empty() {
            true => relation.and_then(|relation| relation.primary_key()).unwrap_or_default(),
            false => referenced.as_slice(),
        };
        for (column, key) in columns.iter().zip(keys) {
            let (Some(from), Some(to)) = (own(column), relation.and_then(|relation| relation.column(key))) else {
                continue;
            };
            let to = Type::clone(&to.type_);
            let is_sure = is_known && look.catalogue.sure(other).is_some();
            pairs.push(Pair { column: column.clone(), from, other, key: key.clone(), to, is_sure });
        }
    };
    let known = |table: &Name, column: &str| look.catalogue.column(table, column).map(|facts| Type::clone(&facts.type_));
    match look.change {
        Change::CreateTable(table) => {
            let own = |name: &str| table.columns.iter().find(|column| column.name == name).map(|column| column.type_.clone());
            let constraints = table.columns.iter().flat_map(|column| &column.constraints);
            constraints.chain(&table.constraints).for_each(|constraint| of(&constraint.kind, !table.if_not_exists, &own));
        }
        Change::Alter(Alter { table, action, .. }) => match action {
            Action::AddConstraint(constraint) => of(&constraint.kind, look.catalogue.sure(table).is_some(), &|name| known(table, name)),
            Action::AddColumn { column, if_not_exists } => {
                let own = |_: &str| Some(column.type_.clone());
                column.constraints.iter().for_each(|constraint| of(&constraint.kind, !if_not_exists, &own));
            }
            _ => {}
        },
        _ => {}
    }
    pairs
}

/// Lengths do not matter, nor whether a text is limited, nor more digits than the key has: integers of all sizes are
/// compared by the same indexes.
fn differ(from: &Type, to: &Type) -> bool {
    let name = |type_: &Type| match type_.name.as_str() {
        "varchar" | "text" | "citext" => "text".to_string(),
        other => type_.serial_base().unwrap_or(other).to_string(),
    };
    if from.is_template() || to.is_template() {
        return false;
    }
    let (from, to) = (name(from), name(to));
    let size = |name: &str| INTEGERS.iter().position(|integer| *integer == name);
    let holds_all = size(&to).is_some() && size(&from) > size(&to);
    !from.is_empty() && !to.is_empty() && from != to && !holds_all
}
