//! All rows are read for nulls while everybody waits.

use super::{Example, Group, Rule, required_column};
use crate::finding::{Finding, Severity};
use crate::fix::{self, Fix};
use crate::lock::Work;
use crate::look::Look;
use crate::model::{Action, Alter, Change, ConstraintKind};
use crate::name::quoted;

pub static RULE: Rule = Rule {
    name: "set-not-null-scans",
    group: Group::Locks,
    severity: Severity::Error,
    summary: "SET NOT NULL reads the whole table while everybody waits",
    explanation: "SET NOT NULL looks at every row for a null, under an AccessExclusiveLock for which reads and \
        writes wait.\n\n\
        Since 12 it reads nothing where a CHECK (column IS NOT NULL) has been validated: add that NOT VALID, \
        validate it in a later transaction, which lets reads and writes go on, then SET NOT NULL and drop the \
        CHECK. Since 18 there is a shorter way: ADD CONSTRAINT name NOT NULL column NOT VALID, then VALIDATE. \
        A column that is added in the same ALTER TABLE is declared NOT NULL DEFAULT … there, which reads nothing.",
    versions: "12 and later trust a validated CHECK; 18 knows NOT NULL … NOT VALID",
    bad: &[
        Example::new("ALTER TABLE users ALTER COLUMN email SET NOT NULL;"),
        Example::new("ALTER TABLE users ADD COLUMN n int DEFAULT 1, ALTER COLUMN n SET NOT NULL;"),
        Example::new("ALTER TABLE users VALIDATE CONSTRAINT other; ALTER TABLE users ALTER COLUMN email SET NOT NULL;")
            .after("ALTER TABLE users ADD CONSTRAINT other CHECK (name IS NOT NULL) NOT VALID;"),
        Example::new("ALTER TABLE users ADD CONSTRAINT email_there NOT NULL email;"),
        Example::new("ALTER TABLE users ALTER COLUMN \"Mail\" SET NOT NULL;").after("CREATE TABLE users (\"Mail\" text);"),
        Example::new("ALTER TABLE users ALTER COLUMN mail SET NOT NULL;").after("CREATE TABLE users (mail text); ALTER TABLE users ADD CONSTRAINT there NOT NULL mail NOT VALID;"),
        Example::new("ALTER TABLE users ALTER COLUMN mail SET NOT NULL;").after("CREATE TABLE users (mail text); ALTER TABLE users ADD CONSTRAINT there CHECK (mail IS NOT NULL) NOT VALID;").on(17),
        Example::new("ALTER TABLE users ALTER COLUMN mail SET NOT NULL;").after("CREATE TABLE users (mail text, CHECK (mail IS NOT NULL) NOT ENFORCED);"),
        // What is dropped is dropped first.
        Example::new("ALTER TABLE users ALTER COLUMN mail SET NOT NULL, DROP CONSTRAINT there;").after("CREATE TABLE users (mail text CONSTRAINT there CHECK (mail IS NOT NULL));"),
    ],
    good: &[
        Example::new("ALTER TABLE users ALTER COLUMN email SET NOT NULL;").after("CREATE TABLE users (email text, name text, CHECK (NOT (email IS NULL OR name IS NULL)));"),
        Example::new("ALTER TABLE users ALTER COLUMN email SET NOT NULL;").after(
            "ALTER TABLE users ADD CONSTRAINT c CHECK (email IS NOT NULL) NOT VALID; ALTER TABLE users VALIDATE CONSTRAINT c;",
        ),
        Example::new("CREATE TABLE users (email text); ALTER TABLE users ALTER email SET NOT NULL;"),
        Example::new("ALTER TABLE users ADD CONSTRAINT email_there NOT NULL email NOT VALID;"),
        Example::new("ALTER TABLE users ALTER COLUMN email SET NOT NULL;").after("CREATE TABLE users (email text NOT NULL);"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Alter(Alter { table, action, .. }) = look.change else { return };
    let column = match action {
        Action::SetNotNull(column) => column,
        Action::AddConstraint(constraint) => match &constraint.kind {
            ConstraintKind::NotNull(column) => column,
            _ => return,
        },
        _ => return,
    };
    let is_refused = matches!(action, Action::SetNotNull(_)) && required_column::is_unfilled(look, table, column);
    if look.impact.greatest_work() < Work::Scan || look.is_new(table) || is_refused {
        return;
    }
    let added = look.siblings[..look.place].iter().any(|change| match change {
        Change::Alter(Alter { action: Action::AddColumn { column: added, .. }, .. }) => added.name == *column,
        _ => false,
    });
    let message = format!("SET NOT NULL reads all rows of {table} while reads and writes wait");
    let finding = look.finding_on(&RULE, table, message);
    found.push(match added {
        true => finding.fix(Fix::default().words(&format!("in ADD COLUMN {} say NOT NULL behind its DEFAULT, which reads nothing", quoted(column)))),
        false => match action {
            Action::AddConstraint(constraint) if constraint.name.is_some() => {
                let name = quoted(constraint.name.as_deref().unwrap_or_default());
                let added = Fix::here(format!("ALTER TABLE {table} ADD CONSTRAINT {name} NOT NULL {} NOT VALID;", quoted(column)));
                finding.fix(added.later(format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name};")))
            }
            _ => finding.fix(fix::set_not_null(look, table, column)),
        },
    });
}
