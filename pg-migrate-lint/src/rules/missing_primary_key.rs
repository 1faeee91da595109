//! A table without a primary key.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Change, ConstraintKind, CreateTable};
use crate::name::list;

pub static RULE: Rule = Rule {
    name: "missing-primary-key",
    group: Group::Style,
    severity: Severity::Info,
    summary: "a table without a primary key",
    explanation: "Without one a row can't be told from another that is equal. Logical replication refuses UPDATE and \
        DELETE of it, and tools that work in batches, pg_repack for one, have nothing to go by.\n\n\
        Give it a primary key; a UNIQUE column that is NOT NULL can be one, and then a foreign key need not name it, and \
        nothing has to be said for replication. A table that only relates two others has both of its columns as one.",
    versions: "",
    bad: &[Example::new("CREATE TABLE users (name text);"), Example::new("CREATE TABLE users (email text NOT NULL UNIQUE);")],
    good: &[
        Example::new("CREATE TABLE users (id bigint PRIMARY KEY);"),
        Example::new("CREATE TABLE users (id bigint); ALTER TABLE users ADD PRIMARY KEY (id);"),
        Example::new("CREATE TABLE a PARTITION OF b DEFAULT;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::CreateTable(table) = look.change else { return };
    let own = table.columns.iter().flat_map(|column| &column.constraints);
    let mut keys = own.chain(&table.constraints);
    let has_key = keys.any(|constraint| matches!(constraint.kind, ConstraintKind::Primary(_)));
    let may_have = table.temporary || table.partition_of.is_some() || !table.like.is_empty() || look.ahead.keyed.contains(&table.name.name);
    if !has_key && !may_have {
        let message = match unique(table) {
            Some(columns) => format!("{} has no primary key, though {} is UNIQUE and NOT NULL: that can be it", table.name, list(&columns)),
            None => format!("{} has no primary key", table.name),
        };
        found.push(look.finding(&RULE, message).on(&table.name));
    }
}

/// The columns of a key that lacks nothing but the name.
fn unique(table: &CreateTable) -> Option<Vec<String>> {
    let own = table.columns.iter().flat_map(|column| &column.constraints);
    let keys = own.chain(&table.constraints).filter_map(|constraint| match &constraint.kind {
        ConstraintKind::Unique(key) => Some(&key.columns),
        _ => None,
    });
    let not_null = |name: &String| table.columns.iter().any(|column| column.name == *name && column.not_null);
    keys.into_iter().find(|columns| columns.iter().all(not_null)).cloned()
}
