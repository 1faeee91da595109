//! A foreign key is checked in all rows while writes wait.

use super::{Example, Group, Rule};
use crate::catalogue::Relation;
use crate::finding::{Finding, Severity};
use crate::fix::{Fix, free_name, plain};
use crate::lock::{Mode, Work};
use crate::look::Look;
use crate::model::{Action, Alter, Change, ConstraintKind};
use crate::name::{Name, list, quoted};

pub static RULE: Rule = Rule {
    name: "foreign-key-without-not-valid",
    group: Group::Locks,
    severity: Severity::Error,
    summary: "ADD FOREIGN KEY reads both tables while writes to both wait",
    explanation: "ADD FOREIGN KEY takes a ShareRowExclusiveLock on both tables, and keeps it while every row is \
        looked up: writes to either wait, reads go on.\n\n\
        With NOT VALID the locks are held for a moment only, and the key holds for what is written from then on. \
        VALIDATE CONSTRAINT looks the old rows up under locks that block nobody; in a transaction of its own.\n\n\
        ALTER CONSTRAINT … ENFORCED looks all rows up at once: add the key once more under another name, NOT VALID, validate that, \
        and drop the one that was not enforced.",
    versions: "on a partitioned table NOT VALID is possible since 18",
    bad: &[
        Example::new("ALTER TABLE orders ADD CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users (id);"),
        Example::new("ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users;"),
        Example::new("ALTER TABLE orders ALTER CONSTRAINT orders_user ENFORCED;")
            .after("CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE orders (user_id int CONSTRAINT orders_user REFERENCES users NOT ENFORCED);"),
    ],
    good: &[
        Example::new("ALTER TABLE orders ADD CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;"),
        Example::new("CREATE TABLE orders (user_id int); ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Alter(Alter { table, action, .. }) = look.change else { return };
    let constraint = match action {
        Action::AddConstraint(constraint) => constraint,
        Action::AlterConstraint { constraint, enforced: Some(true) } => return enforced(look, table, constraint, found),
        _ => return,
    };
    let ConstraintKind::Foreign { columns, table: other, .. } = &constraint.kind else {
        return;
    };
    if look.impact.greatest_work() < Work::Scan || look.is_new(table) {
        return;
    }
    let message = format!("ADD FOREIGN KEY ({}) {}", list(columns), reading(look, table, other));
    let mut finding = look.finding_on(&RULE, table, message);
    let is_partitioned = look.relation(table).is_some_and(Relation::is_partitioned);
    if !is_partitioned || look.server.version >= 18 {
        finding = finding.fix(fix(look, table, columns, constraint.name.as_deref(), constraint.at));
    }
    found.push(finding);
}

/// What is read, and who waits: those who read, too, where the statement takes a stronger lock for something else.
fn reading(look: &Look, table: &Name, other: &Name) -> String {
    let (own, others) = (look.catalogue.resolve(table), look.catalogue.resolve(other));
    let waits = |name: &Name| match look.impact.lock_on(name) {
        Some(Mode::AccessExclusive) => "reads and writes",
        _ => "writes",
    };
    match (waits(&own), waits(&others)) {
        (waits, _) if own == others => format!("reads {table} while {waits} to it wait"),
        (waits, same) if waits == same => format!("reads {table} and {other} while {waits} to both wait"),
        (waits, others) => format!("reads {table} and {other} while {waits} to {table} and {others} to {other} wait"),
    }
}

/// A foreign key that is held to from now on is looked up for all rows at once.
fn enforced(look: &Look, table: &Name, name: &str, found: &mut Vec<Finding>) {
    let known = look.relation(table).and_then(|relation| relation.constraint(name));
    let Some(ConstraintKind::Foreign { table: other, .. }) = known.map(|known| &known.kind) else { return };
    if look.impact.greatest_work() < Work::Scan || look.is_new(table) {
        return;
    }
    let message = format!("ENFORCED of {} {}", quoted(name), reading(look, table, other));
    found.push(look.finding_on(&RULE, table, message));
}

fn fix(look: &Look, table: &Name, columns: &[String], name: Option<&str>, at: usize) -> Fix {
    let clause = plain(look.clause(at));
    let default = free_name(look.relation(table), &format!("{}_{}_fkey", table.name, columns.join("_")));
    let default = quoted(&default);
    let clause = match name {
        Some(_) => clause,
        None => format!("CONSTRAINT {default} {clause}"),
    };
    let name = name.map_or(default, quoted);
    Fix::here(format!("ALTER TABLE {table} ADD {clause} NOT VALID;")).later(format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name};"))
}
