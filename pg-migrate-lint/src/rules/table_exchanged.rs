//! A copy takes a table's place.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Change, Kind};

pub static RULE: Rule = Rule {
    name: "table-exchanged",
    group: Group::DataLoss,
    severity: Severity::Error,
    summary: "a table is renamed and its copy takes the name: what was written since the copy stays behind",
    explanation: "Rows that others write between the copy and the rename are in the old table alone: whoever asks for the name finds \
        the new one without them, and nothing fails. Views, foreign keys, triggers, policies and grants stay with \
        the old table, and so does the sequence of a serial column.\n\n\
        LOCK TABLE … IN SHARE ROW EXCLUSIVE MODE before the copy, in the same transaction, if writers can wait so long; or \
        keep the copy in step by a trigger from before its first row. Then exchange the names in one transaction.",
    versions: "",
    bad: &[
        Example::new("CREATE TABLE new (LIKE users INCLUDING ALL); INSERT INTO new SELECT * FROM users; ALTER TABLE users RENAME TO old; ALTER TABLE new RENAME TO users;"),
        Example::new("CREATE TABLE new AS SELECT * FROM users; ALTER TABLE users RENAME TO old; ALTER TABLE new RENAME TO users;").in_transaction(),
    ],
    good: &[
        Example::new("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE; CREATE TABLE new AS SELECT * FROM users; ALTER TABLE users RENAME TO old; ALTER TABLE new RENAME TO users;")
            .in_transaction(),
        Example::new("ALTER TABLE users RENAME TO old; CREATE TABLE users AS SELECT * FROM old;").in_transaction(),
        Example::new("CREATE TABLE new AS SELECT * FROM users; CREATE TRIGGER in_step AFTER INSERT ON users EXECUTE FUNCTION f(); ALTER TABLE users RENAME TO old; ALTER TABLE new RENAME TO users;"),
        Example::new("CREATE TABLE sums AS SELECT count(*) FROM users; ALTER TABLE users RENAME TO people;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Rename(rename) = look.change else { return };
    if rename.kind != Kind::Table || rename.part.is_some() {
        return;
    }
    let table = &rename.name;
    let resolved = look.catalogue.resolve(table);
    let is_copied = look.session.copied.contains(&resolved) && !look.session.locked_copies.contains(&resolved);
    let has_trigger = look.relation(table).is_some_and(|known| !known.triggers.is_empty());
    // Where the old one is dropped too, that is said there.
    let is_dropped = look.ahead.gone.contains(&rename.to);
    if is_copied && look.is_remade(table) && !has_trigger && !is_dropped && !look.is_new(table) {
        let message = format!("the rows written to {table} since they were copied stay behind in {}: lock it before the copy, in the same transaction", rename.to);
        found.push(look.finding_on(&RULE, table, message));
    }
}
