//! What was allowed to write is refused from now on.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Change, ConstraintKind};
use crate::name::{Name, quoted};

pub static RULE: Rule = Rule {
    name: "new-restriction",
    group: Group::Review,
    severity: Severity::Info,
    summary: "a constraint on a table in use: writes of the application that still runs may be refused",
    explanation: "A new constraint holds for every INSERT and UPDATE from the moment it is there, NOT VALID too: that only \
        spares the rows that were there before, until one of them is updated. The application that still runs was not \
        written for it, and its writes fail where they do not meet it.\n\n\
        Release an application that keeps to the rule first, see that no new row breaks it, and then add the \
        constraint.",
    versions: "",
    bad: &[
        Example::new("ALTER TABLE orders ADD CONSTRAINT paid CHECK (amount > 0) NOT VALID;"),
        Example::new("CREATE UNIQUE INDEX CONCURRENTLY one_email ON users (email);"),
        Example::new("ALTER TABLE users ALTER COLUMN email SET NOT NULL;"),
    ],
    good: &[
        Example::new("CREATE TABLE orders (amount int); ALTER TABLE orders ADD CONSTRAINT paid CHECK (amount > 0);"),
        Example::new("CREATE INDEX CONCURRENTLY emails ON users (email);"),
        Example::new("ALTER TABLE users ALTER COLUMN email SET NOT NULL;")
            .after("CREATE TABLE users (email text); ALTER TABLE users ADD CONSTRAINT c CHECK (email IS NOT NULL);"),
        Example::new("ALTER TABLE users ADD CONSTRAINT u UNIQUE USING INDEX one_email;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let (table, what) = match look.change {
        Change::CreateIndex(index) if index.unique => (&index.table, "are no duplicates".to_string()),
        Change::Alter(alter) => match restriction(look, &alter.table, &alter.action) {
            Some(what) => (&alter.table, what),
            None => return,
        },
        _ => return,
    };
    if !look.is_new(table) {
        let message = format!("from now on only rows that {what} are written to {table}: does the application that still runs keep to it?");
        found.push(look.finding_on(&RULE, table, message));
    }
}

/// What new rows have to do.
fn restriction(look: &Look, table: &Name, action: &Action) -> Option<String> {
    let not_null = |column: &String| {
        let is_proved = look.relation(table).is_some_and(|relation| relation.proves_not_null(column));
        (!is_proved).then(|| format!("have a value in {}", quoted(column)))
    };
    match action {
        Action::SetNotNull(column) => not_null(column),
        Action::AddConstraint(constraint) if constraint.enforced => match &constraint.kind {
            ConstraintKind::NotNull(column) => not_null(column),
            ConstraintKind::Check(_) => Some("meet the CHECK".to_string()),
            // An index that is there already refuses duplicates.
            ConstraintKind::Unique(key) | ConstraintKind::Primary(key) => key.index.is_none().then(|| "are no duplicates".to_string()),
            ConstraintKind::Foreign { table, .. } => Some(format!("are in {table}")),
            ConstraintKind::Exclude => Some("exclude each other".to_string()),
        },
        _ => None,
    }
}
