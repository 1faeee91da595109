//! An index is dropped with a lock that readers wait for.

use super::drop_refused::key_of;
use super::{Example, Group, Rule};
use crate::catalogue::Relation;
use crate::finding::{Finding, Severity};
use crate::fix::Fix;
use crate::lock::Mode;
use crate::look::Look;
use crate::model::{Change, Kind};
use crate::name::Name;

pub static RULE: Rule = Rule {
    name: "drop-index-not-concurrent",
    group: Group::Locks,
    severity: Severity::Warning,
    summary: "DROP INDEX takes a lock on the table that everybody waits for",
    explanation: "DROP INDEX takes an AccessExclusiveLock on the table. It holds it only for a moment, but first it \
        waits for every query on the table to end, and whatever comes after waits behind it.\n\n\
        DROP INDEX CONCURRENTLY lets reads and writes go on. It drops one index at a time, knows no CASCADE, and \
        can't be run within a transaction.",
    versions: "",
    bad: &[
        Example::new("DROP INDEX orders_user;"),
        Example::new("DROP INDEX orders_user;").after("CREATE TABLE orders (id int, user_id int); CREATE INDEX orders_user ON orders (user_id);"),
    ],
    good: &[
        Example::new("DROP INDEX CONCURRENTLY orders_user;"),
        Example::new("DROP INDEX t_pkey;").after("CREATE TABLE t (a int PRIMARY KEY);"),
        Example::new("CREATE TABLE t (a int); CREATE INDEX i ON t (a); DROP INDEX i;"),
        Example::new("BEGIN; ALTER TABLE t DROP COLUMN b; DROP INDEX i; COMMIT;").after("CREATE TABLE t (a int, b int); CREATE INDEX i ON t (a);"),
        Example::new("DROP INDEX i; DROP TABLE t;").after("CREATE TABLE t (a int); CREATE INDEX i ON t (a);"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Drop(drop) = look.change else { return };
    if drop.kind != Kind::Index || drop.concurrently {
        return;
    }
    for name in &drop.names {
        let index = look.catalogue.index(name);
        // What is refused takes no lock.
        let is_gone = |table: &Name| look.replaces(&table.name) && !look.is_remade(table);
        if index.is_some_and(|index| look.is_own(index.made) || look.is_new(&index.table) || is_gone(&index.table)) || key_of(look, name).is_some() {
            continue;
        }
        // Who holds the lock already waits for nobody.
        let is_locked = |table: &Name| look.session.held.iter().any(|held| held.table == *table && held.mode == Mode::AccessExclusive);
        if index.is_some_and(|index| is_locked(&index.table)) {
            continue;
        }
        let table = index.map_or("its table".to_string(), |index| index.table.to_string());
        let message = format!("DROP INDEX {name} waits for every query on {table}, and all that come later wait for it");
        let exists = if drop.if_exists { " IF EXISTS" } else { "" };
        let fix = Fix::default().outside(format!("DROP INDEX CONCURRENTLY{exists} {name};"));
        let finding = look.finding(&RULE, message).on(name).locks(Mode::AccessExclusive);
        let table = index.and_then(|index| look.relation(&index.table));
        // CONCURRENTLY is refused there; and what is made anew by its name is exchanged by the fix of that.
        let is_partitioned = table.is_some_and(Relation::is_partitioned);
        found.push(match is_partitioned || look.ahead.named.contains(&name.name) {
            true => finding,
            false => finding.fix(fix),
        });
    }
}
