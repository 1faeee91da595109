//! A column that old inserts do not fill.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change, ConstraintKind};
use crate::name::quoted;

pub static RULE: Rule = Rule {
    name: "required-column",
    group: Group::Compatibility,
    severity: Severity::Error,
    summary: "ADD COLUMN … NOT NULL without a default fails if there are rows, and for old inserts",
    explanation: "On a table with rows it fails at once: they would hold nulls. On an empty one it succeeds, and then \
        every INSERT of the application that still runs fails, because it does not know the column.\n\n\
        Give it a default, which costs nothing since 11 unless it is volatile; or add it without NOT NULL, fill it, \
        and make it NOT NULL by a validated CHECK.",
    versions: "",
    bad: &[Example::new("ALTER TABLE users ADD COLUMN age int NOT NULL;"), Example::new("ALTER TABLE users ADD COLUMN n int PRIMARY KEY;")],
    good: &[
        Example::new("ALTER TABLE users ADD COLUMN age int NOT NULL DEFAULT 0;"),
        Example::new("ALTER TABLE users ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY;"),
        Example::new("CREATE TABLE users (id int); ALTER TABLE users ADD COLUMN age int NOT NULL;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Alter(Alter { table, action: Action::AddColumn { column, .. }, .. }) = look.change else {
        return;
    };
    if !column.not_null || column.has_value() || look.is_new(table) {
        return;
    }
    let name = quoted(&column.name);
    let message = format!("ADD COLUMN {name} NOT NULL without a default fails if {table} has rows, and the application's inserts fail after it");
    let is_key = column.constraint(|kind| matches!(kind, ConstraintKind::Primary(_))).is_some();
    let finding = look.finding_on(&RULE, table, message);
    found.push(match is_key {
        true => finding,
        false => finding.fix(format!(
            "ALTER TABLE {table} ADD COLUMN {name} {};\n\
             -- fill it in batches, then\n\
             ALTER TABLE {table} ADD CONSTRAINT {constraint} CHECK ({name} IS NOT NULL) NOT VALID;\n\
             -- in a later transaction\n\
             ALTER TABLE {table} VALIDATE CONSTRAINT {constraint};\n\
             ALTER TABLE {table} ALTER COLUMN {name} SET NOT NULL;",
            column.type_,
            constraint = quoted(&format!("{}_{}_not_null", table.name, column.name)),
        )),
    });
}
