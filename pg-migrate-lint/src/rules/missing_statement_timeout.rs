//! Work that grows with the table has no end.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;

pub static RULE: Rule = Rule {
    name: "missing-statement-timeout",
    group: Group::Review,
    severity: Severity::Info,
    summary: "a statement that goes through a table in use without statement_timeout",
    explanation: "lock_timeout ends a wait; once the lock is there, nothing ends the work. A statement that reads or \
        writes a whole table takes as long as the table is great, and with it the lock that it holds. \
        statement_timeout gives it back after a time that the application can bear.\n\n\
        Not around CREATE INDEX CONCURRENTLY: ended by a timeout it leaves an invalid index. It is said once in a file.",
    versions: "",
    bad: &[Example::new("SET lock_timeout = '2s'; ALTER TABLE users ALTER COLUMN id TYPE bigint;").after("CREATE TABLE users (id int);")],
    good: &[
        Example::new("SET statement_timeout = '1min'; ALTER TABLE users ALTER COLUMN id TYPE bigint;").after("CREATE TABLE users (id int);"),
        Example::new("SET transaction_timeout = '1min'; ALTER TABLE users ALTER COLUMN id TYPE bigint;").after("CREATE TABLE users (id int);"),
        Example::new("ALTER TABLE users ADD COLUMN plan text;"),
        Example::new("CREATE INDEX CONCURRENTLY i ON users (plan);"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let settings = look.session.settings;
    if settings.statement_timeout.ends() || settings.transaction_timeout.ends() {
        return;
    }
    let is_blocked = |name: &crate::name::Name| look.blocked().any(|(blocked, _)| blocked == name);
    if let Some((table, _)) = look.worked_on().find(|(table, _)| is_blocked(table)) {
        let message = format!("goes through {table} under a lock that others wait for, for as long as that takes: set statement_timeout first");
        let set = match look.session.is_in_transaction() {
            true => "SET LOCAL statement_timeout = '1min';",
            false => "SET statement_timeout = '1min';",
        };
        found.push(look.finding_on(&RULE, table, message).fix(set).once("no statement_timeout"));
    }
}
