//! money, whose meaning is a setting.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;

pub static RULE: Rule = Rule {
    name: "money-column",
    group: Group::Types,
    severity: Severity::Info,
    summary: "money depends on lc_monetary, and rounds",
    explanation: "money knows no currency: how many digits it has, and how it is read and shown, depends on the setting lc_monetary \
        of whoever looks. Division rounds to the cent.\n\n\
        Use numeric, and a column for the currency.",
    versions: "",
    bad: &[Example::new("CREATE TABLE t (price money);")],
    good: &[Example::new("CREATE TABLE t (price numeric(12, 2));")],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    for (table, column) in look.new_columns() {
        if column.type_.name == "money" {
            let message = format!("{} is money, whose meaning depends on a setting: numeric does not", crate::name::quoted(&column.name));
            found.push(look.finding(&RULE, message).on(format!("{table}.{}", crate::name::quoted(&column.name))));
        }
    }
}
