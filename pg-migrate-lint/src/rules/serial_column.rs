//! serial instead of an identity.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;

pub static RULE: Rule = Rule {
    name: "serial-column",
    group: Group::Types,
    severity: Severity::Info,
    summary: "serial, where the standard's identity does better",
    explanation: "serial makes a sequence with privileges of its own, which has to be granted beside the table, and lets inserts give \
        numbers that the sequence comes to later.\n\n\
        GENERATED ALWAYS AS IDENTITY (since 10) has neither trouble.",
    versions: "",
    bad: &[Example::new("CREATE TABLE t (id bigserial PRIMARY KEY);")],
    good: &[Example::new("CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);")],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    for (table, column) in look.new_columns() {
        if column.type_.is_serial() {
            let message = format!("{} is serial: an identity needs no grant of its own", crate::name::quoted(&column.name));
            found.push(look.finding(&RULE, message).on(format!("{table}.{}", crate::name::quoted(&column.name))));
        }
    }
}
