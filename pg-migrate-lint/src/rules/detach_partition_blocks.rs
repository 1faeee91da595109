//! A partition is taken out while everybody waits for the whole table.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change};

pub static RULE: Rule = Rule {
    name: "detach-partition-blocks",
    group: Group::Locks,
    severity: Severity::Warning,
    summary: "DETACH PARTITION locks the whole partitioned table",
    explanation: "DETACH PARTITION takes an AccessExclusiveLock on the parent and on the partition. It lasts for a \
        moment, but it waits for every query on any partition first, and whatever comes after waits behind it.\n\n\
        DETACH PARTITION … CONCURRENTLY (since 14) lets reads and writes go on. It can't be run within a \
        transaction, nor where there is a default partition.",
    versions: "14 and later know CONCURRENTLY",
    bad: &[Example::new("ALTER TABLE events DETACH PARTITION events_2020;")],
    good: &[
        Example::new("ALTER TABLE events DETACH PARTITION events_2020 CONCURRENTLY;"),
        Example::new("ALTER TABLE events DETACH PARTITION events_2020;")
            .after("CREATE TABLE events (at date) PARTITION BY RANGE (at); CREATE TABLE rest PARTITION OF events DEFAULT;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Alter(Alter { table, action: Action::Detach { child, concurrently: false }, .. }) = look.change else {
        return;
    };
    let has_default = look.relation(table).is_some_and(|table| table.default_child.is_some());
    if look.server.version < 14 || has_default || look.is_new(table) {
        return;
    }
    let message = format!("DETACH PARTITION {child} locks all of {table}: whatever comes later waits behind it");
    found.push(look.finding_on(&RULE, table, message).fix(format!(
        "-- outside of a transaction\nALTER TABLE {table} DETACH PARTITION {child} CONCURRENTLY;"
    )));
}
