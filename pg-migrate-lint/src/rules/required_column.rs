//! A column that old inserts do not fill.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::fix::{Definition, Fix, Way, set_not_null};
use crate::look::Look;
use crate::model::{Action, Alter, Change, ConstraintKind, Part};
use crate::name::{Name, quoted};

pub static RULE: Rule = Rule {
    name: "required-column",
    group: Group::Compatibility,
    severity: Severity::Error,
    summary: "a column that is added as NOT NULL without a default, or made so unfilled, fails if there are rows, and for old inserts",
    explanation: "On a table with rows it fails at once: they would hold nulls. On an empty one it succeeds, and then \
        every INSERT of the application that still runs fails, because it does not know the column. SET NOT NULL of a column that the same file adds, and does not fill, is \
        the same.\n\n\
        Give it a default, which costs nothing since 11 unless it is volatile; or add it without NOT NULL, fill it, \
        and make it NOT NULL by a validated CHECK.",
    versions: "",
    bad: &[
        Example::new("ALTER TABLE users ADD COLUMN age int NOT NULL;"),
        Example::new("ALTER TABLE users ADD COLUMN n int PRIMARY KEY;"),
        Example::new("ALTER TABLE users ADD COLUMN age int, ALTER COLUMN age SET NOT NULL;"),
        Example::new("ALTER TABLE users ADD COLUMN IF NOT EXISTS age int; ALTER TABLE users ALTER COLUMN age SET NOT NULL;").after("CREATE TABLE users (id int);"),
        Example::new("ALTER TABLE users ADD COLUMN age int; ALTER TABLE users ALTER COLUMN age SET NOT NULL;"),
        Example::new("ALTER TABLE users ADD COLUMN age int; ALTER TABLE users ALTER COLUMN age SET DEFAULT 0; ALTER TABLE users ALTER COLUMN age SET NOT NULL;"),
        Example::new("ALTER TABLE users ADD COLUMN age years;").after("CREATE DOMAIN years AS int NOT NULL; CREATE TABLE users (id int);"),
        Example::new("ALTER TABLE \"Users\" ADD COLUMN \"Mail\" varchar(20) COLLATE \"C\" NOT NULL CONSTRAINT long CHECK (\"Mail\" > 'a, b');").after("CREATE TABLE \"Users\" (id int);"),
    ],
    good: &[
        Example::new("ALTER TABLE users ADD COLUMN IF NOT EXISTS age int; ALTER TABLE users ALTER COLUMN age SET NOT NULL;"),
        Example::new("DO $$ BEGIN IF now() IS NULL THEN ALTER TABLE users ADD COLUMN age int; END IF; END $$; ALTER TABLE users ALTER COLUMN age SET NOT NULL;"),
        Example::new("ALTER TABLE users ADD COLUMN age int; UPDATE users SET age = 0; ALTER TABLE users ALTER COLUMN age SET NOT NULL;"),
        Example::new("ALTER TABLE users ADD COLUMN age int DEFAULT 0; ALTER TABLE users ALTER COLUMN age SET NOT NULL;"),
        Example::new("ALTER TABLE users ADD COLUMN age int; SELECT fill_ages(); ALTER TABLE users ALTER COLUMN age SET NOT NULL;"),
        Example::new("ALTER TABLE users ADD COLUMN age int; DO $$ BEGIN UPDATE users SET age = 0; END $$; ALTER TABLE users ALTER COLUMN age SET NOT NULL;"),
        Example::new("CREATE TABLE users (id int); ALTER TABLE users ADD COLUMN age int; ALTER TABLE users ALTER COLUMN age SET NOT NULL;"),
        Example::new("ALTER TABLE users ADD COLUMN age int NOT NULL DEFAULT 0;"),
        Example::new("ALTER TABLE users ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY;"),
        Example::new("CREATE TABLE users (id int); ALTER TABLE users ADD COLUMN age int NOT NULL;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    if let Change::Alter(Alter { table, action: Action::SetNotNull(column), .. }) = look.change
        && is_unfilled(look, table, column)
    {
        let message = format!("{} is new here, and nothing has filled it: SET NOT NULL fails if {table} has rows", quoted(column));
        return found.push(look.finding_on(&RULE, table, message));
    }
    let Change::Alter(Alter { table, action: Action::AddColumn { column, .. }, .. }) = look.change else {
        return;
    };
    let domain = look.catalogue.domain(&column.type_).filter(|domain| domain.is_not_null);
    if !column.not_null && domain.is_none() || column.has_value() || look.is_new(table) {
        return;
    }
    let name = quoted(&column.name);
    let message = format!("ADD COLUMN {name} NOT NULL without a default fails if {table} has rows, and the application's inserts fail after it");
    let is_key = column.constraint(|kind| matches!(kind, ConstraintKind::Primary(_))).is_some();
    let finding = look.finding_on(&RULE, table, message);
    if domain.is_some() {
        return found.push(finding);
    }
    found.push(match is_key {
        true => finding,
        false => {
            let definition = Definition::of(look, column);
            let added = Fix::here(format!("ALTER TABLE {table} ADD COLUMN {};", definition.with(|part| part != Part::NotNull)));
            let filled = added.step(Way::Batches, "fill it in batches, then", "");
            finding.fix(filled.and(set_not_null(look, table, &column.name)))
        }
    });
}

/// Whether all rows that there are hold nulls in it, because the file added it and changed no row since.
pub fn is_unfilled(look: &Look, table: &Name, column: &str) -> bool {
    let table = look.catalogue.resolve(table);
    let Some(facts) = look.catalogue.column(&table, column) else { return false };
    let is_changed = || {
        let mut changed = look.session.changed.iter();
        changed.any(|changed| look.catalogue.with_children(changed).contains(&table))
    };
    !look.is_nested
        && look.is_all_seen
        && look.is_own(facts.made)
        && !facts.is_filled
        && !facts.not_null
        && !look.is_new(&table)
        && !is_changed()
}
