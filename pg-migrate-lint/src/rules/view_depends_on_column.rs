//! A view stands in the way.

use super::{Example, Group, Rule};
use crate::catalogue::RelationKind;
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change};
use crate::name::quoted;

pub static RULE: Rule = Rule {
    name: "view-depends-on-column",
    group: Group::Correctness,
    severity: Severity::Error,
    summary: "ALTER COLUMN TYPE or DROP COLUMN of a column that a view reads, which PostgreSQL refuses",
    explanation: "A view keeps the types of the columns it reads. PostgreSQL refuses to change the type of such a \
        column, and to drop it unless CASCADE drops the view too.\n\n\
        Drop the view, change the column, and create the view again, in one transaction, with the privileges that \
        it had.",
    versions: "",
    bad: &[
        Example::new("ALTER TABLE users ALTER COLUMN age TYPE bigint;").after("CREATE TABLE users (age int); CREATE VIEW ages AS SELECT age FROM users;"),
        Example::new("ALTER TABLE users DROP COLUMN age;").after("CREATE TABLE users (age int); CREATE VIEW ages AS SELECT age FROM users;"),
    ],
    good: &[
        Example::new("DROP VIEW ages; ALTER TABLE users ALTER COLUMN age TYPE bigint;").after("CREATE TABLE users (age int); CREATE VIEW ages AS SELECT age FROM users;"),
        Example::new("ALTER TABLE users ALTER COLUMN age TYPE bigint;").after("CREATE TABLE users (age int, name text); CREATE VIEW names AS SELECT name FROM users;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Alter(Alter { table, action, .. }) = look.change else { return };
    let column = match action {
        Action::SetType { column, .. } | Action::DropColumn { column, cascade: false, .. } => column,
        _ => return,
    };
    let own = look.relation(table);
    // A view of all columns reads those that were there when it was made.
    let reads = |name: &&crate::name::Name| {
        let Some(view) = look.catalogue.relation(name) else { return false };
        let is_view = matches!(view.kind, RelationKind::View | RelationKind::MaterializedView);
        is_view && (view.read_columns.contains(column) || view.reads_all_columns && view.reads.len() == 1 && own.is_some_and(|own| own.column(column).is_some()))
    };
    if let Some(view) = look.catalogue.readers(table).iter().find(reads) {
        let message = format!("the view {view} reads {} of {table}: PostgreSQL refuses this while it does", quoted(column));
        found.push(look.finding(&RULE, message).on(view));
    }
}
