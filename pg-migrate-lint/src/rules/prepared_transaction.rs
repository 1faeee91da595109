//! A transaction that outlives its session.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Change, Transaction};

pub static RULE: Rule = Rule {
    name: "prepared-transaction",
    group: Group::Transactions,
    severity: Severity::Error,
    summary: "PREPARE TRANSACTION keeps its locks until somebody ends it, through disconnects and restarts",
    explanation: "A prepared transaction belongs to no session: its locks stay, VACUUM can't remove anything that is newer \
        than it, and no timeout counts, until somebody says COMMIT PREPARED or ROLLBACK PREPARED. A migration has no \
        transaction manager that would. Where max_prepared_transactions is 0, the default, it is refused.\n\n\
        COMMIT instead. pg_prepared_xacts shows what was left behind.",
    versions: "",
    bad: &[Example::new("BEGIN; ALTER TABLE users ADD COLUMN plan text; PREPARE TRANSACTION 'migration';")],
    good: &[Example::new("BEGIN; ALTER TABLE users ADD COLUMN plan text; COMMIT;"), Example::new("BEGIN; SAVEPOINT a; ROLLBACK TO a; COMMIT;")],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    if matches!(look.change, Change::Transaction(Transaction::Prepare)) {
        let message = "its locks stay until somebody says COMMIT PREPARED, whatever becomes of this session";
        found.push(look.finding(&RULE, message));
    }
}
