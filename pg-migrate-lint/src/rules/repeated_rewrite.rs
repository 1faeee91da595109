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
    summary: "a table is written anew by several ALTER TABLE where one would do",
    explanation: "Each ALTER TABLE that rewrites a table goes through all of it, and builds its indexes anew. Actions of \
        one statement share one pass: two columns of which the types change cost one rewrite.\n\n\
        Put them into one ALTER TABLE, with commas in between. What only reads the table, such as two CHECKs, needs \
        no lock that others wait for: that is for the rules about these.",
    versions: "",
    bad: &[Example::new("ALTER TABLE t ALTER a TYPE bigint; ALTER TABLE t ALTER b TYPE bigint;")],
    good: &[
        // Each is looked up by a query of its own, in one statement too.
        Example::new("ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES a; ALTER TABLE t ADD FOREIGN KEY (b) REFERENCES b;"),
        Example::new("ALTER TABLE t ADD UNIQUE (a); ALTER TABLE t ALTER b SET NOT NULL;"),
        // Each has a way that lets nobody wait.
        Example::new("ALTER TABLE t ADD CHECK (a > 0); ALTER TABLE t ALTER b SET NOT NULL;"),
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
    let pass = (name, Work::Rewrite);
    if look.passes().contains(&pass) && look.session.passes.contains(&pass) {
        let message = format!("{table} is written anew by an earlier ALTER TABLE of this file already: one statement would do both at once");
        found.push(look.finding_on(&RULE, table, message).once(format!("passes of {table}")));
    }
}
