//! Reference data that can be inserted once.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::Change;

pub static RULE: Rule = Rule {
    name: "insert-without-conflict",
    group: Group::Idempotence,
    severity: Severity::Info,
    summary: "INSERT of reference data without ON CONFLICT",
    explanation: "Rows that somebody may have put there by hand, or that another branch's migration inserts too, make \
        the INSERT fail on the key, or are there twice where there is none.\n\n\
        ON CONFLICT (key) DO NOTHING lets those that are there be; DO UPDATE SET makes them as they are here.",
    versions: "",
    bad: &[Example::new("INSERT INTO plans (name) VALUES ('free');")],
    good: &[
        Example::new("INSERT INTO plans (name) VALUES ('free') ON CONFLICT (name) DO NOTHING;"),
        Example::new("CREATE TABLE plans (name text); INSERT INTO plans (name) VALUES ('free');"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Insert(insert) = look.change else { return };
    if !insert.on_conflict && insert.has_values && !insert.from_query && !look.is_new(&insert.table) {
        let message = format!("INSERT INTO {} fails where a row is there already: ON CONFLICT says what then", insert.table);
        found.push(look.finding(&RULE, message).on(&insert.table));
    }
}
