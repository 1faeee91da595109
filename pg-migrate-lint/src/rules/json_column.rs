//! json instead of jsonb.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;

pub static RULE: Rule = Rule {
    name: "json-column",
    group: Group::Types,
    severity: Severity::Info,
    summary: "json has no equality and no index",
    explanation: "json keeps the text as it came, and parses it each time. It knows no equality, so that SELECT DISTINCT, GROUP BY and \
        UNION on the table fail from the moment the column is there.\n\n\
        Use jsonb, unless the very text matters: the order of keys, spaces, keys that are there twice.",
    versions: "",
    bad: &[Example::new("ALTER TABLE t ADD COLUMN data json;")],
    good: &[Example::new("ALTER TABLE t ADD COLUMN data jsonb;")],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    for (table, column) in look.new_columns() {
        if column.type_.name == "json" {
            let message = format!("{} is json, without equality: jsonb has it, and indexes", crate::name::quoted(&column.name));
            found.push(look.finding(&RULE, message).on(format!("{table}.{}", crate::name::quoted(&column.name))));
        }
    }
}
