//! A column's type changes, and with it all rows.

use super::{Example, Group, Rule};
use crate::effects::types::{TypeChange, change};
use crate::finding::{Finding, Severity};
use crate::lock::Work;
use crate::look::Look;
use crate::model::{Action, Alter, Change};
use crate::name::{Name, quoted};
use crate::types::Type;

pub static RULE: Rule = Rule {
    name: "type-change-rewrites",
    group: Group::Locks,
    severity: Severity::Error,
    summary: "ALTER COLUMN TYPE that rewrites or checks the table while everybody waits",
    explanation: "Another type means that all rows and indexes are written anew under an AccessExclusiveLock, for \
        which reads and writes wait: int to bigint, text to varchar(n), a smaller length, another scale, anything \
        with USING.\n\n\
        Only the catalogue changes where every old value is a new one as it stands: varchar to text or to a \
        greater length, numeric to a greater precision with the same scale, cidr to inet, timestamp to timestamptz \
        while TimeZone is UTC. A CHECK on the column is checked again, and indexes are built anew where the \
        collation changes. What the column was is known from earlier migrations; lint them together.\n\n\
        Otherwise add a column of the new type, keep both in step by a trigger, fill it in batches, and let the \
        application change over.",
    versions: "timestamp to timestamptz for free since 12",
    bad: &[
        Example::new("ALTER TABLE users ALTER COLUMN id TYPE bigint;"),
        Example::new("ALTER TABLE users ALTER COLUMN name TYPE varchar(10);").after("CREATE TABLE users (name varchar(20));"),
        Example::new("ALTER TABLE users ALTER COLUMN name TYPE text;"),
        Example::new("ALTER TABLE users ALTER COLUMN at TYPE timestamptz;").after("CREATE TABLE users (at timestamp);"),
        Example::new("ALTER TABLE users ALTER COLUMN name TYPE varchar(40);").after("CREATE TABLE users (name varchar(20) CHECK (name <> ''));"),
        Example::new("ALTER TABLE users ALTER COLUMN twice SET EXPRESSION AS (age * 2);"),
    ],
    good: &[
        Example::new("ALTER TABLE users ALTER COLUMN name TYPE varchar(40);").after("CREATE TABLE users (name varchar(20));"),
        Example::new("ALTER TABLE users ALTER COLUMN name TYPE text;").after("CREATE TABLE users (name varchar(20)); CREATE INDEX ON users (name);"),
        Example::new("ALTER TABLE users ALTER COLUMN n TYPE numeric(14, 2);").after("CREATE TABLE users (n numeric(12, 2));"),
        Example::new("SET timezone = 'UTC'; ALTER TABLE users ALTER COLUMN at TYPE timestamptz;").after("CREATE TABLE users (at timestamp);"),
        Example::new("CREATE TABLE users (id int); ALTER TABLE users ALTER COLUMN id TYPE bigint;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Alter(Alter { table, action, .. }) = look.change else { return };
    if look.impact.greatest_work() == Work::None || look.is_new(table) {
        return;
    }
    match action {
        Action::SetExpression(column) => {
            let message = format!("SET EXPRESSION computes {} in all rows of {table} anew: reads and writes wait", quoted(column));
            found.push(look.finding_on(&RULE, table, message));
        }
        Action::SetType { column, to, using, .. } => {
            let facts = look.catalogue.column(table, column);
            let done = change(facts, column, to, using.as_ref(), look.catalogue, look.server);
            found.push(finding(look, table, column, to, done));
        }
        _ => {}
    }
}

fn finding(look: &Look, table: &Name, column: &str, to: &Type, done: TypeChange) -> Finding {
    let name = quoted(column);
    let from = look.catalogue.column(table, column).map(|facts| facts.type_.to_string());
    let from = from.filter(|from| !from.is_empty() && from != "\"\"");
    let words = from.map_or(format!("to {to}"), |from| format!("from {from} to {to}"));
    match done {
        TypeChange::Free => {
            let message = format!("{name} {words} leaves the rows of {table} as they are, but reads them all, for a CHECK or an index of it: reads and writes wait");
            look.finding_on(&RULE, table, message)
        }
        TypeChange::Unknown => {
            let message = format!("{name} {words} writes all rows of {table} anew, unless its type is one that becomes {to} for free; no earlier migration says which it is");
            look.finding_on(&RULE, table, message).rated(Severity::Warning)
        }
        TypeChange::Rewrites => {
            let message = format!("{name} {words} writes all rows and indexes of {table} anew: reads and writes wait");
            look.finding_on(&RULE, table, message).fix(fix(table, column, to))
        }
    }
}

fn fix(table: &Name, column: &str, to: &Type) -> String {
    let new = quoted(&format!("{column}_new"));
    let (old, column) = (quoted(&format!("{column}_old")), quoted(column));
    format!(
        "ALTER TABLE {table} ADD COLUMN {new} {to};\n\
         -- a trigger that sets {new} from {column} in new and changed rows; then, in batches:\n\
         UPDATE {table} SET {new} = {column}::{to} WHERE {new} IS NULL AND id BETWEEN 1 AND 10000;\n\
         -- once all is filled, in one transaction\n\
         ALTER TABLE {table} RENAME COLUMN {column} TO {old};\n\
         ALTER TABLE {table} RENAME COLUMN {new} TO {column};"
    )
}
