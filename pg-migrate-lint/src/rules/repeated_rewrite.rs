//! A table is changed by several statements where one would do.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::lock::Work;
use crate::look::Look;
use crate::model::{Alter, Change};

pub static RULE: Rule = Rule {
    name: "repeated-rewrite",
    group: Group::Availability,
    severity: Severity::Warning,
    summary: "a table is written anew, or read, by several ALTER TABLE where one would do",
    explanation: "Each ALTER TABLE that rewrites or checks a table goes through all of it. Actions of one statement \
        share one pass: two columns of which the types change, or two SET NOT NULL, cost one rewrite or scan.\n\n\
        Put them into one ALTER TABLE, with commas in between.",
    versions: "",
    bad: &[Example::new("ALTER TABLE t ALTER a TYPE bigint; ALTER TABLE t ALTER b TYPE bigint;")],
    good: &[
        // Each is looked up by a query of its own, in one statement too.
        Example::new("ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES a; ALTER TABLE t ADD FOREIGN KEY (b) REFERENCES b;"),
        Example::new("ALTER TABLE t ADD UNIQUE (a); ALTER TABLE t ALTER b SET NOT NULL;"),
        Example::new("ALTER TABLE t ALTER a TYPE bigint, ALTER b TYPE bigint;"),
        Example::new("ALTER TABLE t ADD COLUMN a int; ALTER TABLE t ADD COLUMN b int;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Alter(Alter { table, .. }) = look.change else { return };
    if look.is_new(table) || look.place > 0 {
        return;
    }
    let name = look.catalogue.resolve(table);
    let own = look.passes().iter().find(|(own, work)| *own == name && *work > Work::None);
    let Some((_, work)) = own else { return };
    if look.session.passes.contains(&(name, *work)) {
        let pass = match work {
            Work::Rewrite => "written anew",
            _ => "read",
        };
        let message = format!("{table} is {pass} by an earlier ALTER TABLE of this file already: one statement would do both at once");
        found.push(look.finding_on(&RULE, table, message).once(format!("passes of {table}")));
    }
}
