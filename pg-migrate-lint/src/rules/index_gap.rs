//! An index goes before the one that takes its place is there.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Change, Kind};

pub static RULE: Rule = Rule {
    name: "index-gap",
    group: Group::Availability,
    severity: Severity::Warning,
    summary: "an index is dropped before the one that takes its place is built",
    explanation: "Until the new index is complete queries that used the old one read the whole table, which on a great one \
        is an outage by load; and a unique one keeps no duplicates out meanwhile, for which the new one then fails.\n\n\
        Build the new one first, under another name, then drop the old one, and rename the new one if its name matters.",
    versions: "",
    bad: &[Example::new("DROP INDEX CONCURRENTLY orders_user; CREATE INDEX CONCURRENTLY orders_user ON orders (user_id) INCLUDE (at);")
        .after("CREATE TABLE orders (user_id int, at date); CREATE INDEX orders_user ON orders (user_id);")],
    good: &[
        Example::new("CREATE INDEX CONCURRENTLY orders_user_at ON orders (user_id) INCLUDE (at); DROP INDEX CONCURRENTLY orders_user;")
            .after("CREATE TABLE orders (user_id int, at date); CREATE INDEX orders_user ON orders (user_id);"),
        Example::new("DROP INDEX CONCURRENTLY orders_user; CREATE INDEX CONCURRENTLY orders_at ON orders (at);")
            .after("CREATE TABLE orders (user_id int, at date); CREATE INDEX orders_user ON orders (user_id);"),
        Example::new("DROP INDEX orders_user; CREATE INDEX orders_user ON orders (user_id, at);")
            .after("CREATE TABLE orders (user_id int, at date); CREATE INDEX orders_user ON orders (user_id);")
            .in_transaction(),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Drop(drop) = look.change else { return };
    // In one transaction others wait, and see no state between.
    if drop.kind != Kind::Index || look.session.is_in_transaction() {
        return;
    }
    for name in &drop.names {
        let Some(index) = look.catalogue.index(name).filter(|index| !look.is_own(index.made) && !look.is_new(&index.table)) else {
            continue;
        };
        let columns: Vec<&String> = index.columns.iter().map_while(Option::as_ref).collect();
        if columns.is_empty() {
            continue;
        }
        let resolved = look.catalogue.resolve(name);
        let mut others = look.catalogue.indexes_of(&index.table).filter(|(other, _)| **other != resolved);
        let is_there = others.any(|(_, other)| other.columns.iter().map_while(Option::as_ref).take(columns.len()).eq(columns.iter().copied()));
        let comes = look
            .ahead
            .indexes
            .iter()
            .any(|(table, other)| look.catalogue.resolve(table) == *index.table && other.iter().take(columns.len()).eq(columns.iter().copied()));
        if comes && !is_there {
            let message = format!("{name} is dropped before the index that takes its place is built: queries on {} have none meanwhile", index.table);
            found.push(look.finding(&RULE, message).on(name));
        }
    }
}
