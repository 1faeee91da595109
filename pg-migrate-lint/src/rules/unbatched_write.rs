//! All rows are changed in one statement.

use super::{Example, Group, Rule, delete_all};
use crate::finding::{Finding, Severity};
use crate::lock::Mode;
use crate::look::Look;
use crate::model::{Change, ConstraintKind, Write};

pub static RULE: Rule = Rule {
    name: "unbatched-write",
    group: Group::Availability,
    severity: Severity::Warning,
    summary: "UPDATE or DELETE of a table in use, all at once",
    explanation: "One UPDATE or DELETE of many rows keeps every one of them locked until it commits, so that the \
        application's writes to them wait; it writes a new version of each, which bloats the table, and as much WAL, \
        behind which replicas fall back. Without WHERE it is every row there is.\n\n\
        Change rows in batches of some thousands by a range of keys, each in a transaction of its own, outside of \
        the schema's migration. What is said of a table with few rows may be ignored with that as the reason. \
        Of those with a WHERE, which may find few rows, it is said once in a file.",
    versions: "",
    bad: &[
        Example::new("UPDATE users SET plan = 'free';"),
        Example::new("CREATE TABLE archive AS SELECT * FROM sessions; DELETE FROM sessions;"),
        Example::new("WITH moved AS (DELETE FROM sessions RETURNING *) INSERT INTO archive SELECT * FROM moved;"),
        Example::new("UPDATE users SET plan = 'free' WHERE plan IS NULL;"),
        Example::new("UPDATE documents SET version = 1;"),
        Example::new("DELETE FROM members WHERE a = 1;").after("CREATE TABLE members (a int, b int, UNIQUE (a, b));"),
    ],
    good: &[
        Example::new("DELETE FROM sessions;"),
        Example::new("UPDATE users SET plan = 'free' WHERE plan IS NULL AND id BETWEEN 1 AND 10000;"),
        Example::new("DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE old LIMIT 1000);"),
        Example::new("CREATE TABLE users (plan text); UPDATE users SET plan = 'free';"),
        Example::new("UPDATE users SET plan = 'free' WHERE id = 1;"),
        Example::new("UPDATE settings SET value = '5' WHERE name = 'limit';").after("CREATE TABLE settings (name text UNIQUE, value text);"),
        Example::new("DELETE FROM members WHERE a = 1 AND b = 2;").after("CREATE TABLE members (a int, b int); CREATE UNIQUE INDEX ON members (a, b);"),
        Example::new("UPDATE schema_version SET version = 12;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let (write, what) = match look.change {
        Change::Update(write) => (write, "UPDATE"),
        Change::Delete(write) => (write, "DELETE"),
        _ => return,
    };
    if write.is_batched || look.is_new(&write.table) || is_by_key(look, write) || write.says_version() {
        return;
    }
    if what == "DELETE" && delete_all::loses_all(look, write) {
        return;
    }
    let severity = match write.has_where {
        true => Severity::Info,
        false => Severity::Warning,
    };
    let message = match (write.has_where, what) {
        (false, "UPDATE") => format!("UPDATE changes every row of {} in one transaction", write.table),
        (false, _) => format!("DELETE removes every row of {} in one transaction", write.table),
        (true, _) => format!("{what} of {} is not batched: the rows that it finds stay locked until it commits", write.table),
    };
    let finding = look.finding_on(&RULE, &write.table, message).rated(severity);
    if write.has_where && is_locked_anyway(&finding, found) {
        return;
    }
    found.push(match write.has_where {
        true => finding.once("batches"),
        false => finding,
    });
}

/// Whether an earlier statement's lock is said to keep the whole table from others meanwhile.
fn is_locked_anyway(own: &Finding, found: &[Finding]) -> bool {
    let mut others = found.iter().rev().take_while(|other| other.start == own.start);
    others.any(|other| other.rule.name == "lock-held-during-work" && other.object == own.object && other.lock == Some(Mode::AccessExclusive))
}

/// Rows that are named one by one are few: an equality with a constant on a key, or on `id`.
pub fn is_by_key(look: &Look, write: &Write) -> bool {
    let named = |key: &[String]| !key.is_empty() && key.iter().all(|column| write.equals.contains(column));
    let relation = look.relation(&write.table);
    let on = |column| relation.into_iter().flat_map(move |relation| relation.constraints_on(column));
    let mut keys = write.equals.iter().flat_map(|column| on(column)).filter_map(|constraint| match &constraint.kind {
        ConstraintKind::Primary(key) | ConstraintKind::Unique(key) => Some(key.columns.as_slice()),
        _ => None,
    });
    let on_these = write.equals.iter().flat_map(|column| look.catalogue.indexes_on(&write.table, column));
    let mut indexes = on_these.filter(|(_, index)| index.is_unique && !index.is_partial);
    let is_unknown = relation.and_then(|relation| relation.primary_key()).is_none();
    write.has_where
        && (keys.any(named)
            || indexes.any(|(_, index)| index.columns.iter().cloned().collect::<Option<Vec<_>>>().is_some_and(|key| named(&key)))
            || is_unknown && named(&["id".to_string()]))
}
