//! UNIQUE or PRIMARY KEY builds its index while everybody waits.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::lock::Work;
use crate::look::Look;
use crate::model::{Action, Alter, Change, Constraint, ConstraintKind, Key};
use crate::name::{Name, list, quoted};

pub static RULE: Rule = Rule {
    name: "key-builds-index",
    group: Group::Locks,
    severity: Severity::Error,
    summary: "ADD UNIQUE or PRIMARY KEY builds an index, or reads for nulls, while everybody waits",
    explanation: "ADD UNIQUE and ADD PRIMARY KEY build an index under an AccessExclusiveLock: reads and writes wait \
        until it is there.\n\n\
        Build a unique index with CONCURRENTLY and make a constraint of it with USING INDEX, which takes a moment. \
        For a primary key its columns have to be NOT NULL before, or they are read for nulls then.",
    versions: "",
    bad: &[
        Example::new("ALTER TABLE users ADD CONSTRAINT users_email UNIQUE (email);"),
        Example::new("ALTER TABLE users ADD PRIMARY KEY (id);"),
        Example::new("ALTER TABLE users ADD PRIMARY KEY USING INDEX users_id;")
            .after("CREATE TABLE users (id int); CREATE UNIQUE INDEX users_id ON users (id);"),
    ],
    good: &[
        Example::new("ALTER TABLE users ADD CONSTRAINT users_email UNIQUE USING INDEX users_email_idx;"),
        Example::new("ALTER TABLE users ADD PRIMARY KEY USING INDEX users_id;")
            .after("CREATE TABLE users (id int NOT NULL); CREATE UNIQUE INDEX users_id ON users (id);"),
        Example::new("CREATE TABLE users (id int); ALTER TABLE users ADD PRIMARY KEY (id);"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Alter(Alter { table, action: Action::AddConstraint(constraint), .. }) = look.change else {
        return;
    };
    let (key, kind) = match &constraint.kind {
        ConstraintKind::Unique(key) => (key, "UNIQUE"),
        ConstraintKind::Primary(key) => (key, "PRIMARY KEY"),
        _ => return,
    };
    if look.impact.greatest_work() < Work::Scan || look.is_new(table) {
        return;
    }
    let Some(index) = &key.index else {
        let message = format!("ADD {kind} ({}) builds an index on {table} while reads and writes wait", list(&key.columns));
        return found.push(look.finding_on(&RULE, table, message).fix(fix(look, table, constraint, key, kind)));
    };
    let is_known = look.catalogue.index(&look.catalogue.resolve(table).beside(index.clone())).is_some();
    let mut finding = look.finding_on(
        &RULE,
        table,
        format!("ADD {kind} USING INDEX reads all rows of {table} for nulls while reads and writes wait: its columns are not NOT NULL"),
    );
    if !is_known {
        finding.message = format!("ADD {kind} USING INDEX reads all rows of {table} for nulls, unless its columns are NOT NULL already; no earlier migration says so");
        finding = finding.rated(Severity::Warning);
    }
    found.push(finding);
}

fn fix(look: &Look, table: &Name, constraint: &Constraint, key: &Key, kind: &str) -> String {
    let default = match kind {
        "UNIQUE" => format!("{}_{}_key", table.name, key.columns.join("_")),
        _ => format!("{}_pkey", table.name),
    };
    let name = quoted(constraint.name.as_deref().unwrap_or(&default));
    let mut steps = Vec::new();
    if kind == "PRIMARY KEY" {
        let is_null = |column: &&String| look.catalogue.column(table, column).is_none_or(|facts| !facts.not_null);
        for column in key.columns.iter().filter(is_null) {
            steps.push(format!("-- {} has to be NOT NULL first: see --explain set-not-null-scans", quoted(column)));
        }
    }
    steps.push("-- outside of a transaction".to_string());
    steps.push(format!("CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} ({});", list(&key.columns)));
    let deferrable = if constraint.deferrable { " DEFERRABLE" } else { "" };
    steps.push(format!("ALTER TABLE {table} ADD CONSTRAINT {name} {kind} USING INDEX {name}{deferrable};"));
    steps.join("\n")
}
