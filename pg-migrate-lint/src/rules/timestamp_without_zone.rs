//! Times that are no moments.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;

pub static RULE: Rule = Rule {
    name: "timestamp-without-zone",
    group: Group::Types,
    severity: Severity::Info,
    summary: "timestamp without time zone says no moment",
    explanation: "A timestamp is what a clock on some wall shows: which moment that is depends on a zone that is not stored, and \
        comparisons with now() depend on the session's TimeZone.\n\n\
        timestamptz takes as much room, keeps the moment, and shows it in the reader's zone. To change over later \
        rewrites the table, unless TimeZone is UTC.",
    versions: "",
    bad: &[Example::new("CREATE TABLE t (at timestamp);")],
    good: &[Example::new("CREATE TABLE t (at timestamptz);")],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    for (table, column) in look.new_columns() {
        if column.type_.name == "timestamp" {
            let message = format!("{} says no moment: timestamptz does", crate::name::quoted(&column.name));
            found.push(look.finding(&RULE, message).on(format!("{table}.{}", crate::name::quoted(&column.name))));
        }
    }
}
