//! A new column whose constraint has to be checked in all rows.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::lock::Work;
use crate::look::Look;
use crate::model::{Action, Alter, Change, Column, Constraint, ConstraintKind};
use crate::name::{Name, quoted};

pub static RULE: Rule = Rule {
    name: "add-column-scans",
    group: Group::Locks,
    severity: Severity::Error,
    summary: "ADD COLUMN with CHECK, UNIQUE, PRIMARY KEY or a filled foreign key reads the table while everybody waits",
    explanation: "A CHECK in the definition of a new column is checked in every row, although the column is empty; \
        UNIQUE and PRIMARY KEY build an index; REFERENCES together with a default looks every row up. All of that \
        happens under the AccessExclusiveLock of ADD COLUMN, for which reads and writes wait. REFERENCES without a \
        default reads nothing.\n\n\
        Add the column alone. Add the constraint NOT VALID and validate it in a later transaction, which lets \
        reads and writes go on; build the index with CONCURRENTLY and make a constraint of it.",
    versions: "",
    bad: &[
        Example::new("ALTER TABLE users ADD COLUMN age int CHECK (age > 0);"),
        Example::new("ALTER TABLE users ADD COLUMN code text UNIQUE;"),
        Example::new("ALTER TABLE users ADD COLUMN plan int DEFAULT 1 REFERENCES plans (id);"),
    ],
    good: &[
        Example::new("ALTER TABLE users ADD COLUMN plan int REFERENCES plans (id);"),
        Example::new("ALTER TABLE users ADD COLUMN age int; ALTER TABLE users ADD CONSTRAINT age_range CHECK (age > 0) NOT VALID;"),
        Example::new("CREATE TABLE users (id int); ALTER TABLE users ADD COLUMN code text UNIQUE;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Alter(Alter { table, action: Action::AddColumn { column, .. }, .. }) = look.change else {
        return;
    };
    // What rewrites is said by another rule: the constraint is checked meanwhile.
    if look.impact.greatest_work() != Work::Scan || look.is_new(table) {
        return;
    }
    for constraint in &column.constraints {
        let why = match &constraint.kind {
            ConstraintKind::Check(_) => "checks",
            ConstraintKind::Unique(_) | ConstraintKind::Primary(_) => "builds an index on",
            ConstraintKind::Foreign { .. } if column.has_value() => "looks up",
            _ => continue,
        };
        let message = format!("ADD COLUMN {} {why} all rows of {table} while reads and writes wait", quoted(&column.name));
        found.push(look.finding_on(&RULE, table, message).fix(fix(look, table, column, constraint)));
        return;
    }
}

fn fix(look: &Look, table: &Name, column: &Column, constraint: &Constraint) -> String {
    let name = quoted(&column.name);
    let add = format!("ALTER TABLE {table} ADD COLUMN {name} {};", column.type_);
    let own = |suffix: &str| {
        let own = constraint.name.clone().unwrap_or_else(|| format!("{}_{}_{suffix}", table.name, column.name));
        quoted(&own)
    };
    let validate = |own: &str| format!("-- in a later transaction\nALTER TABLE {table} VALIDATE CONSTRAINT {own};");
    match &constraint.kind {
        ConstraintKind::Check(_) => {
            let own = own("check");
            let check = look.clause(constraint.at);
            let check = check.find('(').map_or(check, |at| balanced(&check[at..]));
            format!("{add}\nALTER TABLE {table} ADD CONSTRAINT {own} CHECK {check} NOT VALID;\n{}", validate(&own))
        }
        ConstraintKind::Foreign { table: other, referenced, .. } => {
            let own = own("fkey");
            let columns = match referenced.is_empty() {
                true => String::new(),
                false => format!(" ({})", crate::name::list(referenced)),
            };
            format!(
                "{add}\nALTER TABLE {table} ADD CONSTRAINT {own} FOREIGN KEY ({name}) REFERENCES {other}{columns} NOT VALID;\n\
                 -- fill the column in batches\n{}",
                validate(&own)
            )
        }
        _ => {
            let (kind, own) = match constraint.kind {
                ConstraintKind::Primary(_) => ("PRIMARY KEY", own("pkey")),
                _ => ("UNIQUE", own("key")),
            };
            format!(
                "{add}\n-- outside of a transaction\nCREATE UNIQUE INDEX CONCURRENTLY {own} ON {table} ({name});\n\
                 ALTER TABLE {table} ADD CONSTRAINT {own} {kind} USING INDEX {own};"
            )
        }
    }
}

/// From a parenthesis to the one that closes it.
fn balanced(text: &str) -> &str {
    let mut depth = 0;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' if depth == 1 => return &text[..=at],
            b')' => depth -= 1,
            _ => {}
        }
    }
    text
}
