//! A column's type changes, and with it all rows.

use super::{Example, Group, Rule};
use crate::effects::types::{TypeChange, change};
use crate::finding::{Finding, Severity};
use crate::fix::{Fix, Way, batches, belongings, keyword, plain, set_not_null};
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
        Example::new("ALTER TABLE \"Users\" ALTER COLUMN \"N\" TYPE numeric(12, 2) USING (\"N\" / 100.0);").after("CREATE TABLE \"Users\" (\"Id\" serial PRIMARY KEY, \"N\" int);"),
        Example::new("ALTER TABLE \"Users\" ALTER COLUMN \"N\" TYPE bigint /* more */ -- room\n;").after("CREATE TABLE \"Users\" (\"Id\" serial PRIMARY KEY, \"N\" int NOT NULL);"),
        Example::new("ALTER TABLE \"Users\" ALTER COLUMN \"Id\" TYPE bigint;").after("CREATE TABLE \"Users\" (\"Id\" serial PRIMARY KEY);"),
        Example::new("ALTER TABLE users ALTER COLUMN at TYPE timestamptz USING at AT TIME ZONE 'Europe/Berlin';").after("CREATE TABLE users (id int PRIMARY KEY, at timestamp);"),
        Example::new("ALTER TABLE users ALTER COLUMN twice SET EXPRESSION AS (age * 2);"),
        Example::new("ALTER TABLE users ALTER COLUMN n TYPE int USING n * 100;").after("CREATE TABLE users (id int PRIMARY KEY, n int);"),
        // Of a function that an earlier migration made.
        Example::new("SELECT widen(1);").after(
            "CREATE TABLE users (n int); \
             CREATE FUNCTION widen(limits int, OUT done boolean) LANGUAGE plpgsql AS 'BEGIN ALTER TABLE users ALTER COLUMN n TYPE bigint; done := true; END';",
        ),
        Example::new("ALTER TABLE users ALTER COLUMN n TYPE oid;").after("CREATE TABLE users (n int); CREATE INDEX ON users (n);"),
    ],
    good: &[
        Example::new("ALTER TABLE users ALTER COLUMN name TYPE citext, ALTER COLUMN n TYPE regclass;").after("CREATE TABLE users (name text, n oid); CREATE INDEX ON users (n);"),
        Example::new("ALTER TABLE users ALTER COLUMN name TYPE varchar(40);").after("CREATE TABLE users (name varchar(20));"),
        Example::new("ALTER TABLE users ALTER COLUMN name TYPE text;").after("CREATE TABLE users (name varchar(20)); CREATE INDEX ON users (name);"),
        Example::new("ALTER TABLE users ALTER COLUMN n TYPE numeric(14, 2);").after("CREATE TABLE users (n numeric(12, 2));"),
        Example::new("SET timezone = 'UTC'; ALTER TABLE users ALTER COLUMN at TYPE timestamptz;").after("CREATE TABLE users (at timestamp);"),
        Example::new("ALTER TABLE users ALTER COLUMN name TYPE text USING (name::text)::text;").after("CREATE TABLE users (name varchar(20));"),
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
        Action::SetType { column, to, using, at, .. } => {
            let facts = look.catalogue.column(table, column);
            let done = change(facts, column, to, using.as_ref(), look.catalogue, look.server);
            found.push(finding(look, table, &Retyping::of(look, column, to, *at), done));
        }
        _ => {}
    }
}

fn finding(look: &Look, table: &Name, change: &Retyping, done: TypeChange) -> Finding {
    let (name, to) = (quoted(change.column), change.to);
    let from = look.catalogue.column(table, change.column).map(|facts| facts.type_.to_string());
    let from = from.filter(|from| !from.is_empty() && from != "\"\"");
    let words = from.as_ref().map_or(format!("to {to}"), |from| format!("from {from} to {to}"));
    let is_zoned = change.using.is_none()
        && to.name == "timestamptz"
        && look.catalogue.column(table, change.column).is_some_and(|facts| facts.type_.name == "timestamp");
    match done {
        TypeChange::Free => {
            let message = format!("{name} {words} leaves the rows of {table} as they are, but reads them all, for a CHECK or an index of it: reads and writes wait");
            look.finding_on(&RULE, table, message)
        }
        TypeChange::Unknown => {
            let message = format!("{name} {words} writes all rows of {table} anew, unless its type is one that becomes {to} for free; no earlier migration says which it is");
            look.finding_on(&RULE, table, message).rated(Severity::Warning)
        }
        TypeChange::Rewrites if is_zoned => {
            let message = format!("{name} {words} writes all rows and indexes of {table} anew, and takes its times for those of the session's TimeZone, unless that is UTC: reads and writes wait");
            look.finding_on(&RULE, table, message).fix(format!(
                "-- if the times are those of UTC\nSET timezone = 'UTC';\nALTER TABLE {table} ALTER COLUMN {name} TYPE {};",
                change.written
            ))
        }
        TypeChange::Rewrites => {
            let message = format!("{name} {words} writes all rows and indexes of {table} anew: reads and writes wait");
            look.finding_on(&RULE, table, message).fix(fix(look, table, change))
        }
    }
}

