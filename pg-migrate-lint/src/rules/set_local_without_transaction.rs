//! SET LOCAL that does nothing.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::Change;

pub static RULE: Rule = Rule {
    name: "set-local-without-transaction",
    group: Group::Transactions,
    severity: Severity::Warning,
    summary: "SET LOCAL outside of a transaction does nothing",
    explanation: "SET LOCAL holds until the transaction ends, and outside of one the statement is all of it: PostgreSQL \
        gives a warning, and the next statement runs with the old value. A lock_timeout that was to protect the \
        application is not there.\n\n\
        Use SET, or put it between BEGIN and COMMIT.",
    versions: "",
    bad: &[Example::new("SET LOCAL lock_timeout = '2s'; ALTER TABLE t ADD COLUMN a int;")],
    good: &[
        Example::new("BEGIN; SET LOCAL lock_timeout = '2s'; ALTER TABLE t ADD COLUMN a int; COMMIT;"),
        Example::new("SET LOCAL lock_timeout = '2s';").in_transaction(),
        Example::new("SET lock_timeout = '2s';"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    if let Change::Set(setting) = look.change
        && setting.local
        && !look.session.is_in_transaction()
    {
        let message = format!("SET LOCAL {} does nothing here: no transaction is open", setting.name);
        let value = setting.value.as_deref().unwrap_or("DEFAULT");
        found.push(look.finding(&RULE, message).fix(format!("SET {} = '{}';", setting.name, value.replace('\'', "''"))));
    }
}
