//! A transaction waits for one lock while it holds another.

use super::{Example, Group, Rule, missing_lock_timeout};
use crate::finding::{Finding, Severity};
use crate::lock::Mode;
use crate::look::Look;

pub static RULE: Rule = Rule {
    name: "several-tables-locked",
    group: Group::Locks,
    severity: Severity::Warning,
    summary: "a transaction takes an AccessExclusiveLock while it holds one on another table",
    explanation: "To get an AccessExclusiveLock a statement waits for every query on the table. If the transaction \
        already holds one on another table, everybody who wants that one waits meanwhile too; and whoever uses both \
        in another order is a deadlock, of which one side is ended.\n\n\
        Change one table in a transaction, or set a short lock_timeout and try again. It is not said where \
        missing-lock-timeout is found in the file, which ends this too, or lock-held-during-work in the statement.",
    versions: "",
    bad: &[Example::new("BEGIN; ALTER TABLE a ADD COLUMN x int; ALTER TABLE b ADD COLUMN x int; COMMIT;")],
    good: &[
        Example::new("BEGIN; DROP TABLE a; DROP TABLE b; COMMIT;"),
        Example::new("BEGIN; DROP VIEW ages; ALTER TABLE users DROP COLUMN age; COMMIT;").after("CREATE TABLE users (age int); CREATE VIEW ages AS SELECT age FROM users;"),
        Example::new("ALTER TABLE a ADD COLUMN x int; ALTER TABLE b ADD COLUMN x int;"),
        Example::new("BEGIN; ALTER TABLE a ADD COLUMN x int; ALTER TABLE a ADD COLUMN y int; COMMIT;"),
        Example::new("BEGIN; SET LOCAL lock_timeout = '1s'; ALTER TABLE a ADD COLUMN x int; ALTER TABLE b ADD COLUMN x int; COMMIT;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let settings = look.session.settings;
    if look.session.held.is_empty() || settings.lock_timeout.ends() || settings.statement_timeout.ends() {
        return;
    }
    let is_held = |name: &crate::name::Name, mode: Mode| {
        look.session.held.iter().any(|held| held.mode >= mode && (held.table == *name || mode != Mode::AccessExclusive))
    };
    let held = look.session.held.iter().filter(|held| held.mode == Mode::AccessExclusive && !look.is_new(&held.table));
    let held: Vec<_> = held.collect();
    // Said once in a transaction: where the second table comes in.
    let [first] = held.as_slice() else { return };
    let mut new = look.blocked().filter(|(name, mode)| *mode == Mode::AccessExclusive && !is_held(name, *mode) && !look.is_gone(name) && !first.reads.contains(name));
    // Who waits for the first table while this works on the second waits for its lock too.
    let mut own = found.iter().rev().take_while(|finding| finding.start == look.start);
    if own.any(|finding| finding.rule.name == "lock-held-during-work") {
        return;
    }
    if let Some((name, _)) = new.next() {
        let message = format!("waits for the lock on {name} while that on {} is held: everybody who wants either waits", first.table);
        let name = name.clone();
        found.push(look.finding_on(&RULE, &name, message).once(missing_lock_timeout::CAUSE));
    }
}
