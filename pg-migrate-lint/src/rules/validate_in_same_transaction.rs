//! What VALIDATE should avoid comes back: the lock of ADD is still held.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::fix::Fix;
use crate::lock::Mode;
use crate::look::Look;
use crate::model::{Action, Alter, Change};
use crate::name::quoted;

pub static RULE: Rule = Rule {
    name: "validate-in-same-transaction",
    group: Group::Locks,
    severity: Severity::Error,
    summary: "VALIDATE CONSTRAINT in the transaction that added it keeps the strong lock while it reads",
    explanation: "ADD CONSTRAINT … NOT VALID takes its strong lock for a moment, if its transaction ends then. \
        VALIDATE in the same transaction reads the table while that lock is still held, which is what NOT VALID \
        was to avoid: reads and writes wait, or for a foreign key writes.\n\n\
        Commit in between: validate in a migration of its own.",
    versions: "",
    bad: &[
        Example::new("BEGIN; ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT c; COMMIT;"),
        Example::new("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT c;").in_transaction(),
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
    let is_own = look.session.not_valid.iter().any(|(known, constraint)| *known == resolved && constraint == name);
    if !is_own || look.is_new(table) {
        return;
    }
    let held = look.session.held.iter().find(|held| held.table == resolved);
    let mode = held.map_or(Mode::AccessExclusive, |held| held.mode);
    let message = format!(
        "VALIDATE CONSTRAINT {} reads {table} while the lock of ADD CONSTRAINT is still held: {}",
        quoted(name),
        mode.blocks()
    );
    found.push(look.finding_on(&RULE, table, message).locks(mode).fix(Fix::default().later(format!(
        "ALTER TABLE {table} VALIDATE CONSTRAINT {};",
        quoted(name)
    ))));
}
