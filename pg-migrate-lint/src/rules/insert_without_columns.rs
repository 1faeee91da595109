//! INSERT that counts on the order of columns.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::Change;

pub static RULE: Rule = Rule {
    name: "insert-without-columns",
    group: Group::Style,
    severity: Severity::Info,
    summary: "INSERT without a list of columns",
    explanation: "The values go to the columns in the order in which they were added to the table, which may differ \
        between databases that came to the same schema by other ways, and changes with the next column.\n\n\
        Name the columns.",
    versions: "",
    bad: &[Example::new("INSERT INTO plans VALUES (1, 'free');")],
    good: &[Example::new("INSERT INTO plans (id, name) VALUES (1, 'free');")],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Insert(insert) = look.change else { return };
    if insert.columns.is_empty() && insert.has_values {
        found.push(look.finding(&RULE, format!("the columns of {} are not named", insert.table)).on(&insert.table));
    }
}
