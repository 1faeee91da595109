//! char(n), which pads with spaces.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;

pub static RULE: Rule = Rule {
    name: "char-type",
    group: Group::Types,
    severity: Severity::Info,
    summary: "char(n) pads values with spaces",
    explanation: "char(n) is no faster than text: values are stored padded with spaces to the length, lose spaces at their end in \
        comparisons, and are cut or refused like those of varchar(n).\n\n\
        Use text, with a CHECK where the length matters.",
    versions: "",
    bad: &[Example::new("CREATE TABLE t (code char(3));")],
    good: &[Example::new("CREATE TABLE t (code text);")],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    for (table, column) in look.new_columns() {
        if column.type_.name == "bpchar" {
            let message = format!("{} is char(n), which pads with spaces: text does better", crate::name::quoted(&column.name));
            found.push(look.finding(&RULE, message).on(format!("{table}.{}", crate::name::quoted(&column.name))));
        }
    }
}
