//! A key of a partitioned table without the columns that divide it.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change, Constraint, ConstraintKind};
use crate::name::{Name, list};

pub static RULE: Rule = Rule {
    name: "partition-key-missing",
    group: Group::Correctness,
    severity: Severity::Error,
    summary: "PRIMARY KEY or UNIQUE on a partitioned table that lacks a column of the partition key",
    explanation: "PostgreSQL checks uniqueness within each partition, so a unique constraint of the whole table has to \
        include all columns that it is divided by; otherwise the statement fails.\n\n\
        Add the columns to the key. What has to be unique by itself needs a table of its own, which is not divided.",
    versions: "",
    bad: &[Example::new("CREATE TABLE events (id int PRIMARY KEY, at date) PARTITION BY RANGE (at);")],
    good: &[
        Example::new("CREATE TABLE events (id int, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);"),
        Example::new("CREATE TABLE events (id int PRIMARY KEY, at date);"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let mut of = |table: &Name, divided_by: &[String], constraint: &Constraint| {
        let (ConstraintKind::Primary(key) | ConstraintKind::Unique(key)) = &constraint.kind else {
            return;
        };
        let missing: Vec<String> = divided_by.iter().filter(|column| !column.is_empty() && !key.columns.contains(column)).cloned().collect();
        if !missing.is_empty() && key.index.is_none() {
            let message = format!("a unique key of the partitioned {table} has to include {}: PostgreSQL refuses this one", list(&missing));
            found.push(look.finding(&RULE, message).on(table));
        }
    };
    match look.change {
        Change::CreateTable(table) => {
            let Some(divided_by) = &table.partitioned_by else { return };
            let own = table.columns.iter().flat_map(|column| &column.constraints);
            own.chain(&table.constraints).for_each(|constraint| of(&table.name, divided_by, constraint));
        }
        Change::Alter(Alter { table, action: Action::AddConstraint(constraint), .. }) => {
            let divided_by = look.relation(table).map(|table| table.partition_columns.clone()).unwrap_or_default();
            of(table, &divided_by, constraint);
        }
        _ => {}
    }
}
