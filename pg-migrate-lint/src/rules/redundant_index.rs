//! An index that another one makes needless.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::Change;

pub static RULE: Rule = Rule {
    name: "redundant-index",
    group: Group::Availability,
    severity: Severity::Info,
    summary: "an index on columns that another index has already, or begins with",
    explanation: "A B-tree on (a, b) serves every query that one on (a) serves. The second one only costs: each \
        write has to keep it up, VACUUM has to read it, and it takes room in memory and on disk.\n\n\
        Leave it out, or drop the shorter one when a longer one comes.",
    versions: "",
    bad: &[
        Example::new("CREATE INDEX CONCURRENTLY b ON t (x);").after("CREATE TABLE t (x int, y int); CREATE INDEX a ON t (x, y);"),
        Example::new("CREATE TABLE t (x int PRIMARY KEY); CREATE INDEX b ON t (x);"),
    ],
    good: &[
        Example::new("CREATE INDEX CONCURRENTLY b ON t (y);").after("CREATE TABLE t (x int, y int); CREATE INDEX a ON t (x, y);"),
        Example::new("CREATE UNIQUE INDEX CONCURRENTLY b ON t (x);").after("CREATE TABLE t (x int, y int); CREATE INDEX a ON t (x, y);"),
        Example::new("CREATE INDEX CONCURRENTLY b ON t (x); DROP INDEX CONCURRENTLY a;").after("CREATE TABLE t (x int, y int); CREATE INDEX a ON t (x, y);"),
        Example::new("CREATE INDEX CONCURRENTLY b ON t (x) WHERE y > 1;").after("CREATE TABLE t (x int, y int); CREATE INDEX a ON t (x, y);"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::CreateIndex(index) = look.change else { return };
    let is_plain = !index.partial && matches!(index.method.as_str(), "" | "btree") && index.included.is_empty() && !index.has_options;
    let columns: Option<Vec<&String>> = index.columns.iter().map(Option::as_ref).collect();
    let Some(columns) = columns.filter(|_| is_plain) else { return };
    let Some(first) = columns.first() else { return };
    let mut others = look.catalogue.indexes_on(&index.table, first);
    let known = others.find(|(_, other)| {
        let parts = other.columns.iter().map_while(Option::as_ref);
        let covers = parts.take(columns.len()).eq(columns.iter().copied());
        let is_same = other.columns.len() == columns.len();
        let serves = !index.unique || other.is_unique && is_same;
        covers && serves && !other.is_partial && other.is_btree
    });
    // An index that goes in the same file makes place for this one.
    let known = known.filter(|(name, _)| !look.replaces(&name.name));
    if let Some((name, _)) = known
        && index.name.as_deref() != Some(&name.name)
    {
        let message = format!("{} has an index that serves the same queries: {name}", index.table);
        found.push(look.finding(&RULE, message).on(&index.table));
    }
}
