//! A CHECK is checked in all rows while everybody waits.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::fix::{Fix, free_name, plain};
use crate::lock::Work;
use crate::look::Look;
use crate::model::{Action, Alter, Change, ConstraintKind};
use crate::name::quoted;

pub static RULE: Rule = Rule {
    name: "check-without-not-valid",
    group: Group::Locks,
    severity: Severity::Error,
    summary: "ADD CHECK reads the whole table while everybody waits",
    explanation: "ADD CONSTRAINT … CHECK takes an AccessExclusiveLock and checks every row under it: reads and \
        writes wait.\n\n\
        With NOT VALID it is added without a look at the rows, and holds for what is written from then on. \
        VALIDATE CONSTRAINT checks the old rows under a ShareUpdateExclusiveLock, which blocks nobody; in a \
        transaction of its own, since locks are held until the transaction ends.",
    versions: "",
    bad: &[
        Example::new("ALTER TABLE users ADD CONSTRAINT adult CHECK (age >= 18);"), Example::new("ALTER TABLE users ADD CHECK (age >= 18);"),
        Example::new("ALTER TABLE \"Users\" ADD CHECK (age >= 18 /* years, ( */) -- of age\n, ADD UNIQUE (age);").after("CREATE TABLE \"Users\" (age int);"),
    ],
    good: &[
        Example::new("ALTER TABLE users ADD CONSTRAINT adult CHECK (age >= 18) NOT VALID;"),
        Example::new("CREATE TABLE users (age int); ALTER TABLE users ADD CHECK (age >= 18);"),
        Example::new("ALTER TABLE users ADD CONSTRAINT adult CHECK (age >= 18) NOT ENFORCED;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Alter(Alter { table, action: Action::AddConstraint(constraint), .. }) = look.change else {
        return;
    };
    let ConstraintKind::Check(expr) = &constraint.kind else { return };
    if look.impact.greatest_work() < Work::Scan || look.is_new(table) {
        return;
    }
    let name = constraint.name.clone().unwrap_or_else(|| {
        let name = match expr.columns.as_slice() {
            [column] => format!("{}_{column}_check", table.name),
            _ => format!("{}_check", table.name),
        };
        free_name(look.relation(table), &name)
    });
    let name = quoted(&name);
    let clause = plain(look.clause(constraint.at));
    let clause = match constraint.name {
        Some(_) => clause,
        None => format!("CONSTRAINT {name} {clause}"),
    };
    let message = format!("ADD CHECK reads all rows of {table} while reads and writes wait");
    found.push(look.finding_on(&RULE, table, message).fix(
        Fix::here(format!("ALTER TABLE {table} ADD {clause} NOT VALID;")).later(format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name};")),
    ));
}
