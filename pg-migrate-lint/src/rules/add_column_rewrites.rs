//! A new column whose values have to be written to all rows.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::fix::{Definition, Fix, Way, batches, constraint, set_not_null};
use crate::lock::Work;
use crate::look::Look;
use crate::model::{Action, Alter, Change, Column, Generated};
use crate::name::{Name, quoted};

pub static RULE: Rule = Rule {
    name: "add-column-rewrites",
    group: Group::Locks,
    severity: Severity::Error,
    summary: "ADD COLUMN whose value differs by row rewrites the table while everybody waits",
    explanation: "Since PostgreSQL 11 a new column with a default that is the same for all rows costs nothing: \
        constants, now(), and other functions that are not volatile. A volatile default (gen_random_uuid(), \
        clock_timestamp(), nextval()), serial, an identity, a stored generated column and a domain with a \
        constraint need a value for each row: the table and all its indexes are written anew under an \
        AccessExclusiveLock, for which reads and writes wait.\n\n\
        Add the column without the default, set the default for rows to come, and fill the old rows in batches.",
    versions: "before 11 every default rewrites",
    bad: &[
        Example::new("ALTER TABLE users ADD COLUMN token uuid DEFAULT gen_random_uuid();"),
        Example::new("ALTER TABLE users ADD COLUMN n bigserial;"),
        Example::new("ALTER TABLE users ADD COLUMN n bigint GENERATED ALWAYS AS IDENTITY;"),
        Example::new("ALTER TABLE users ADD COLUMN twice int GENERATED ALWAYS AS (age * 2) STORED;"),
        Example::new("ALTER TABLE users ADD COLUMN age years DEFAULT 5;").after("CREATE DOMAIN years AS int CHECK (VALUE >= 0);"),
        Example::new("ALTER TABLE users ADD COLUMN age years;").after("CREATE DOMAIN years AS int CHECK (VALUE >= 0); CREATE TABLE users (id int PRIMARY KEY);"),
        Example::new("ALTER TABLE \"Users\" ADD COLUMN \"Token\" uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE;").after("CREATE TABLE \"Users\" (\"Id\" int PRIMARY KEY);"),
        Example::new("ALTER TABLE \"Users\" ADD COLUMN \"Num\" bigserial CHECK (\"Num\" > 0);").after("CREATE TABLE \"Users\" (name text);"),
        Example::new("ALTER TABLE users ADD COLUMN \"Num\" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY;").after("CREATE TABLE users (name text);"),
        Example::new("ALTER TABLE users ADD COLUMN at timestamp DEFAULT (clock_timestamp() AT TIME ZONE 'utc') -- when\n NOT NULL;").after("CREATE TABLE users (id int PRIMARY KEY);"),
        Example::new("ALTER TABLE users ADD COLUMN seen moment NOT NULL;")
            .after("CREATE DOMAIN moment AS timestamptz DEFAULT clock_timestamp(); CREATE TABLE users (id int PRIMARY KEY);"),
        Example::new("ALTER TABLE users ADD COLUMN plan text DEFAULT 'free';").on(10),
        Example::new("ALTER TABLE users ADD COLUMN n int DEFAULT f();").after(
            "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';",
        ),
    ],
    good: &[
        Example::new("ALTER TABLE users ADD COLUMN plan text NOT NULL DEFAULT 'free';"),
        Example::new("ALTER TABLE users ADD COLUMN seen timestamptz DEFAULT now() + interval '1 day';"),
        Example::new("ALTER TABLE users ADD COLUMN code text DEFAULT upper('x');"),
        Example::new("ALTER TABLE users ADD COLUMN twice int GENERATED ALWAYS AS (age * 2) VIRTUAL;"),
        Example::new("CREATE TABLE users (); ALTER TABLE users ADD COLUMN id bigserial;"),
        Example::new("ALTER TABLE users ADD COLUMN age years DEFAULT 5;").after("CREATE DOMAIN years AS int;"),
        Example::new("ALTER TABLE users ADD COLUMN n int DEFAULT f();").after(
            "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN 1; END';",
        ),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Alter(Alter { table, action: Action::AddColumn { column, .. }, .. }) = look.change else {
        return;
    };
    if look.impact.greatest_work() < Work::Rewrite || look.is_new(table) {
        return;
    }
    let message = format!(
        "ADD COLUMN {} writes all rows of {table} anew, because {}: reads and writes wait",
        quoted(&column.name),
        why(look, column)
    );
    found.push(look.finding_on(&RULE, table, message).fix(fix(look, table, column)));
}

fn why(look: &Look, column: &Column) -> String {
    if column.type_.is_serial() {
        format!("{} takes a number from a sequence for each", column.type_)
    } else if column.identity {
        "an identity takes a number from a sequence for each".to_string()
    } else if column.generated == Some(Generated::Stored) {
        "a stored generated column is computed for each".to_string()
    } else if look.catalogue.domain(&column.type_).is_some_and(|domain| domain.is_constrained) {
        format!("the constraint of the domain {} is checked for each", column.type_)
    } else if look.server.version < 11 {
        "before PostgreSQL 11 a default is written to each".to_string()
    } else if column.default.is_none() {
        format!("the default of the domain {} is volatile, another one for each", column.type_)
    } else {
        "its default is volatile, another one for each".to_string()
    }
}

fn fix(look: &Look, table: &Name, column: &Column) -> Fix {
    let definition = Definition::of(look, column);
    let name = quoted(&column.name);
    if column.generated.is_some() {
        let virtual_ = match look.server.version >= 18 {
            true => ";\nor say VIRTUAL, which writes nothing and computes it for whoever reads",
            false => "",
        };
        return Fix::here(format!("ALTER TABLE {table} ADD COLUMN {};", definition.with(|_| false)))
            .words(&format!("keep it up to date by a trigger, or compute it in a view; then fill the old rows in batches{virtual_}"));
    }
    if let Some(domain) = look.catalogue.domain(&column.type_).filter(|domain| domain.is_constrained) {
        return Fix::default().words(&format!(
            "a column of {} is checked row by row however it comes in: give it the type {}, and the domain's constraints\n\
             by ADD CONSTRAINT … NOT VALID, which VALIDATE CONSTRAINT checks later without blocking anybody",
            column.type_, domain.base
        ));
    }
    let (add, numbers) = match column.type_.serial_base().map(crate::types::Type::named) {
        Some(base) => (format!("{name} {base}"), Some(base)),
        None if column.identity => (definition.with(|_| false), Some(column.type_.clone())),
        None => (definition.with(|_| false), None),
    };
    let sequence = table.beside(format!("{}_{}_seq", table.name, column.name));
    let sequence_text = format!("'{}'", sequence.to_string().replace('\'', "''"));
    let mut steps = Vec::new();
    let default = match (&numbers, definition.default()) {
        (Some(_), _) if column.identity => {
            steps.push(format!("CREATE SEQUENCE {};", filling(&sequence)));
            format!("nextval('{}')", filling(&sequence).to_string().replace('\'', "''"))
        }
        (Some(type_), _) => {
            steps.push(format!("CREATE SEQUENCE {sequence} AS {type_};"));
            format!("nextval({sequence_text})")
        }
        (None, Some(default)) => default.to_string(),
        // Without one of its own it has its domain's.
        (None, None) => String::new(),
    };
    match default.is_empty() {
        true => steps.push(format!("ALTER TABLE {table} ADD COLUMN {add} DEFAULT NULL;")),
        false => steps.push(format!("ALTER TABLE {table} ADD COLUMN {add};")),
    }
    if column.type_.is_serial() {
        steps.push(format!("ALTER SEQUENCE {sequence} OWNED BY {table}.{name};"));
    }
    steps.push(match default.is_empty() {
        true => format!("ALTER TABLE {table} ALTER COLUMN {name} DROP DEFAULT;"),
        false => format!("ALTER TABLE {table} ALTER COLUMN {name} SET DEFAULT {default};"),
    });
    let added = Fix::here(steps.join("\n"));
    let mut fix = added.and(batches(look, table, &format!("{name} = DEFAULT"), &format!("{name} IS NULL")));
    if column.not_null || numbers.is_some() {
        fix = fix.and(set_not_null(look, table, &column.name));
    }
    if column.identity {
        fix = fix.step(Way::Later, "in one transaction", identity(table, column, &definition, &filling(&sequence))).together();
    }
    fix.and(constraint::of_column(look, table, column, &definition))
}

/// The sequence that numbers the rows until the identity does.
fn filling(sequence: &Name) -> Name {
    sequence.beside(format!("{}_fill", sequence.name))
}

/// The identity takes over where the sequence that filled the rows stands.
fn identity(table: &Name, column: &Column, definition: &Definition, filled: &Name) -> String {
    let name = quoted(&column.name);
    let text = |name: &str| name.replace('\'', "''");
    let identity = definition.generated().unwrap_or("GENERATED BY DEFAULT AS IDENTITY");
    format!(
        "ALTER TABLE {table} ALTER COLUMN {name} DROP DEFAULT, ALTER COLUMN {name} ADD {identity};\n\
         SELECT setval(pg_get_serial_sequence('{}', '{}'), nextval('{}'), false);\n\
         DROP SEQUENCE {filled};",
        text(&table.to_string()),
        text(&column.name),
        text(&filled.to_string()),
    )
}
