//! A foreign key is checked in all rows while writes wait.

use super::{Example, Group, Rule};
use crate::catalogue::Relation;
use crate::finding::{Finding, Severity};
use crate::fix::{Fix, free_name, plain};
use crate::lock::Work;
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
        VALIDATE CONSTRAINT looks the old rows up under locks that block nobody; in a transaction of its own.",
    versions: "on a partitioned table NOT VALID is possible since 18",
    bad: &[
        Example::new("ALTER TABLE orders ADD CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users (id);"),
        Example::new("ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users;"),
    ],
    good: &[
        Example::new("ALTER TABLE orders ADD CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;"),
        Example::new("CREATE TABLE orders (user_id int); ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Alter(Alter { table, action: Action::AddConstraint(constraint), .. }) = look.change else {
        return;
    };
    let ConstraintKind::Foreign { columns, table: other, .. } = &constraint.kind else {
        return;
    };
    if look.impact.greatest_work() < Work::Scan || look.is_new(table) {
        return;
    }
    let message = match look.catalogue.resolve(table) == look.catalogue.resolve(other) {
        true => format!("ADD FOREIGN KEY ({}) reads {table} while writes to it wait", list(columns)),
        false => format!("ADD FOREIGN KEY ({}) reads {table} and {other} while writes to both wait", list(columns)),
    };
    let mut finding = look.finding_on(&RULE, table, message);
    let is_partitioned = look.relation(table).is_some_and(Relation::is_partitioned);
    if !is_partitioned || look.server.version >= 18 {
        finding = finding.fix(fix(look, table, columns, constraint.name.as_deref(), constraint.at));
    }
    found.push(finding);
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
