//! A column that can't be null loses what filled it.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change};
use crate::name::quoted;

pub static RULE: Rule = Rule {
    name: "drop-default",
    group: Group::Compatibility,
    severity: Severity::Warning,
    summary: "DROP DEFAULT of a NOT NULL column: inserts that leave it out fail",
    explanation: "The application that still runs may leave the column out of its inserts and count on the default; from \
        now on these fail. Where the column was added by the same migration that is sure, since the application does \
        not know it: ADD COLUMN … NOT NULL DEFAULT and then DROP DEFAULT, as Django does, is an outage between migration \
        and release.\n\n\
        Keep the default until every release that runs writes the column.",
    versions: "",
    bad: &[
        Example::new("ALTER TABLE users ADD COLUMN plan text NOT NULL DEFAULT 'free'; ALTER TABLE users ALTER COLUMN plan DROP DEFAULT;"),
        Example::new("ALTER TABLE users ALTER COLUMN plan DROP DEFAULT;").after("CREATE TABLE users (plan text NOT NULL DEFAULT 'free');"),
    ],
    good: &[
        Example::new("ALTER TABLE users ALTER COLUMN plan DROP DEFAULT;").after("CREATE TABLE users (plan text DEFAULT 'free');"),
        Example::new("ALTER TABLE users ALTER COLUMN plan DROP DEFAULT, ALTER COLUMN plan TYPE int USING 1, ALTER COLUMN plan SET DEFAULT 1;")
            .after("CREATE TABLE users (plan text NOT NULL DEFAULT 'free');"),
        Example::new("CREATE TABLE users (plan text NOT NULL DEFAULT 'free'); ALTER TABLE users ALTER COLUMN plan DROP DEFAULT;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Alter(Alter { table, action: Action::Default { column, default: None }, .. }) = look.change else {
        return;
    };
    let Some(facts) = look.catalogue.column(table, column).filter(|facts| facts.not_null && facts.has_default) else {
        return;
    };
    let is_filled = look.ahead.filled.contains(&(table.name.clone(), column.clone()));
    if look.is_new(table) || is_filled || facts.generated.is_some() {
        return;
    }
    let name = quoted(column);
    let (message, severity) = match look.is_own(facts.made) {
        true => (format!("{name} of {table} is new and NOT NULL: without its default every insert of the application that still runs fails"), Severity::Error),
        false => (format!("{name} of {table} is NOT NULL: without its default inserts that leave it out fail"), Severity::Warning),
    };
    let mut finding = look.finding_on(&RULE, table, message).rated(severity);
    finding.object = Some(format!("{table}.{name}"));
    found.push(finding);
}
