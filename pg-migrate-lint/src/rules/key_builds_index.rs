//! UNIQUE or PRIMARY KEY builds its index while everybody waits.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::fix;
use crate::lock::Work;
use crate::look::Look;
use crate::model::{Action, Alter, Change, ConstraintKind};
use crate::name::list;

pub static RULE: Rule = Rule {
    name: "key-builds-index",
    group: Group::Locks,
    severity: Severity::Error,
    summary: "ADD UNIQUE or PRIMARY KEY builds an index, or reads for nulls, while everybody waits",
    explanation: "ADD UNIQUE and ADD PRIMARY KEY build an index under an AccessExclusiveLock: reads and writes wait \
        until it is there.\n\n\
        Build a unique index with CONCURRENTLY and make a constraint of it with USING INDEX, which takes a moment. \
        For a primary key its columns have to be NOT NULL before, or they are read for nulls then. On a partitioned \
        table USING INDEX is refused: the constraint is added to ONLY the parent, which is quick, and the index that \
        each partition got so is attached to it. WITHOUT OVERLAPS, as EXCLUDE, knows neither.",
    versions: "",
    bad: &[
        Example::new("ALTER TABLE users ADD CONSTRAINT users_email UNIQUE (email);"),
        Example::new("ALTER TABLE users ADD PRIMARY KEY (id);"),
        Example::new("ALTER TABLE users ADD PRIMARY KEY USING INDEX users_id;")
            .after("CREATE TABLE users (id int); CREATE UNIQUE INDEX users_id ON users (id);"),
        Example::new("ALTER TABLE \"Users\" ADD UNIQUE NULLS NOT DISTINCT (\"Mail\", name) INCLUDE (id) INITIALLY DEFERRED;")
            .after("CREATE TABLE \"Users\" (id int PRIMARY KEY, name text, \"Mail\" text);"),
        Example::new("ALTER TABLE users ADD PRIMARY KEY (id);").after("CREATE TABLE users (id int, name text);"),
        Example::new("ALTER TABLE events ADD PRIMARY KEY (id, at);").after(
            "CREATE TABLE events (id int NOT NULL, at date NOT NULL) PARTITION BY RANGE (at); CREATE TABLE \"E1\" PARTITION OF events DEFAULT;",
        ),
        Example::new("ALTER TABLE stays ADD UNIQUE (room, during WITHOUT OVERLAPS);").after("CREATE TABLE stays (room int4range, during daterange);"),
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
        let mut finding = look.finding_on(&RULE, table, message);
        match fix::constraint::key(look, table, constraint) {
            Some(fix) => finding = finding.fix(fix),
            None if key.without_overlaps => finding.message.push_str("; WITHOUT OVERLAPS has no other way"),
            None => {}
        }
        return found.push(finding);
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
