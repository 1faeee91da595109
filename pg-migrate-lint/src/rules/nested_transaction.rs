//! BEGIN and COMMIT in a file that is a transaction already.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Change, Transaction};
use crate::session::Origin;

pub static RULE: Rule = Rule {
    name: "nested-transaction",
    group: Group::Transactions,
    severity: Severity::Warning,
    summary: "BEGIN or COMMIT in a file that its runner makes a transaction of",
    explanation: "PostgreSQL knows no transaction within a transaction: BEGIN is a warning and does nothing, and COMMIT \
        ends the runner's. What follows runs by itself, and if it fails, what was committed stays while the runner \
        believes that all was undone, or leaves its history table without the row.\n\n\
        Leave BEGIN and COMMIT out, or tell the runner not to wrap the file.",
    versions: "",
    bad: &[
        Example::new("BEGIN; ALTER TABLE t ADD COLUMN a int; COMMIT;").in_transaction(),
        Example::new("BEGIN; BEGIN; COMMIT;"),
        Example::new("COMMIT;"),
    ],
    good: &[Example::new("BEGIN; ALTER TABLE t ADD COLUMN a int; COMMIT;"), Example::new("ALTER TABLE t ADD COLUMN a int;").in_transaction()],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Transaction(transaction) = look.change else { return };
    if look.is_nested {
        return;
    }
    let message = match (transaction, look.session.open) {
        (Transaction::Begin, Some(Origin::Explicit)) => "BEGIN within a transaction does nothing but a warning",
        (Transaction::Begin, Some(Origin::Runner)) => "the file is run in a transaction already: BEGIN does nothing, and COMMIT ends the runner's",
        (Transaction::Commit(_), None) if !look.session.has_ended => "there is no transaction to COMMIT",
        (Transaction::Commit(_), Some(Origin::Runner)) if !look.session.has_begun => "COMMIT ends the runner's transaction: what follows is not undone if it fails",
        _ => return,
    };
    found.push(look.finding(&RULE, message));
}
