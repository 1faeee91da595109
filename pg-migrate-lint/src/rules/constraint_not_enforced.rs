//! A constraint that nothing is held to.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change, Constraint};
use crate::name::Name;

pub static RULE: Rule = Rule {
    name: "constraint-not-enforced",
    group: Group::Correctness,
    severity: Severity::Warning,
    summary: "NOT ENFORCED: the constraint is written down, and nothing is held to it",
    explanation: "A constraint that is NOT ENFORCED is checked for no row, neither those that are there nor those to come; \
        ON DELETE CASCADE of such a foreign key deletes nothing. Whoever reads the schema takes it for granted.\n\n\
        NOT VALID is what holds for new rows only, and can be validated later without blocking anybody.",
    versions: "since 18",
    bad: &[Example::new("ALTER TABLE orders ADD CONSTRAINT paid CHECK (amount > 0) NOT ENFORCED;")],
    good: &[Example::new("ALTER TABLE orders ADD CONSTRAINT paid CHECK (amount > 0) NOT VALID;")],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let mut add = |table: &Name, constraint: &Constraint| {
        if !constraint.enforced {
            let name = constraint.name.as_ref().map(|name| format!(" {}", crate::name::quoted(name))).unwrap_or_default();
            let message = format!("the constraint{name} of {table} is NOT ENFORCED: no row is held to it");
            found.push(look.finding(&RULE, message).on(table));
        }
    };
    match look.change {
        Change::CreateTable(table) => {
            let own = table.columns.iter().flat_map(|column| &column.constraints);
            own.chain(&table.constraints).for_each(|constraint| add(&table.name, constraint));
        }
        Change::Alter(Alter { table, action, .. }) => match action {
            Action::AddConstraint(constraint) => add(table, constraint),
            Action::AddColumn { column, .. } => column.constraints.iter().for_each(|constraint| add(table, constraint)),
            _ => {}
        },
        _ => {}
    }
}
