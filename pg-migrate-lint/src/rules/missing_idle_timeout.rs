//! A runner that hangs between two statements keeps the locks.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::Change;

pub static RULE: Rule = Rule {
    name: "missing-idle-timeout",
    group: Group::Review,
    severity: Severity::Info,
    summary: "a transaction that locks a table in use without idle_in_transaction_session_timeout",
    explanation: "Between two statements of a transaction its locks stay, and neither lock_timeout nor statement_timeout \
        counts. If whoever runs the migration hangs there, or is gone without closing its connection, as a CI job that \
        was stopped or a laptop that was shut, the locks stay until TCP gives up, which may take hours.\n\n\
        SET LOCAL idle_in_transaction_session_timeout = '10s' at the beginning ends the session, and with it the \
        transaction. It is said once in a file, and best set for the role that migrates.",
    versions: "",
    bad: &[Example::new("BEGIN; ALTER TABLE users ADD COLUMN plan text; CREATE TABLE plans (id int); COMMIT;"), Example::new("ALTER TABLE users ADD COLUMN plan text; CREATE TABLE plans (id int);").in_transaction()],
    good: &[
        Example::new("BEGIN; SET LOCAL idle_in_transaction_session_timeout = '10s'; ALTER TABLE users ADD COLUMN plan text; COMMIT;"),
        Example::new("SET transaction_timeout = '10s'; BEGIN; ALTER TABLE users ADD COLUMN plan text; COMMIT;"),
        Example::new("ALTER TABLE users ADD COLUMN plan text; ALTER TABLE users ADD COLUMN more text;"),
        Example::new("BEGIN; CREATE TABLE users (id int); ALTER TABLE users ADD COLUMN plan text; COMMIT;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let settings = look.session.settings;
    let is_set = settings.idle_timeout.ends() || settings.transaction_timeout.ends();
    let is_own = matches!(look.change, Change::Transaction(_) | Change::Set(_));
    if is_set || is_own || look.is_nested || !look.session.is_in_transaction() {
        return;
    }
    if let Some((table, mode)) = look.blocked().next() {
        let message = format!("the lock on {table} stays if whoever runs this hangs before COMMIT: set idle_in_transaction_session_timeout first");
        let fix = "SET LOCAL idle_in_transaction_session_timeout = '10s';";
        found.push(look.finding_on(&RULE, table, message).locks(mode).fix(fix).once("no idle timeout"));
    }
}
