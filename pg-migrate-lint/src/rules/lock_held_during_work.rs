//! A lock is kept while something else takes its time.

use super::unbatched_write::is_by_key;
use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::lock::{Blocks, Work};
use crate::look::Look;
use crate::model::{Action, Alter, Change, Constraint, ConstraintKind, CreateTableAs, Insert, Write};
use crate::name::Name;

pub static RULE: Rule = Rule {
    name: "lock-held-during-work",
    group: Group::Locks,
    severity: Severity::Error,
    summary: "rows are read or written while a lock of an earlier statement is held",
    explanation: "Locks are kept until the transaction ends. A statement that took an AccessExclusiveLock for a \
        moment keeps it while later statements of the transaction read or write rows, of whatever table: everybody \
        who wants the locked one waits for all of that.\n\n\
        Put what takes time into a transaction of its own, before the lock or after it. It is said once in a \
        transaction, at the first statement that takes its time, and again where readers come to wait too. What \
        another rule says of the same table's rows, as index-not-concurrent does, is part of it.",
    versions: "",
    bad: &[
        Example::new("BEGIN; ALTER TABLE users ADD COLUMN plan text; UPDATE orders SET paid = true WHERE id > 0; COMMIT;"),
        Example::new("ALTER TABLE users ADD COLUMN plan text; CREATE INDEX orders_at ON orders (at);").in_transaction(),
        Example::new("BEGIN; ALTER TABLE users ADD COLUMN plan text; CREATE TABLE sums AS SELECT user_id, count(*) FROM orders GROUP BY 1; COMMIT;"),
        Example::new("ALTER TABLE users ADD COLUMN plan text; CREATE INDEX users_plan ON users (plan);").in_transaction(),
        Example::new("BEGIN; ALTER TABLE users ADD COLUMN plan int; ALTER TABLE users ADD FOREIGN KEY (plan) REFERENCES plans, ADD COLUMN age int; CREATE INDEX ON users (age); COMMIT;")
            .after("CREATE TABLE plans (id int PRIMARY KEY); CREATE TABLE users (id int);"),
        Example::new("BEGIN; DROP TABLE users; UPDATE orders SET paid = true WHERE id > 0; ALTER TABLE people RENAME TO users; COMMIT;"),
    ],
    good: &[
        Example::new("ALTER TABLE users ADD COLUMN plan text; UPDATE users SET plan = 'free' WHERE id < 1000;"),
        Example::new("BEGIN; CREATE TABLE a (i int); ALTER TABLE a ADD COLUMN b int; UPDATE users SET plan = 'free' WHERE id < 10; COMMIT;"),
        Example::new("BEGIN; ALTER TABLE users ADD COLUMN plan text; CREATE MATERIALIZED VIEW sums AS SELECT count(*) FROM orders WITH NO DATA; COMMIT;"),
        Example::new("BEGIN; ALTER TABLE users ADD COLUMN plan text; INSERT INTO plans VALUES ('free'); COMMIT;"),
        Example::new("BEGIN; ALTER TABLE users ADD COLUMN plan text; CREATE TABLE a (i int); ALTER TABLE a ADD FOREIGN KEY (i) REFERENCES users; COMMIT;")
            .after("CREATE TABLE users (id int PRIMARY KEY);"),
        Example::new("BEGIN; DROP TABLE users; UPDATE orders SET paid = true WHERE id > 0; COMMIT;"),
        Example::new("BEGIN; DROP VIEW ages; ALTER TABLE users ALTER COLUMN age TYPE bigint; CREATE VIEW ages AS SELECT age FROM users; COMMIT;")
            .after("CREATE TABLE users (age int); CREATE VIEW ages AS SELECT age FROM users;"),
        Example::new("BEGIN; ALTER TABLE users ADD COLUMN plan text; UPDATE schema_version SET version = 12; COMMIT;"),
        Example::new("BEGIN; ALTER TABLE users ADD COLUMN plan text; UPDATE users SET plan = 'free' WHERE id = 1; COMMIT;").after("CREATE TABLE users (id int PRIMARY KEY);"),
        // Another rule says it.
        Example::new("BEGIN; ALTER TABLE t ADD COLUMN b int; ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT c; COMMIT;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    if look.session.held.is_empty() {
        return;
    }
    let Some((what, own)) = work(look) else { return };
    let locks: Vec<_> = look.blocked().map(|(name, _)| name.clone()).collect();
    let others = look.session.held.iter().filter(|held| {
        // What the statement itself locks as much is its own affair.
        let mut waited_for = held.reads.iter().chain([&held.table]);
        let is_own = waited_for.any(|name| locks.contains(name) && look.impact.lock_on(name) >= Some(held.mode));
        held.mode.blocks() > Blocks::None && !is_own && !look.is_new(&held.table)
    });
    // Of several, that of the table whose rows take the time: nobody gets at them meanwhile.
    let worked: Vec<_> = worked(look).map(|name| look.catalogue.resolve(name)).collect();
    let Some(held) = others.max_by_key(|held| (held.mode, worked.contains(&held.table))) else { return };
    let is_same = |other: &Finding| speaks_of(look, other, &held.table);
    if found[look.said..].iter().any(|other| is_same(other) && other.lock >= Some(held.mode)) {
        return;
    }
    // What blocks less by itself is told here: its way out of the transaction ends this, too.
    let mut own_ways = found.extract_if(look.said.., |other| is_same(other)).filter_map(|other| other.fix);
    let way = own_ways.next();
    own_ways.for_each(drop);
    let message = format!("{what} while an earlier statement of the transaction holds {} on {}: {}", held.mode.name(), held.table, held.mode.blocks());
    let mut finding = look.finding_on(&RULE, &held.table, message);
    finding.lock = Some(held.mode);
    finding.work = own;
    finding.fix = way;
    found.push(match finding.fix {
        Some(_) => finding,
        // A transaction that is divided here is divided for all that follows.
        None => finding.once(format!("transaction {}", look.session.transaction)),
    });
}

/// Whether it says that this table is locked while its rows are read or written.
fn speaks_of(look: &Look, finding: &Finding, table: &Name) -> bool {
    let object = finding.object.as_deref().and_then(Name::parse);
    let is_of_it = object.is_some_and(|object| look.catalogue.resolve(&object) == *table);
    is_of_it && finding.lock.is_some() && finding.work > Work::None
}

/// The tables whose rows are read or written.
fn worked<'a>(look: &'a Look) -> impl Iterator<Item = &'a Name> {
    let written = match look.change {
        Change::Update(write) | Change::Delete(write) => Some(&write.table),
        _ => None,
    };
    look.worked_on().map(|(name, _)| name).chain(written)
}

