//! A new column whose constraint has to be checked in all rows.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::fix::{Definition, Fix, Way, constraint, set_not_null};
use crate::lock::Work;
use crate::look::Look;
use crate::model::{Action, Alter, Change, Column, ConstraintKind, Generated, Part};
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
        Example::new("ALTER TABLE users ADD COLUMN twice int GENERATED ALWAYS AS (age * 2) VIRTUAL NOT NULL;").after("CREATE TABLE users (age int);"),
        Example::new("ALTER TABLE users ADD COLUMN twice int GENERATED ALWAYS AS (age * 2) VIRTUAL CHECK (twice > 0);").after("CREATE TABLE users (age int);"),
        Example::new("ALTER TABLE \"Users\" ADD COLUMN \"Plan\" int DEFAULT 1 NOT NULL REFERENCES plans (id) ON DELETE SET DEFAULT;")
            .after("CREATE TABLE plans (id int PRIMARY KEY); INSERT INTO plans VALUES (1); CREATE TABLE \"Users\" (\"Id\" int PRIMARY KEY);"),
        Example::new("ALTER TABLE users ADD COLUMN code text COLLATE \"C\" DEFAULT NULL CHECK (code <> ',') UNIQUE DEFERRABLE INITIALLY DEFERRED;")
            .after("CREATE TABLE users (id int PRIMARY KEY);"),
        Example::new("ALTER TABLE users ADD COLUMN n int CONSTRAINT named CHECK (n > 0) CONSTRAINT one PRIMARY KEY;").after("CREATE TABLE users (name text);"),
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
    if column.not_null && column.generated == Some(Generated::Virtual) {
        let name = quoted(&column.name);
        let message = format!("ADD COLUMN {name} computes it for all rows of {table} to see that it is NOT NULL, while reads and writes wait");
        let definition = Definition::of(look, column);
        let added = Fix::here(format!("ALTER TABLE {table} ADD COLUMN {};", definition.with(|part| part == Part::Generated)));
        return found.push(look.finding_on(&RULE, table, message).fix(added.and(set_not_null(look, table, &column.name))));
    }
    for constraint in &column.constraints {
        let why = match &constraint.kind {
            ConstraintKind::Check(_) => "checks",
            ConstraintKind::Unique(_) | ConstraintKind::Primary(_) => "builds an index on",
            ConstraintKind::Foreign { .. } if column.has_value() => "looks up",
            _ => continue,
        };
        let message = format!("ADD COLUMN {} {why} all rows of {table} while reads and writes wait", quoted(&column.name));
        let finding = look.finding_on(&RULE, table, message);
        found.push(match fix(look, table, column) {
            Some(fix) => finding.fix(fix),
            None => finding,
        });
        return;
    }
}

/// The column by itself, and then its constraints.
fn fix(look: &Look, table: &Name, column: &Column) -> Option<Fix> {
    if column.identity || column.generated == Some(Generated::Stored) || column.type_.is_serial() {
        return None;
    }
    let definition = Definition::of(look, column);
    let is_kept = |part: Part| match part {
        Part::Default | Part::Null | Part::Generated => true,
        // Without a default it fails for the rows that are there.
        Part::NotNull => column.has_value(),
        _ => false,
    };
    let mut fix = Fix::here(format!("ALTER TABLE {table} ADD COLUMN {};", definition.with(is_kept)));
    if column.constraint(|kind| matches!(kind, ConstraintKind::Primary(_))).is_some() {
        fix = fix.step(Way::Batches, "fill it in batches", "").and(set_not_null(look, table, &column.name));
    }
    Some(fix.and(constraint::of_column(look, table, column, &definition)))
}
