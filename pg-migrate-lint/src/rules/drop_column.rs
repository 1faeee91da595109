//! A column and its values go.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change, ConstraintKind};
use crate::name::quoted;

pub static RULE: Rule = Rule {
    name: "drop-column",
    group: Group::DataLoss,
    severity: Severity::Error,
    summary: "DROP COLUMN, whose values only a backup brings back",
    explanation: "The values are gone when it commits, with every index, key and CHECK that the column is part of. \
        The application that still runs fails when it names the column; many an ORM names all of them in every \
        query.\n\n\
        First make the application ignore the column, and release that. If it is NOT NULL, drop that or give it a \
        default, so that rows without it can be written. Then drop it, in a migration of its own.",
    versions: "",
    bad: &[Example::new("ALTER TABLE users DROP COLUMN email;"), Example::new("ALTER TABLE users DROP COLUMN id CASCADE;").after("CREATE TABLE users (id int PRIMARY KEY);")],
    good: &[
        Example::new("CREATE TABLE users (id int, email text); ALTER TABLE users DROP COLUMN email;"),
        Example::new("ALTER TABLE users ADD COLUMN scratch int; ALTER TABLE users DROP COLUMN scratch;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Alter(Alter { table, action: Action::DropColumn { column, .. }, .. }) = look.change else {
        return;
    };
    let facts = look.catalogue.column(table, column);
    // IF EXISTS finds nothing.
    if facts.is_none() && look.whole(table).is_some() {
        return;
    }
    if look.is_new(table) || facts.is_some_and(|facts| look.is_own(facts.made)) {
        return;
    }
    let mut message = format!("DROP COLUMN {} of {table} loses its values", quoted(column));
    let lost = lost_with(look, table, column);
    if !lost.is_empty() {
        message = format!("{message}, and with it {}", lost.join(", "));
    }
    let mut finding = look.finding_on(&RULE, table, message);
    finding.object = Some(format!("{table}.{}", quoted(column)));
    found.push(finding);
}

/// Keys and indexes that go as well.
fn lost_with(look: &Look, table: &crate::name::Name, column: &str) -> Vec<String> {
    let has = |columns: &[String]| columns.iter().any(|part| part == column);
    let constraints = look.relation(table).into_iter().flat_map(|relation| relation.constraints_on(column));
    let lost = constraints.filter_map(|constraint| match &constraint.kind {
        ConstraintKind::Primary(key) if has(&key.columns) => Some(format!("the primary key {}", quoted(&constraint.name))),
        ConstraintKind::Unique(key) if has(&key.columns) => Some(format!("the unique constraint {}", quoted(&constraint.name))),
        ConstraintKind::Foreign { columns, .. } if has(columns) => Some(format!("the foreign key {}", quoted(&constraint.name))),
        _ => None,
    });
    lost.collect()
}
