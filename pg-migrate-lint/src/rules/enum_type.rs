//! An enum, whose values stay for ever.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::Change;

pub static RULE: Rule = Rule {
    name: "enum-type",
    group: Group::Types,
    severity: Severity::Info,
    summary: "an enum type, from which no value can be taken away",
    explanation: "ALTER TYPE adds values and renames them; none can be removed, and their order changes only by a new type, for \
        which every table that has a column of it is rewritten.\n\n\
        Where the values change with the product, a text column with a CHECK, or a table of the values with a foreign key, \
        is changed without a rewrite.",
    versions: "",
    bad: &[Example::new("CREATE TYPE status AS ENUM ('open', 'closed');")],
    good: &[Example::new("CREATE TABLE orders (id bigint PRIMARY KEY, status text CHECK (status IN ('open', 'closed')));")],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    if let Change::CreateEnum { name, .. } = look.change {
        found.push(look.finding(&RULE, format!("no value of {name} can be taken away later")).on(name));
    }
}
