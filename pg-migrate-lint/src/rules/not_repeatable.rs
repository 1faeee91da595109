//! A statement that fails when it is run again.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change, Kind};

pub static RULE: Rule = Rule {
    name: "not-repeatable",
    group: Group::Idempotence,
    severity: Severity::Info,
    summary: "CREATE without IF NOT EXISTS, DROP without IF EXISTS",
    explanation: "Where a file is run more than once, or may stop half way outside of a transaction, each statement has \
        to bear that what it makes is there already, and what it drops is gone. Where the runner keeps a history and \
        each file is one transaction it does not matter.\n\n\
        Add IF NOT EXISTS or IF EXISTS; before ADD CONSTRAINT, DROP CONSTRAINT IF EXISTS. For CREATE INDEX \
        CONCURRENTLY put DROP INDEX CONCURRENTLY IF EXISTS before it instead, since the index may be there and \
        invalid.",
    versions: "",
    bad: &[
        Example::new("CREATE TABLE t (a int);"),
        Example::new("DROP INDEX CONCURRENTLY i;"),
        Example::new("CREATE TYPE t AS ENUM ('a');"),
        Example::new("ALTER TABLE t ADD COLUMN a int;"),
        Example::new("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;"),
        Example::new("ALTER TYPE mood ADD VALUE 'glad';"),
        Example::new("CREATE SCHEMA app;"),
        Example::new("CREATE SEQUENCE numbers;"),
    ],
    good: &[
        Example::new("ALTER TYPE mood ADD VALUE IF NOT EXISTS 'glad'; CREATE SCHEMA IF NOT EXISTS app; CREATE SEQUENCE IF NOT EXISTS numbers;"),
        Example::new("CREATE TABLE IF NOT EXISTS t (a int);"),
        Example::new("DO $$ BEGIN CREATE TYPE t AS ENUM ('a'); EXCEPTION WHEN duplicate_object THEN NULL; END $$;"),
        Example::new("ALTER TABLE t DROP CONSTRAINT IF EXISTS c; ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;"),
        Example::new("DROP INDEX CONCURRENTLY IF EXISTS i; CREATE INDEX CONCURRENTLY i ON t (a);"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    if look.session.is_in_transaction() {
        return;
    }
    let (what, needed) = match look.change {
        Change::CreateTable(table) if !table.if_not_exists => ("CREATE TABLE", "IF NOT EXISTS"),
        Change::CreateEnum { .. } if !look.is_nested => {
            ("CREATE TYPE", "DO with a handler of duplicate_object")
        }
        Change::CreateSequence { if_not_exists: false, .. } => ("CREATE SEQUENCE", "IF NOT EXISTS"),
        Change::CreateSchema { if_not_exists: false, .. } => ("CREATE SCHEMA", "IF NOT EXISTS"),
        Change::AddEnumValue { if_not_exists: false, .. } => ("ADD VALUE", "IF NOT EXISTS"),
        Change::CreateTableAs(table) if !table.if_not_exists => ("CREATE", "IF NOT EXISTS"),
        Change::CreateIndex(index) if !index.if_not_exists && !index.name.as_ref().is_some_and(|name| look.replaces(name)) => ("CREATE INDEX", "IF NOT EXISTS"),
        Change::Drop(drop) if !drop.if_exists && drop.kind != Kind::Other => ("DROP", "IF EXISTS"),
        Change::CreateFunction(function) if !function.replace => ("CREATE FUNCTION", "OR REPLACE"),
        Change::CreateView { replace: false, .. } => ("CREATE VIEW", "OR REPLACE"),
        Change::Alter(Alter { action, .. }) => match action {
            Action::AddColumn { if_not_exists: false, .. } => ("ADD COLUMN", "IF NOT EXISTS"),
            Action::DropColumn { if_exists: false, .. } => ("DROP COLUMN", "IF EXISTS"),
            Action::DropConstraint { if_exists: false, .. } => ("DROP CONSTRAINT", "IF EXISTS"),
            Action::AddConstraint(constraint) if !constraint.name.as_ref().is_some_and(|name| look.replaces(name)) => {
                ("ADD CONSTRAINT", "DROP CONSTRAINT IF EXISTS before it")
            }
            _ => return,
        },
        _ => return,
    };
    found.push(look.finding(&RULE, format!("{what} fails when the file is run again: {needed} would let it pass")));
}
