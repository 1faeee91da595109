//! A table is read to see whether it fits as a partition.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change, Kind};

pub static RULE: Rule = Rule {
    name: "attach-partition-scans",
    group: Group::Locks,
    severity: Severity::Warning,
    summary: "ATTACH PARTITION reads the new partition, and the default one, while everybody waits for them",
    explanation: "ATTACH PARTITION takes only a ShareUpdateExclusiveLock on the parent, but an AccessExclusiveLock on \
        the table that becomes a partition and on the default partition, and reads both: the first to see that its \
        rows fit, the second to see that it holds none of the new one's.\n\n\
        A validated CHECK on the new partition that says what its bounds say saves the first, one on the default \
        partition that excludes them the second. Drop them afterwards.",
    versions: "the parent is locked less since 12",
    bad: &[Example::new("ALTER TABLE events ATTACH PARTITION events_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');")
        .after("CREATE TABLE events (at date) PARTITION BY RANGE (at); CREATE TABLE events_2025 (at date);")],
    good: &[
        Example::new("ALTER TABLE events ATTACH PARTITION events_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');").after(
            "CREATE TABLE events (at date) PARTITION BY RANGE (at); \
             CREATE TABLE events_2025 (at date, CHECK (at >= '2025-01-01' AND at < '2026-01-01'));",
        ),
        Example::new("CREATE TABLE events_2026 (at date); ALTER TABLE events ATTACH PARTITION events_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Alter(Alter { table, kind, action: Action::Attach { child, .. }, .. }) = look.change else {
        return;
    };
    if *kind == Kind::Index {
        return;
    }
    let tables: Vec<_> = look.worked_on().map(|(name, _)| name.clone()).collect();
    for name in tables {
        let message = match name == look.catalogue.resolve(child) {
            true => format!("ATTACH PARTITION reads all rows of {child} under an AccessExclusiveLock; a validated CHECK of its bounds would save that"),
            false => format!("ATTACH PARTITION to {table} reads all rows of its default partition {name} while reads and writes of it wait"),
        };
        let severity = match name == look.catalogue.resolve(child) {
            true => Severity::Warning,
            false => Severity::Error,
        };
        found.push(look.finding_on(&RULE, &name, message).rated(severity));
    }
}
