//! Readers meet nulls.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change};
use crate::name::quoted;

pub static RULE: Rule = Rule {
    name: "drop-not-null",
    group: Group::Compatibility,
    severity: Severity::Info,
    summary: "DROP NOT NULL: who reads the column meets nulls",
    explanation: "The statement itself only takes a moment. But the application that still runs was written for a \
        column that is always there: a null makes it fail, or compare as neither equal nor unequal, or vanish from \
        NOT IN and from sums.\n\n\
        Release an application that can read nulls first, and then the one that writes them.",
    versions: "",
    bad: &[Example::new("ALTER TABLE users ALTER COLUMN email DROP NOT NULL;")],
    good: &[
        Example::new("CREATE TABLE users (email text NOT NULL); ALTER TABLE users ALTER email DROP NOT NULL;"),
        Example::new("ALTER TABLE users ALTER email DROP NOT NULL;").after("CREATE TABLE users (email text);"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Alter(Alter { table, action: Action::DropNotNull(column), .. }) = look.change else {
        return;
    };
    let is_not_null = look.whole(table).and_then(|table| table.column(column)).is_none_or(|column| column.not_null);
    if is_not_null && !look.is_new(table) {
        let message = format!("{} of {table} may be null from now on: is every reader prepared?", quoted(column));
        found.push(look.finding_on(&RULE, table, message));
    }
}
