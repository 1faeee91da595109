//! A table without a primary key.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Change, ConstraintKind};

pub static RULE: Rule = Rule {
    name: "missing-primary-key",
    group: Group::Style,
    severity: Severity::Info,
    summary: "a table without a primary key",
    explanation: "Without one a row can't be told from another that is equal. Logical replication refuses UPDATE and \
        DELETE of it, and tools that work in batches, pg_repack for one, have nothing to go by.\n\n\
        Give it a primary key. A table that only relates two others has both of its columns as one.",
    versions: "",
    bad: &[Example::new("CREATE TABLE users (name text);")],
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
        found.push(look.finding(&RULE, format!("{} has no primary key", table.name)).on(&table.name));
    }
}
