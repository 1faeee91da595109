//! A transaction that nobody ends.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Change, Transaction};
use crate::session::Origin;

pub static RULE: Rule = Rule {
    name: "uncommitted-transaction",
    group: Group::Transactions,
    severity: Severity::Error,
    summary: "BEGIN without COMMIT: all of it is rolled back",
    explanation: "The file ends while the transaction that its BEGIN opened is open. psql ends the connection then, and \
        everything since BEGIN is undone, without an error and with status 0. A runner may go on in the same \
        transaction, and keep its locks.\n\n\
        End the file with COMMIT.",
    versions: "",
    bad: &[Example::new("BEGIN; ALTER TABLE t ADD COLUMN a int;")],
    good: &[Example::new("BEGIN; ALTER TABLE t ADD COLUMN a int; COMMIT;"), Example::new("BEGIN; SELECT 1; ROLLBACK;")],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    if !look.is_last || look.is_nested {
        return;
    }
    let is_open = match look.change {
        Change::Transaction(Transaction::Begin) => look.session.open.is_none(),
        Change::Transaction(Transaction::Commit(chain) | Transaction::Rollback(chain)) => *chain,
        _ => look.session.open == Some(Origin::Explicit),
    };
    if is_open {
        found.push(look.finding(&RULE, "the file ends without COMMIT: all since BEGIN is rolled back"));
    }
}
