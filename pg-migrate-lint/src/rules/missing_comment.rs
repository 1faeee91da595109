//! A table that nobody says what it is for.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::Change;

pub static RULE: Rule = Rule {
    name: "missing-comment",
    group: Group::Style,
    severity: Severity::Info,
    summary: "a new table without COMMENT ON TABLE",
    explanation: "A comment that is kept in the database is seen by whoever meets the table there: \\d+ of psql, editors \
        and generated documentation show it. One in the migration is read by nobody who does not know which file that \
        is.\n\n\
        COMMENT ON TABLE in the same file takes a lock that blocks nobody.",
    versions: "",
    bad: &[Example::new("CREATE TABLE users (id int);")],
    good: &[
        Example::new("CREATE TABLE users (id int); COMMENT ON TABLE users IS 'Whoever can log in';"),
        Example::new("CREATE TEMPORARY TABLE t (id int);"),
        Example::new("CREATE TABLE a PARTITION OF b DEFAULT;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::CreateTable(table) = look.change else { return };
    let is_part = table.temporary || table.partition_of.is_some();
    if !is_part && !look.ahead.commented.contains(&table.name.name) {
        found.push(look.finding(&RULE, format!("nothing says what {} is for", table.name)).on(&table.name));
    }
}
