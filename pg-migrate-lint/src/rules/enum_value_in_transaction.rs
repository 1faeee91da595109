//! A new value of an enum is used before it is committed.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change, ConstraintKind};

pub static RULE: Rule = Rule {
    name: "enum-value-in-transaction",
    group: Group::Correctness,
    severity: Severity::Error,
    summary: "a new value of an enum that is used in the transaction that added it",
    explanation: "ALTER TYPE … ADD VALUE can be part of a transaction since 12, but the value can't be used before that \
        is committed: PostgreSQL fails with \"unsafe use of new value\". A default, a CHECK, an INSERT and a condition \
        are uses. Before 12 the statement itself fails in a transaction. Values of an enum that the same \
        transaction created are no new ones.\n\n\
        Put ADD VALUE in a migration of its own, before the one that uses the value.",
    versions: "before 12 it can't be run in a transaction at all",
    bad: &[
        Example::new("BEGIN; ALTER TYPE mood ADD VALUE 'glad'; INSERT INTO people VALUES ('glad'); COMMIT;"),
        Example::new("ALTER TYPE mood ADD VALUE 'glad'; ALTER TABLE people ALTER feels SET DEFAULT 'glad';").in_transaction(),
        Example::new("BEGIN; ALTER TYPE mood ADD VALUE 'glad'; COMMIT;").on(11),
    ],
    good: &[
        Example::new("ALTER TYPE mood ADD VALUE 'glad'; INSERT INTO people VALUES ('glad');"),
        Example::new("BEGIN; ALTER TYPE mood ADD VALUE 'glad'; COMMIT;"),
        Example::new("BEGIN; CREATE TYPE mood AS ENUM ('ok'); ALTER TYPE mood ADD VALUE 'glad'; SELECT 'glad'::mood; COMMIT;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    if let Change::AddEnumValue { name, .. } = look.change {
        if look.server.version < 12 && look.session.is_in_transaction() {
            let message = format!("before PostgreSQL 12 ALTER TYPE {name} ADD VALUE fails in a transaction");
            found.push(look.finding(&RULE, message).on(name));
        }
        return;
    }
    if look.session.new_values.is_empty() || !look.session.is_in_transaction() {
        return;
    }
    let words = words(look.change);
    for (name, value) in &look.session.new_values {
        let is_own = look.catalogue.enum_(name).is_some_and(|known| known.made.is_in_transaction(look.session.transaction));
        if !is_own && words.contains(&value) {
            let message = format!("'{value}' was added to {name} in this transaction: PostgreSQL refuses to use it before that is committed");
            found.push(look.finding(&RULE, message).on(name));
        }
    }
}

fn words(change: &Change) -> Vec<&String> {
    match change {
        Change::Insert(insert) => insert.query.words.iter().collect(),
        Change::Update(write) | Change::Delete(write) => write.query.words.iter().collect(),
        Change::Query(query) | Change::CreateView { query, .. } => query.words.iter().collect(),
        Change::CreateTableAs(table) => table.query.words.iter().collect(),
        Change::CreateIndex(index) => index.expressions.iter().flat_map(|expr| &expr.words).collect(),
        Change::CreateTable(table) => table.columns.iter().filter_map(|column| column.default.as_ref()).flat_map(|expr| &expr.words).collect(),
        Change::Alter(Alter { action, .. }) => match action {
            Action::AddColumn { column, .. } => column.default.iter().flat_map(|expr| &expr.words).collect(),
            Action::Default { default, .. } => default.iter().flat_map(|expr| &expr.words).collect(),
            Action::AddConstraint(constraint) => match &constraint.kind {
                ConstraintKind::Check(expr) => expr.words.iter().collect(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}
