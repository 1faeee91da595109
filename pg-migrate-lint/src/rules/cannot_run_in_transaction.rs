//! What PostgreSQL refuses within a transaction.

use super::{Example, Group, Rule};
use crate::catalogue::Relation;
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change, ReindexKind, Transaction};
use crate::name::Name;
use crate::session::{Origin, Wrapping};

pub static RULE: Rule = Rule {
    name: "cannot-run-in-transaction",
    group: Group::Transactions,
    severity: Severity::Error,
    summary: "a statement that PostgreSQL refuses within a transaction",
    explanation: "CREATE INDEX CONCURRENTLY and its like, VACUUM, CREATE DATABASE and some others commit by themselves, \
        and fail with \"cannot run inside a transaction block\" where a transaction is open: by BEGIN, by a runner that \
        wraps each file (most do), or because several statements are sent as one string, which PostgreSQL makes one \
        transaction of. Alone in such a string they run.\n\n\
        Put the statement in a file of its own, with the runner's word for no transaction: -- no-transaction \
        (sqlx), -- +goose NO TRANSACTION, transaction:false (dbmate), run_in_transaction = false (diesel), \
        executeInTransaction=false (Flyway), disable_ddl_transaction! (Rails).",
    versions: "",
    bad: &[
        Example::new("BEGIN; CREATE INDEX CONCURRENTLY i ON t (a); COMMIT;"),
        Example::new("BEGIN; DROP INDEX CONCURRENTLY i; COMMIT;"),
        Example::new("BEGIN; REINDEX TABLE p; COMMIT;").after("CREATE TABLE p (a int) PARTITION BY LIST (a);"),
        Example::new("BEGIN; CLUSTER p USING i; COMMIT;").after("CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE INDEX i ON p (a);"),
        Example::new("BEGIN; ALTER TABLE p DETACH PARTITION c CONCURRENTLY; COMMIT;"),
        Example::new("REINDEX TABLE CONCURRENTLY t;").in_transaction(),
        Example::new("VACUUM t;").in_transaction(),
        Example::new("DO $$ BEGIN CREATE INDEX CONCURRENTLY i ON t (a); END $$;"),
        Example::new("BEGIN; DO $$ BEGIN UPDATE users SET plan = 'free'; COMMIT; END $$; COMMIT;"),
        Example::new("DROP SUBSCRIPTION s;").in_transaction(),
        Example::new("ALTER SUBSCRIPTION s REFRESH PUBLICATION;").in_transaction(),
        Example::new("ALTER SUBSCRIPTION s ADD PUBLICATION p;").in_transaction(),
    ],
    good: &[
        Example::new("DO $$ BEGIN UPDATE users SET plan = 'free'; COMMIT; END $$;"),
        Example::new("ALTER SUBSCRIPTION s DISABLE; ALTER SUBSCRIPTION s SET (slot_name = NONE); DROP SUBSCRIPTION s;").in_transaction(),
        Example::new("ALTER SUBSCRIPTION s ADD PUBLICATION p WITH (refresh = false);").in_transaction(),
        Example::new("CREATE INDEX CONCURRENTLY i ON t (a);"),
        Example::new("BEGIN; ANALYZE t; COMMIT; VACUUM t;"),
        Example::new("COMMIT; CREATE INDEX CONCURRENTLY i ON t (a);").in_transaction(),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Some(origin) = look.session.open else { return };
    if matches!(look.change, Change::Transaction(Transaction::Commit(_) | Transaction::Rollback(_))) && look.is_nested && look.session.is_atomic {
        let message = "COMMIT and ROLLBACK fail in code that is run within a transaction (invalid transaction termination)";
        return found.push(look.finding(&RULE, message));
    }
    let Some(what) = alone(look.change).or_else(|| divided(look)) else { return };
    if matches!(look.change, Change::DropSubscription(name) if look.session.slotless.contains(name)) {
        return;
    }
    let why = match (look.is_nested, origin, look.session.wrapping) {
        (true, ..) => "code always runs in a transaction",
        (_, Origin::Explicit, _) => "BEGIN has opened one",
        (_, Origin::Runner, Wrapping::Implicit) => "the file's statements are sent as one string, which is one",
        (_, Origin::Runner, _) => "the file is run in one",
    };
    found.push(look.finding(&RULE, format!("{what} fails within a transaction, and {why}")));
}

/// What is done to the partitions one by one, each in a transaction of its own.
fn divided(look: &Look) -> Option<&'static str> {
    let is_divided = |table: &Name| look.relation(table).is_some_and(Relation::is_partitioned);
    match look.change {
        Change::Reindex { kind: ReindexKind::Table, name: Some(table), .. } if look.server.version >= 14 && is_divided(table) => {
            Some("REINDEX of a partitioned table")
        }
        Change::Reindex { kind: ReindexKind::Index, name: Some(index), .. } if look.server.version >= 14 => {
            let index = look.catalogue.index(index)?;
            is_divided(&index.table).then_some("REINDEX of a partitioned index")
        }
        Change::Cluster { table: Some(table), .. } if look.server.version >= 15 && is_divided(table) => Some("CLUSTER of a partitioned table"),
        _ => None,
    }
}

/// What the change is called, if PostgreSQL refuses it within a transaction.
pub fn alone(change: &Change) -> Option<&'static str> {
    Some(match change {
        Change::CreateIndex(index) if index.concurrently => "CREATE INDEX CONCURRENTLY",
        Change::Drop(drop) if drop.concurrently => "DROP INDEX CONCURRENTLY",
        Change::Reindex { concurrently: true, .. } => "REINDEX CONCURRENTLY",
        Change::Reindex { kind: ReindexKind::Greater, .. } => "REINDEX of a schema, system or database",
        Change::Alter(Alter { action: Action::Detach { concurrently: true, .. }, .. }) => "DETACH PARTITION CONCURRENTLY",
        Change::Vacuum { .. } => "VACUUM",
        Change::Cluster { table: None, .. } => "CLUSTER of all tables",
        Change::DropDatabase(_) => "DROP DATABASE",
        Change::DropSubscription(_) => "DROP SUBSCRIPTION of one that has a slot",
        Change::Alone(what) => what,
        _ => return None,
    })
}
