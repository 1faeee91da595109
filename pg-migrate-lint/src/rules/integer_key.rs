//! A key that runs out of numbers.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;

pub static RULE: Rule = Rule {
    name: "integer-key",
    group: Group::Types,
    severity: Severity::Info,
    summary: "a primary key of integer or smallint runs out of numbers",
    explanation: "An integer ends at 2,147,483,647, and a sequence passes over numbers of what was rolled back. When it is reached \
        inserts fail, and to change the type then rewrites the table and every one that references it.\n\n\
        Use bigint. Rows are aligned to eight bytes, so that it often takes no more room.",
    versions: "",
    bad: &[Example::new("CREATE TABLE t (id serial PRIMARY KEY);")],
    good: &[Example::new("CREATE TABLE t (id bigint PRIMARY KEY);")],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    for (table, column) in look.new_columns() {
        if matches!(column.type_.serial_base().unwrap_or(&column.type_.name), "int4" | "int2") && look.is_key(column) {
            let message = format!("{} is the primary key, and ends at 2,147,483,647: bigint does not", crate::name::quoted(&column.name));
            found.push(look.finding(&RULE, message).on(format!("{table}.{}", crate::name::quoted(&column.name))));
        }
    }
}
