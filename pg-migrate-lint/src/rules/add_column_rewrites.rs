//! A new column whose values have to be written to all rows.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
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
    } else {
        "its default is volatile, another one for each".to_string()
    }
}

fn fix(look: &Look, table: &Name, column: &Column) -> String {
    let name = quoted(&column.name);
    let base = column.type_.serial_base().map(crate::types::Type::named);
    let type_ = base.as_ref().unwrap_or(&column.type_);
    let mut lines = vec![format!("ALTER TABLE {table} ADD COLUMN {name} {type_};")];
    let sequence = table.beside(format!("{}_{}_seq", table.name, column.name));
    if column.generated.is_some() {
        lines.push("-- keep it up to date by a trigger, or compute it in a view; then fill the old rows in batches".to_string());
        return lines.join("\n");
    }
    let default = match (&column.default, base.is_some() || column.identity) {
        (_, true) => {
            lines.insert(0, format!("CREATE SEQUENCE {sequence};"));
            lines.push(format!("ALTER SEQUENCE {sequence} OWNED BY {table}.{name};"));
            format!("nextval('{sequence}')")
        }
        (Some(default), false) => default_text(look, default.at),
        (None, false) => return lines.join("\n"),
    };
    lines.push(format!("ALTER TABLE {table} ALTER COLUMN {name} SET DEFAULT {default};"));
    lines.push("-- then, in batches that are committed one by one:".to_string());
    lines.push(format!("UPDATE {table} SET {name} = DEFAULT WHERE {name} IS NULL AND id BETWEEN 1 AND 10000;"));
    lines.join("\n")
}

/// The default as it is written: to the next word that may follow it in a column's definition.
fn default_text(look: &Look, at: usize) -> String {
    let clause = look.clause(at);
    let upper = clause.to_ascii_uppercase();
    const NEXT: &[&str] = &[" NOT NULL", " NULL", " UNIQUE", " PRIMARY", " REFERENCES", " CHECK", " CONSTRAINT", " COLLATE"];
    let end = NEXT.iter().filter_map(|word| upper.find(word)).min();
    clause[..end.unwrap_or(clause.len())].to_string()
}
