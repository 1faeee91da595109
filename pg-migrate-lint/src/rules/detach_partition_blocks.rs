//! A partition is taken out while everybody waits for the whole table.

use super::{Example, Group, Rule, drop_refused};
use crate::finding::{Finding, Severity};
use crate::fix::Fix;
use crate::lock::Mode;
use crate::look::Look;
use crate::model::{Action, Alter, Change, Drop, Kind};

pub static RULE: Rule = Rule {
    name: "detach-partition-blocks",
    group: Group::Locks,
    severity: Severity::Warning,
    summary: "DETACH PARTITION locks the whole partitioned table",
    explanation: "DETACH PARTITION takes an AccessExclusiveLock on the parent and on the partition. It lasts for a \
        moment, but it waits for every query on any partition first, and whatever comes after waits behind it.\n\n\
        DETACH PARTITION … CONCURRENTLY (since 14) lets reads and writes go on. It can't be run within a \
        transaction, nor where there is a default partition, and leaves the partition a CHECK of its bounds. DROP TABLE of a partition takes the same lock on the \
        parent: detach it first.\n\n\
        Where a foreign key references the partitioned table, its table is read for rows that reference those which go; \
        CONCURRENTLY lets reads of it go on meanwhile, not writes.",
    versions: "14 and later know CONCURRENTLY",
    bad: &[
        Example::new("ALTER TABLE events DETACH PARTITION events_2020;"),
        Example::new("DROP TABLE events_1;").after("CREATE TABLE events (n int) PARTITION BY LIST (n); CREATE TABLE events_1 PARTITION OF events FOR VALUES IN (1);"),
        Example::new("ALTER TABLE events DETACH PARTITION events_2020;")
            .after("CREATE TABLE events (at date) PARTITION BY RANGE (at); CREATE TABLE rest PARTITION OF events DEFAULT;"),
        Example::new("ALTER TABLE events DETACH PARTITION events_2020;").on(13),
        Example::new("ALTER TABLE events DETACH PARTITION events_1 CONCURRENTLY;")
            .after("CREATE TABLE events (n int PRIMARY KEY) PARTITION BY LIST (n); CREATE TABLE events_1 PARTITION OF events FOR VALUES IN (1); \
                CREATE TABLE notes (n int REFERENCES events);"),
    ],
    good: &[
        Example::new("ALTER TABLE events DETACH PARTITION events_2020 CONCURRENTLY;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    if let Change::Drop(drop) = look.change {
        return dropped(look, drop, found);
    }
    let Change::Alter(Alter { table, action: Action::Detach { child, concurrently }, .. }) = look.change else {
        return;
    };
    let referencing = look.catalogue.referencing(table).iter().filter(|other| !look.is_new(other) && !look.is_new(table));
    for other in referencing {
        let mode = look.impact.lock_on(other).unwrap_or(Mode::Share);
        let message = format!("DETACH PARTITION {child} reads all rows of {other}, which references {table}: {}", mode.blocks());
        found.push(look.finding_on(&RULE, other, message).rated(Severity::Error));
    }
    if *concurrently {
        return;
    }
    let has_default = look.relation(table).is_some_and(|table| table.default_child.is_some());
    if look.is_new(table) {
        return;
    }
    let message = format!("DETACH PARTITION {child} locks all of {table}: whatever comes later waits behind it");
    let finding = look.finding_on(&RULE, table, message);
    // There is no other way before 14, nor beside a default partition.
    found.push(match look.server.version < 14 || has_default {
        true => finding,
        false => finding.fix(
            Fix::default()
                .outside(format!("ALTER TABLE {table} DETACH PARTITION {child} CONCURRENTLY;"))
                .words(&format!("it leaves {child} a CHECK of its bounds: drop that if it is not wanted")),
        ),
    });
}

/// A partition that is dropped takes its parent's lock with it.
fn dropped(look: &Look, drop: &Drop, found: &mut Vec<Finding>) {
    if drop.kind != Kind::Table || drop_refused::is_refused(look) {
        return;
    }
    for table in &drop.names {
        let Some(parent) = look.relation(table).and_then(|table| table.parent.clone()) else { continue };
        let known = look.relation(&parent).filter(|table| table.is_partitioned());
        let is_dropped = drop.names.iter().any(|name| look.catalogue.resolve(name) == parent);
        let Some(known) = known.filter(|_| !is_dropped && !look.is_new(&parent) && !look.is_new(table)) else { continue };
        let message = format!("DROP TABLE {table} locks all of {parent}, whose partition it is: whatever comes later waits behind it");
        let finding = look.finding_on(&RULE, &parent, message);
        found.push(match look.server.version >= 14 && known.default_child.is_none() {
            true => finding.fix(Fix::default().outside(format!("ALTER TABLE {parent} DETACH PARTITION {table} CONCURRENTLY;\nDROP TABLE {table};"))),
            false => finding,
        });
    }
}
