//! A constraint whose name nobody chose.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change};

pub static RULE: Rule = Rule {
    name: "unnamed-constraint",
    group: Group::Style,
    severity: Severity::Info,
    summary: "ADD CONSTRAINT or CREATE INDEX without a name",
    explanation: "PostgreSQL chooses a name, and another one if that is taken: a later migration that drops or validates \
        it has to know which it was in every database. An index that is built CONCURRENTLY without a name gets \
        another one at each attempt.\n\n\
        Name it.",
    versions: "",
    bad: &[Example::new("ALTER TABLE t ADD CHECK (a > 0) NOT VALID;"), Example::new("CREATE INDEX CONCURRENTLY ON t (a);")],
    good: &[Example::new("ALTER TABLE t ADD CONSTRAINT a_positive CHECK (a > 0) NOT VALID;"), Example::new("CREATE INDEX CONCURRENTLY i ON t (a);")],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let (table, what) = match look.change {
        Change::Alter(Alter { table, action: Action::AddConstraint(constraint), .. }) if constraint.name.is_none() => (table, "constraint"),
        Change::CreateIndex(index) if index.name.is_none() => (&index.table, "index"),
        _ => return,
    };
    found.push(look.finding(&RULE, format!("this {what} of {table} has no name of your choice")).on(table));
}
