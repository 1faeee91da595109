//! A new value of an enum is used before it is committed.

use super::{Example, Group, Rule};
use crate::catalogue::ColumnFacts;
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change, Column, ConstraintKind, Insert};
use crate::name::Name;
use crate::types::Type;

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
        Example::new("BEGIN; ALTER TYPE mood ADD VALUE 'glad'; SELECT set_config('app.mood', 'glad', true); ALTER TABLE names ADD COLUMN label text DEFAULT 'glad'; COMMIT;")
            .after("CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE names (id int, mood mood);"),
        Example::new("ALTER TYPE mood ADD VALUE 'glad'; INSERT INTO people VALUES ('glad');"),
        Example::new("BEGIN; ALTER TYPE mood ADD VALUE 'glad'; COMMIT;"),
        Example::new("BEGIN; ALTER TYPE mood ADD VALUE 'glad'; INSERT INTO names VALUES ('glad'); ALTER TABLE names ALTER label SET DEFAULT 'glad'; COMMIT;")
            .after("CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE names (label text);"),
        Example::new("BEGIN; ALTER TYPE mood ADD VALUE IF NOT EXISTS 'ok'; UPDATE people SET feels = 'ok' WHERE id = 1; COMMIT;")
            .after("CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE people (id int PRIMARY KEY, feels mood);"),
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
        if !is_own && words.contains(&value) && may_mean(look, name) {
            let message = format!("'{value}' was added to {name} in this transaction: PostgreSQL refuses to use it before that is committed");
            found.push(look.finding(&RULE, message).on(name));
        }
    }
}

/// Whether words of the change may be values of the enum: some column that they may be for is of it, or not known.
fn may_mean(look: &Look, name: &Name) -> bool {
    let is_of = |type_: &Type| type_.name.is_empty() || type_.name == name.name || look.catalogue.domain(type_).is_some();
    let may_be = |column: &ColumnFacts| is_of(&column.type_);
    // What is cast may be of any type before.
    let has_it = |column: &Column| column.default.as_ref().is_some_and(|default| !default.is_constant || is_of(&column.type_));
    let column_of = |table: &Name, column: &str| {
        let known = look.whole(table).and_then(|table| table.column(column));
        known.is_none_or(may_be)
    };
    let any_of = |table: &Name| look.whole(table).is_none_or(|table| table.columns.iter().any(may_be));
    match look.change {
        Change::Insert(Insert { table, columns, query, .. }) if query.functions.is_empty() && query.casts.is_empty() => {
            let has_own = match columns.is_empty() {
                true => any_of(table),
                false => columns.iter().any(|column| column_of(table, column)),
            };
            has_own || query.relations.iter().filter(|name| *name != table).any(any_of)
        }
        Change::Update(write) | Change::Delete(write) if write.query.functions.is_empty() => {
            let mut all = write.query.relations.iter().chain([&write.table]);
            all.any(any_of)
        }
        Change::Alter(Alter { table, action: Action::Default { column, default: Some(default) }, .. }) if default.functions.is_empty() => {
            column_of(table, column)
        }
        Change::Alter(Alter { action: Action::AddColumn { column, .. }, .. }) => has_it(column),
        Change::CreateTable(table) => table.columns.iter().any(has_it),
        // The value of a setting is text.
        Change::Query(query) => !query.relations.is_empty() || query.functions.iter().any(|function| function.name != "set_config") || query.settings.is_empty(),
        _ => true,
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