/// What takes time, in words.
fn work(look: &Look) -> Option<(String, Work)> {
    // The rows of a new table decide how many of another are looked up for its foreign key.
    if matches!(look.change, Change::Alter(alter) if is_foreign(&alter.action) && look.is_new(&alter.table)) {
        return None;
    }
    if matches!(look.change, Change::Update(write) | Change::Delete(write) if write.says_version() || is_by_key(look, write)) || validates_own(look) {
        return None;
    }
    let greatest = look.worked_on().max_by_key(|(_, work)| *work);
    if let Some((name, work)) = greatest {
        let words = match work {
            Work::Rewrite => format!("all rows of {name} are written anew"),
            _ => format!("all rows of {name} are read"),
        };
        return Some((words, work));
    }
    match look.change {
        Change::Update(Write { table, is_batched: false, .. }) if !look.is_new(table) => Some((format!("rows of {table} are changed"), Work::Scan)),
        Change::Delete(Write { table, is_batched: false, .. }) if !look.is_new(table) => Some((format!("rows of {table} are deleted"), Work::Scan)),
        Change::Insert(Insert { table, from_query: true, query, .. }) if query.relations.iter().any(|name| !look.is_new(name)) => {
            Some((format!("a query fills {table}"), Work::Scan))
        }
        Change::CreateTableAs(CreateTableAs { name, no_data: false, query, .. }) if query.relations.iter().any(|name| !look.is_new(name)) => {
            Some((format!("a query fills {name}"), Work::Scan))
        }
        Change::CopyFrom { table, .. } => Some((format!("COPY fills {table}"), Work::None)),
        _ => None,
    }
}

/// Whether it validates what this transaction has added: validate-in-same-transaction says so, and where it is to go.
fn validates_own(look: &Look) -> bool {
    let Change::Alter(Alter { table, action: Action::Validate(name), .. }) = look.change else { return false };
    let table = look.catalogue.resolve(table);
    look.session.not_valid.iter().any(|(own, added)| *own == table && added == name)
}

fn is_foreign(action: &Action) -> bool {
    let is_foreign = |constraint: &Constraint| matches!(constraint.kind, ConstraintKind::Foreign { .. });
    match action {
        Action::AddConstraint(constraint) => is_foreign(constraint),
        Action::AddColumn { column, .. } => column.constraints.iter().any(is_foreign),
        _ => false,
    }
}
