//! A right is taken away, or given to everybody.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::Change;

pub static RULE: Rule = Rule {
    name: "privileges-changed",
    group: Group::Review,
    severity: Severity::Info,
    summary: "REVOKE takes a right from whoever still runs; GRANT … TO PUBLIC gives it to every role there is and will be",
    explanation: "REVOKE holds at once: the next statement of a running application that needed the right fails with \
        \"permission denied\". PUBLIC is not a group but every role, those of other applications and those that are yet \
        to be made too; with row security off that is every row.\n\n\
        Grant to a role that is made for it, and revoke once nobody who runs needs the right.",
    versions: "",
    bad: &[Example::new("REVOKE INSERT ON users FROM app;"), Example::new("GRANT SELECT ON users TO PUBLIC;")],
    good: &[
        Example::new("GRANT SELECT ON users TO app;"),
        Example::new("CREATE TABLE users (id int); REVOKE ALL ON users FROM PUBLIC;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Grant(grant) = look.change else { return };
    let is_all_new = !grant.tables.is_empty() && grant.tables.iter().all(|table| look.is_new(table));
    let message = match (grant.gives, grant.public) {
        (true, true) => "gives the right to every role there is and will be",
        (false, _) if !is_all_new => "takes a right away at once: does nobody who still runs need it?",
        _ => return,
    };
    let finding = look.finding(&RULE, message);
    found.push(match grant.tables.first() {
        Some(table) => finding.on(table),
        None => finding,
    });
}