/// A change of type, with what is written of it.
struct Retyping<'a> {
    column: &'a str,
    to: &'a Type,
    /// The new type, with its collation.
    written: String,
    using: Option<String>,
}

impl<'a> Retyping<'a> {
    fn of(look: &Look, column: &'a str, to: &'a Type, at: usize) -> Self {
        let clause = plain(look.clause(at));
        let behind = |word: &str| keyword(&clause, word).map(|at| (at, at + word.len()));
        let (using, end) = match behind("USING") {
            Some((at, behind)) => (Some(clause[behind..].trim().to_string()), at),
            None => (None, clause.len()),
        };
        let start = behind("TYPE").map_or(0, |(_, behind)| behind);
        let written = clause.get(start..end).map_or_else(|| to.to_string(), |written| written.trim().to_string());
        Self { column, to, written, using }
    }
}

fn fix(look: &Look, table: &Name, change: &Retyping) -> Fix {
    let (column, written) = (quoted(change.column), &change.written);
    if let Some(domain) = look.catalogue.domain(change.to).filter(|domain| domain.is_constrained) {
        return Fix::default().words(&format!(
            "a column of {} is checked row by row however it comes in: give it the type {}, and the domain's constraints\n\
             by ADD CONSTRAINT … NOT VALID, which VALIDATE CONSTRAINT checks later without blocking anybody",
            change.to, domain.base
        ));
    }
    let new = quoted(&format!("{}_new", change.column));
    let old = quoted(&format!("{}_old", change.column));
    let function = table.beside(format!("{}_{}_new", table.name, change.column));
    let trigger = quoted(&function.name);
    let value = change.using.clone().unwrap_or_else(|| column.clone());
    let wanted = match change.using {
        Some(_) => format!("{new} IS NULL"),
        None => format!("{new} IS NULL AND {column} IS NOT NULL"),
    };
    let is_null = look.catalogue.column(table, change.column).is_none_or(|facts| !facts.not_null);
    let needs = belongings(look, table, change.column);
    let drop_not_null = match is_null {
        true => String::new(),
        false => format!("ALTER TABLE {table} ALTER COLUMN {old} DROP NOT NULL;\n"),
    };
    let both = Fix::here(format!(
        "ALTER TABLE {table} ADD COLUMN {new} {written};\n\
         CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n\
         \x20 NEW.{new} := (SELECT {value} FROM (SELECT NEW.*) AS {}); RETURN NEW;\n\
         END $$;\n\
         CREATE TRIGGER {trigger} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}();",
        quoted(&table.name),
    ));
    let filled = both.and(batches(look, table, &format!("{new} = {value}"), &wanted));
    let ready = match &needs {
        None => filled,
        Some(_) if is_not_null_alone(look, table, change.column) => filled.and(set_not_null(look, table, &format!("{}_new", change.column))),
        Some(all) => {
            return filled.words(&format!(
                "give {new}, which nobody waits for, what {column} has: {all}\n\
                 once all is filled, in one transaction: drop the trigger, rename {column} to {old} and {new} to {column}, and take\n\
                 NOT NULL, the default and the keys from {old}, or inserts that do not know it fail"
            ));
        }
    };
    let change_over = format!(
        "DROP TRIGGER {trigger} ON {table};\n\
         ALTER TABLE {table} RENAME COLUMN {column} TO {old};\n\
         ALTER TABLE {table} RENAME COLUMN {new} TO {column};\n{drop_not_null}\
         DROP FUNCTION {function}();"
    );
    ready.step(Way::Later, "once all is filled, in one transaction", change_over).together().words(&format!("once nobody misses it, drop {old}"))
}

/// Whether NOT NULL is all that the column has.
fn is_not_null_alone(look: &Look, table: &Name, column: &str) -> bool {
    belongings(look, table, column).as_deref() == Some("NOT NULL")
}
