//! One DELETE takes rows of other tables along.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change, Constraint, ConstraintKind};
use crate::name::Name;

pub static RULE: Rule = Rule {
    name: "cascading-delete",
    group: Group::Review,
    severity: Severity::Info,
    summary: "ON DELETE CASCADE: deleting a row deletes those that reference it, through as many tables as there are",
    explanation: "Whoever deletes one row deletes with it all that references it, and what references that. It is meant \
        for parts that have no life of their own, such as the lines of an order; on a table of customers or accounts \
        one mistaken DELETE is a restore from backup. It needs no right on the other tables, and may take as long as \
        there are rows.\n\n\
        The default, NO ACTION, refuses the DELETE. Say which of the two is wanted.",
    versions: "",
    bad: &[
        Example::new("CREATE TABLE lines (order_id int REFERENCES orders ON DELETE CASCADE);"),
        Example::new("ALTER TABLE lines ADD CONSTRAINT of_order FOREIGN KEY (order_id) REFERENCES orders ON DELETE CASCADE NOT VALID;"),
    ],
    good: &[
        Example::new("CREATE TABLE lines (order_id int REFERENCES orders);"),
        Example::new("CREATE TABLE lines (order_id int REFERENCES orders ON DELETE SET NULL ON UPDATE CASCADE);"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let mut add = |table: &Name, constraint: &Constraint| {
        if let ConstraintKind::Foreign { table: other, cascades: true, .. } = &constraint.kind {
            let message = format!("a DELETE of {other} deletes the rows of {table} that reference it");
            found.push(look.finding(&RULE, message).on(table));
        }
    };
    if let Change::CreateTable(table) = look.change {
        table.constraints.iter().for_each(|constraint| add(&table.name, constraint));
    }
    if let Change::Alter(Alter { table, action: Action::AddConstraint(constraint), .. }) = look.change {
        add(table, constraint);
    }
    for (table, column) in look.new_columns() {
        column.constraints.iter().for_each(|constraint| add(table, constraint));
    }
}
