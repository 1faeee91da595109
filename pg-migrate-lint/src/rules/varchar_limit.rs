//! varchar(n), whose limit is hard to change.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;

pub static RULE: Rule = Rule {
    name: "varchar-limit",
    group: Group::Types,
    severity: Severity::Info,
    summary: "varchar(n) has a limit that is rarely meant",
    explanation: "A limit on the length saves nothing: text is stored the same way. To lower it later is a rewrite, and to raise it \
        takes an AccessExclusiveLock for a moment.\n\n\
        Use text; where a length has to be checked, a CHECK can be replaced without a rewrite, by NOT VALID.",
    versions: "",
    bad: &[Example::new("CREATE TABLE t (name varchar(255));")],
    good: &[Example::new("CREATE TABLE t (name text);")],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    for (table, column) in look.new_columns() {
        if column.type_.name == "varchar" && !column.type_.modifiers.is_empty() {
            let message = format!("{} has a limit of its length: text with a CHECK is easier to change", crate::name::quoted(&column.name));
            found.push(look.finding(&RULE, message).on(format!("{table}.{}", crate::name::quoted(&column.name))));
        }
    }
}
