//! Policies and row security that do not go together.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change};

pub static RULE: Rule = Rule {
    name: "row-security-incomplete",
    group: Group::Correctness,
    severity: Severity::Warning,
    summary: "a policy without row security protects nothing, and row security without a policy shows nothing",
    explanation: "CREATE POLICY has no effect until ENABLE ROW LEVEL SECURITY: everybody with a GRANT goes on to see and \
        change every row. The other way round, a table in use whose row security is enabled before it has a policy shows \
        no row to anybody but its owner, superusers and roles with BYPASSRLS, and refuses their inserts.\n\n\
        Write both in one migration, the policies first, so that nobody sees the state between them.",
    versions: "",
    bad: &[
        Example::new("CREATE TABLE notes (owner text); CREATE POLICY own ON notes USING (owner = current_user);"),
        Example::new("ALTER TABLE notes ENABLE ROW LEVEL SECURITY;").after("CREATE TABLE notes (owner text);"),
    ],
    good: &[
        Example::new("CREATE POLICY own ON notes USING (owner = current_user); ALTER TABLE notes ENABLE ROW LEVEL SECURITY;").after("CREATE TABLE notes (owner text);"),
        Example::new("CREATE POLICY own ON notes USING (owner = current_user);").after("CREATE TABLE notes (owner text); ALTER TABLE notes ENABLE ROW LEVEL SECURITY;"),
        Example::new("ALTER TABLE notes ENABLE ROW LEVEL SECURITY;").after("CREATE TABLE notes (owner text); CREATE POLICY own ON notes USING (owner = current_user);"),
        Example::new("CREATE TABLE notes (owner text); ALTER TABLE notes ENABLE ROW LEVEL SECURITY;"),
        Example::new("CREATE POLICY own ON notes USING (owner = current_user);"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let (table, is_policy) = match look.change {
        Change::Policy(policy) => (&policy.table, true),
        Change::Alter(Alter { table, action: Action::RowSecurity(Some(true)), .. }) => (table, false),
        _ => return,
    };
    // Of a table that no migration made nothing is known.
    let Some(relation) = look.relation(table).filter(|relation| relation.made.is_some()) else { return };
    let message = match is_policy {
        true if relation.is_protected || look.ahead.protected.contains(&table.name) => return,
        true => format!("row security of {table} is not enabled: this policy has no effect"),
        false if relation.has_policy || look.ahead.policied.contains(&table.name) || look.is_new(table) => return,
        false => format!("{table} has no policy: with row security only its owner and roles with BYPASSRLS see rows"),
    };
    found.push(look.finding_on(&RULE, table, message));
}
