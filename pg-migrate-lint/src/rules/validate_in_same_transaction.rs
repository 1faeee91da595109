//! What VALIDATE should avoid comes back: the lock of ADD is still held.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::fix::Fix;
use crate::lock::{Blocks, Mode, Work};
use crate::look::Look;
use crate::model::{Action, Alter, Change};
use crate::name::{Name, quoted};

pub static RULE: Rule = Rule {
    name: "validate-in-same-transaction",
    group: Group::Locks,
    severity: Severity::Error,
    summary: "VALIDATE CONSTRAINT in the transaction, or the ALTER TABLE, that takes a strong lock keeps that while it reads",
    explanation: "ADD CONSTRAINT … NOT VALID takes its strong lock for a moment, if its transaction ends then. \
        VALIDATE in the same transaction reads the table while that lock is still held, which is what NOT VALID \
        was to avoid: reads and writes wait, or for a foreign key writes.\n\n\
        Commit in between: validate in a migration of its own. The same goes for VALIDATE among other actions of one ALTER TABLE: \
        the statement takes the strongest lock that any of them needs before it begins.",
    versions: "",
    bad: &[
        Example::new("BEGIN; ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT c; COMMIT;"),
        Example::new("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT c;").in_transaction(),
        Example::new("ALTER TABLE t VALIDATE CONSTRAINT c, ADD COLUMN b int;").after("CREATE TABLE t (a int); ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;"),
    ],
    good: &[
        Example::new("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT c;"),
        Example::new("ALTER TABLE t VALIDATE CONSTRAINT c;").after("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;").in_transaction(),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Alter(Alter { table, action: Action::Validate(name), .. }) = look.change else {
        return;
    };
    let resolved = look.catalogue.resolve(table);
    if look.impact.greatest_work() < Work::Scan || look.is_new(table) {
        return;
    }
    let own = look.impact.lock_on(&resolved).filter(|mode| mode.blocks() > Blocks::None);
    if let Some(mode) = own {
        let message = format!(
            "VALIDATE CONSTRAINT {} reads {table} under the lock that the rest of the statement takes: {}",
            quoted(name),
            mode.blocks()
        );
        found.push(look.finding_on(&RULE, table, message).fix(way(table, name)));
        return;
    }
    let is_own = look.session.not_valid.iter().any(|(known, constraint)| *known == resolved && constraint == name);
    if !is_own {
        return;
    }
    let held = look.session.held.iter().find(|held| held.table == resolved);
    let mode = held.map_or(Mode::AccessExclusive, |held| held.mode);
    let message = format!(
        "VALIDATE CONSTRAINT {} reads {table} while the lock of ADD CONSTRAINT is still held: {}",
        quoted(name),
        mode.blocks()
    );
    found.push(look.finding_on(&RULE, table, message).locks(mode).fix(way(table, name)));
}

fn way(table: &Name, constraint: &str) -> Fix {
    Fix::default().later(format!("ALTER TABLE {table} VALIDATE CONSTRAINT {};", quoted(constraint)))
}
