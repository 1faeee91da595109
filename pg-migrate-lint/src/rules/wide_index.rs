//! An index on many columns.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::Change;

pub static RULE: Rule = Rule {
    name: "wide-index",
    group: Group::Style,
    severity: Severity::Info,
    summary: "an index on more than three columns, of which the later ones seldom help",
    explanation: "A B-tree is searched by its first columns; those behind the first range only save a look into the table. \
        Each of them makes the index greater, and an UPDATE of any can no longer be a cheap one (HOT).\n\n\
        Index the columns that leave few rows, most selective first. What is only read goes into INCLUDE.",
    versions: "",
    bad: &[Example::new("CREATE INDEX CONCURRENTLY i ON orders (shop_id, user_id, status, at);")],
    good: &[
        Example::new("CREATE INDEX CONCURRENTLY i ON orders (shop_id, user_id, at);"),
        Example::new("CREATE UNIQUE INDEX CONCURRENTLY i ON orders (shop_id, user_id, status, at);"),
    ],
    check,
};

/// As most linters have it.
const MOST: usize = 3;

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::CreateIndex(index) = look.change else { return };
    // A unique one says what is unique.
    if index.columns.len() > MOST && !index.unique && matches!(index.method.as_str(), "" | "btree") {
        let message = format!("an index of {} on {} columns: those behind the first few seldom help", index.table, index.columns.len());
        found.push(look.finding(&RULE, message).on(&index.table));
    }
}
