//! A key of a partitioned table without the columns that divide it.

use super::{Example, Group, Rule};
use crate::catalogue::Relation;
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change, Constraint, ConstraintKind, CreateTable, Partitioning};
use crate::name::{Name, list};

pub static RULE: Rule = Rule {
    name: "partition-key-missing",
    group: Group::Correctness,
    severity: Severity::Error,
    summary: "PRIMARY KEY, UNIQUE or a unique index of a partitioned table that lacks a column of the partition key",
    explanation: "PostgreSQL checks uniqueness within each partition, so what is unique in the whole table has to \
        include all columns that it, and each of its partitions, is divided by; otherwise the statement fails. Where an \
        expression divides it, there is no such key at all.\n\n\
        Add the columns to the key. What has to be unique by itself needs a table of its own, which is not divided.",
    versions: "",
    bad: &[
        Example::new("CREATE TABLE events (id int PRIMARY KEY, at date) PARTITION BY RANGE (at);"),
        Example::new("CREATE TABLE events (id int UNIQUE, at date) PARTITION BY RANGE (date_trunc('day', at));"),
        Example::new("ALTER TABLE events ADD PRIMARY KEY (id);").after("CREATE TABLE events (id int, at date) PARTITION BY RANGE (at);"),
        Example::new("ALTER TABLE events ADD COLUMN token uuid UNIQUE;").after("CREATE TABLE events (id int, at date) PARTITION BY RANGE (at);"),
        Example::new("CREATE UNIQUE INDEX ON events (id);").after("CREATE TABLE events (id int, at date) PARTITION BY RANGE (at);"),
        Example::new("CREATE UNIQUE INDEX ON ONLY events (id) INCLUDE (at);").after("CREATE TABLE events (id int, at date) PARTITION BY RANGE (at);"),
        Example::new("CREATE UNIQUE INDEX ON events (id, at);").after("CREATE TABLE events (id int, at timestamp) PARTITION BY RANGE (date_trunc('day', at));"),
        Example::new("ALTER TABLE events ADD UNIQUE (id, at);").after(
            "CREATE TABLE events (id int, at date, sort int) PARTITION BY RANGE (at); \
             CREATE TABLE e1 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY LIST (sort);",
        ),
        Example::new("CREATE TABLE e1 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY LIST (sort);")
            .after("CREATE TABLE events (id int, at date, sort int, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);"),
        Example::new("ALTER TABLE events ADD PRIMARY KEY (id);")
            .after("CREATE TABLE events (id int, at date) PARTITION BY RANGE (at); ALTER TABLE events RENAME COLUMN at TO day;"),
    ],
    good: &[
        Example::new("CREATE TABLE events (id int, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);"),
        Example::new("CREATE TABLE events (id int PRIMARY KEY, at date);"),
        Example::new("CREATE UNIQUE INDEX ON events (id, at); CREATE INDEX ON events (id);").after("CREATE TABLE events (id int, at date) PARTITION BY RANGE (at);"),
        Example::new("CREATE UNIQUE INDEX ON ONLY events (id, at);").after(
            "CREATE TABLE events (id int, at date, sort int) PARTITION BY RANGE (at); \
             CREATE TABLE e1 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY LIST (sort);",
        ),
        Example::new("ALTER TABLE events ADD PRIMARY KEY (id, day);")
            .after("CREATE TABLE events (id int, at date) PARTITION BY RANGE (at); ALTER TABLE events RENAME COLUMN at TO day;"),
        Example::new("ALTER TABLE e1 ADD PRIMARY KEY (id);").after(
            "CREATE TABLE events (id int, at date) PARTITION BY RANGE (at); \
             CREATE TABLE e1 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');",
        ),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    // A block may catch the error, or never come here.
    if look.is_in_doubt {
        return;
    }
    let refused = match look.change {
        Change::CreateTable(table) => made(look, table).map(|why| (&table.name, why)),
        Change::Alter(Alter { table, action: Action::AddConstraint(constraint), .. }) => {
            refused(look, table, key(constraint)).map(|why| (table, why))
        }
        Change::Alter(Alter { table, action: Action::AddColumn { column, .. }, .. }) => {
            let mut keys = column.constraints.iter();
            keys.find_map(|constraint| refused(look, table, key(constraint))).map(|why| (table, why))
        }
        Change::CreateIndex(index) if index.unique => {
            let columns: Vec<String> = index.columns.iter().flatten().cloned().collect();
            let why = match index.only {
                true => partitioning(look, &index.table).and_then(|partitioning| lacking(partitioning, &index.table, &columns)),
                false => refused(look, &index.table, Some(&columns)),
            };
            why.map(|why| (&index.table, why))
        }
        _ => None,
    };
    if let Some((table, why)) = refused {
        found.push(look.finding(&RULE, format!("{why}: PostgreSQL refuses this one")).on(table));
    }
}

/// The columns of a key, but those that an index says.
fn key(constraint: &Constraint) -> Option<&[String]> {
    match &constraint.kind {
        ConstraintKind::Primary(key) | ConstraintKind::Unique(key) if key.index.is_none() => Some(&key.columns),
        _ => None,
    }
}

fn partitioning<'a>(look: &'a Look, table: &Name) -> Option<&'a Partitioning> {
    look.relation(table)?.partitioning.as_ref()
}

/// What a new table can't have as a key, of its own or from what it is a partition of.
fn made(look: &Look, table: &CreateTable) -> Option<String> {
    let partitioning = table.partitioning.as_ref()?;
    if table.if_not_exists && look.relation(&table.name).is_some() {
        return None;
    }
    let constraints = table.columns.iter().flat_map(|column| &column.constraints);
    let mut own = constraints.chain(&table.constraints).filter_map(key);
    let lacks = |columns: &[String]| lacking(partitioning, &table.name, columns);
    own.find_map(lacks).or_else(|| {
        let (parent, _) = table.partition_of.as_ref()?;
        let parent = look.whole(parent)?;
        keys(parent).find_map(|columns| lacks(&columns))
    })
}

/// What is unique in a table.
fn keys(relation: &Relation) -> impl Iterator<Item = Vec<String>> {
    let indexes = relation.indexes.iter().filter(|index| index.is_unique);
    indexes.map(|index| index.columns.iter().flatten().cloned().collect())
}

/// Why the table, or one of its partitions, can't have such a key.
fn refused(look: &Look, table: &Name, columns: Option<&[String]>) -> Option<String> {
    let columns = columns?;
    let tables = look.catalogue.with_children(table);
    tables.iter().find_map(|table| lacking(partitioning(look, table)?, table, columns))
}

fn lacking(partitioning: &Partitioning, table: &Name, columns: &[String]) -> Option<String> {
    if partitioning.columns.contains(&None) {
        return Some(format!("{table} is partitioned by an expression, with which it has no unique key"));
    }
    let by = partitioning.columns.iter().flatten();
    let missing: Vec<String> = by.filter(|column| !columns.contains(column)).cloned().collect();
    (!missing.is_empty()).then(|| format!("a unique key of the partitioned {table} has to include {}", list(&missing)))
}
