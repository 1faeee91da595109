//! The planner knows nothing of what is new.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change};
use crate::name::{Name, quoted};

pub static RULE: Rule = Rule {
    name: "missing-analyze",
    group: Group::Review,
    severity: Severity::Info,
    summary: "a column's new type, or an index on an expression, without ANALYZE after it: the planner guesses",
    explanation: "ALTER COLUMN … TYPE throws away the statistics of the column, and an index on an expression has none \
        at first. Autovacuum gathers them once enough rows have changed, which on a great table may take days; until \
        then the planner takes constants for them, and a query that was fast may read the whole table.\n\n\
        ANALYZE the table, or the column alone, behind it. It blocks nobody and takes a sample.",
    versions: "",
    bad: &[
        Example::new("ALTER TABLE users ALTER COLUMN id TYPE bigint;"),
        Example::new("CREATE INDEX CONCURRENTLY i ON users (lower(email));"),
    ],
    good: &[
        Example::new("ALTER TABLE users ALTER COLUMN id TYPE bigint; ANALYZE users (id);"),
        Example::new("CREATE INDEX CONCURRENTLY i ON users (lower(email)); VACUUM ANALYZE;"),
        Example::new("CREATE INDEX CONCURRENTLY i ON users (email) WHERE email IS NOT NULL;"),
        Example::new("CREATE TABLE users (email text); CREATE INDEX i ON users (lower(email));"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let (table, message) = match look.change {
        Change::CreateIndex(index) if index.columns.contains(&None) => {
            (&index.table, format!("there are no statistics of the expression until {} is analyzed", index.table))
        }
        Change::Alter(Alter { table, action: Action::SetType { column, .. }, .. }) => {
            (table, format!("the statistics of {} are gone until {table} is analyzed", quoted(column)))
        }
        _ => return,
    };
    if !look.is_new(table) && !is_analyzed(look, table) {
        found.push(look.finding_on(&RULE, table, message).fix(format!("{};\nANALYZE {table};", look.text)));
    }
}

/// Whether the file analyzes the table, or all of them.
fn is_analyzed(look: &Look, table: &Name) -> bool {
    let mut analyzed = look.ahead.analyzed.iter();
    analyzed.any(|known| known.as_ref().is_none_or(|name| *name == table.name))
}
