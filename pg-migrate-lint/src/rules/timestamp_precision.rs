//! Times that are rounded.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;

pub static RULE: Rule = Rule {
    name: "timestamp-precision",
    group: Group::Types,
    severity: Severity::Info,
    summary: "timestamp(n) rounds, also into the future",
    explanation: "timestamp(0) rounds half seconds up: what happened at 23:59:59.6 is stored as tomorrow. It takes no less room.\n\n\
        Keep the full precision, and use date_trunc or to_char where it is shown.",
    versions: "",
    bad: &[Example::new("CREATE TABLE t (at timestamptz(0));")],
    good: &[Example::new("CREATE TABLE t (at timestamptz);")],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    for (table, column) in look.new_columns() {
        if matches!(column.type_.name.as_str(), "timestamp" | "timestamptz") && !column.type_.modifiers.is_empty() {
            let message = format!("{} rounds, also into the future", crate::name::quoted(&column.name));
            found.push(look.finding(&RULE, message).on(format!("{table}.{}", crate::name::quoted(&column.name))));
        }
    }
}
