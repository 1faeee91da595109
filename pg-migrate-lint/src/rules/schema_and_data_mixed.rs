//! Rows are changed in a migration of the schema.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::Change;

pub static RULE: Rule = Rule {
    name: "schema-and-data-mixed",
    group: Group::Style,
    severity: Severity::Info,
    summary: "rows of a table in use are changed in a migration that changes the schema",
    explanation: "A change of the schema takes strong locks for a moment; a change of rows takes long. In one migration, \
        and mostly one transaction, the locks are held for as long as the rows take, and if the rows fail the schema \
        has to be done again.\n\n\
        Make two migrations of it.",
    versions: "",
    bad: &[Example::new("ALTER TABLE users ADD COLUMN plan text; UPDATE users SET plan = 'free' WHERE id < 100;")],
    good: &[Example::new("UPDATE users SET plan = 'free' WHERE id < 100;"), Example::new("CREATE TABLE plans (name text); INSERT INTO plans VALUES ('free');")],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let table = match look.change {
        Change::Update(write) | Change::Delete(write) => &write.table,
        _ => return,
    };
    if look.ahead.alters && !look.is_new(table) {
        found.push(look.finding(&RULE, format!("rows of {table} are changed in a migration that changes the schema too")).on(table));
    }
}
