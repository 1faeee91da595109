//! EXCLUDE has no gentle way.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change, ConstraintKind};

pub static RULE: Rule = Rule {
    name: "exclusion-constraint",
    group: Group::Locks,
    severity: Severity::Error,
    summary: "ADD EXCLUDE builds an index while everybody waits",
    explanation: "ADD CONSTRAINT … EXCLUDE builds its index under an AccessExclusiveLock: reads and writes wait. \
        PostgreSQL knows neither NOT VALID nor USING INDEX for it.\n\n\
        On a table that is too large for that, make a new table with the constraint, copy rows in batches while a \
        trigger keeps it in step, and rename both; or do it while nobody uses the application.",
    versions: "",
    bad: &[Example::new("ALTER TABLE rooms ADD CONSTRAINT no_overlap EXCLUDE USING gist (room WITH =, at WITH &&);")],
    good: &[Example::new(
        "CREATE TABLE rooms (room int, at tsrange); ALTER TABLE rooms ADD CONSTRAINT no_overlap EXCLUDE USING gist (at WITH &&);",
    )],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Alter(Alter { table, action: Action::AddConstraint(constraint), .. }) = look.change else {
        return;
    };
    if matches!(constraint.kind, ConstraintKind::Exclude) && !look.is_new(table) {
        let message = format!("ADD EXCLUDE builds an index on {table} while reads and writes wait, and there is no other way");
        found.push(look.finding_on(&RULE, table, message));
    }
}
