//! A lock that is asked for by name.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::lock::Mode;
use crate::look::Look;
use crate::model::Change;

pub static RULE: Rule = Rule {
    name: "lock-table",
    group: Group::Locks,
    severity: Severity::Warning,
    summary: "LOCK TABLE keeps others waiting until the transaction ends",
    explanation: "LOCK TABLE takes an AccessExclusiveLock unless a mode is named, and keeps it until the transaction \
        ends: reads and writes wait for all that follows in it.\n\n\
        Statements take the locks that they need. If rows must not change meanwhile, SHARE ROW EXCLUSIVE lets \
        reads go on; keep what follows short, and set lock_timeout before.",
    versions: "",
    bad: &[Example::new("BEGIN; LOCK TABLE orders; COMMIT;"), Example::new("BEGIN; LOCK TABLE orders IN SHARE ROW EXCLUSIVE MODE; COMMIT;")],
    good: &[
        Example::new("BEGIN; LOCK TABLE orders IN ROW EXCLUSIVE MODE; COMMIT;"),
        Example::new("BEGIN; CREATE TABLE orders (id int); LOCK TABLE orders; COMMIT;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Lock { tables, mode } = look.change else { return };
    if *mode <= Mode::ShareUpdateExclusive {
        return;
    }
    for table in tables.iter().filter(|table| !look.is_new(table)) {
        let message = format!("LOCK TABLE {table}: {} until the transaction ends", mode.blocks());
        found.push(look.finding_on(&RULE, table, message));
    }
}
