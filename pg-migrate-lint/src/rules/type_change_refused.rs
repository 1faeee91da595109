//! A column whose type PostgreSQL does not change.

use super::{Example, Group, Rule};
use crate::catalogue::Relation;
use crate::effects::casts::is_assigned;
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change, Expr, Kind};
use crate::name::{Name, quoted};
use crate::types::Type;

pub static RULE: Rule = Rule {
    name: "type-change-refused",
    group: Group::Correctness,
    severity: Severity::Error,
    summary: "ALTER COLUMN TYPE that PostgreSQL refuses: no cast, a default that has none, or something that needs the column as it is",
    explanation: "Without USING the old type has to become the new one as in an assignment: text does not become an \
        integer by itself, nor an integer a boolean. The default has to as well, even where there is a USING: that \
        converts the rows alone. Drop the default before, in the same ALTER TABLE, and set it again.\n\n\
        What reads a column keeps it from changing, also for a change that would cost nothing: a generated column, a \
        trigger by UPDATE OF or WHEN, a policy, a rule, a function with a parsed body, a publication by WHERE. Drop \
        them and make them again in the same transaction. The columns by which a table is partitioned can't be \
        changed at all, and those that a table has from its parent only there.",
    versions: "",
    bad: &[
        Example::new("ALTER TABLE users ALTER COLUMN age TYPE int;").after("CREATE TABLE users (age text);"),
        Example::new("ALTER TABLE users ALTER COLUMN mood TYPE mood;").after("CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE users (mood varchar(9));"),
        Example::new("ALTER TABLE users ALTER COLUMN mood TYPE mood USING mood::mood;").after("CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE users (mood text DEFAULT 'ok');"),
        Example::new("ALTER TABLE users ALTER COLUMN old TYPE int USING old::int;").after("CREATE TABLE users (old boolean DEFAULT false);"),
        Example::new("ALTER TABLE users ALTER COLUMN age TYPE bigint;").after("CREATE TABLE users (age int, twice int GENERATED ALWAYS AS (age * 2) STORED);"),
        Example::new("ALTER TABLE users ALTER COLUMN name TYPE text;").after(
            "CREATE TABLE users (name varchar(9)); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'; \
             CREATE TRIGGER named BEFORE UPDATE OF name ON users FOR EACH ROW EXECUTE FUNCTION f();",
        ),
        Example::new("ALTER TABLE users ALTER COLUMN age TYPE bigint;").after("CREATE TABLE users (age int); CREATE POLICY adults ON users USING (age > 17);"),
        Example::new("ALTER TABLE users ALTER COLUMN age TYPE bigint;").after("CREATE TABLE users (age int); CREATE TABLE log (age int); CREATE RULE logged AS ON INSERT TO users DO ALSO INSERT INTO log VALUES (new.age);"),
        Example::new("ALTER TABLE events ALTER COLUMN n TYPE bigint;").after("CREATE TABLE events (n int) PARTITION BY LIST (n);"),
        Example::new("ALTER TABLE admins ALTER COLUMN age TYPE bigint;").after("CREATE TABLE users (age int); CREATE TABLE admins () INHERITS (users);"),
        Example::new("ALTER TABLE ONLY users ALTER COLUMN age TYPE bigint;").after("CREATE TABLE users (age int); CREATE TABLE admins () INHERITS (users);"),
        Example::new("ALTER TYPE point2 ALTER ATTRIBUTE x TYPE bigint;").after("CREATE TYPE point2 AS (x int); CREATE TABLE spots (at point2);"),
    ],
    good: &[
        Example::new("ALTER TABLE users ALTER COLUMN age TYPE int USING age::int;").after("CREATE TABLE users (age text);"),
        Example::new("ALTER TABLE users ALTER COLUMN age TYPE text;").after("CREATE TABLE users (age int DEFAULT 5);"),
        Example::new("ALTER TABLE users ALTER COLUMN mood DROP DEFAULT, ALTER COLUMN mood TYPE mood USING mood::mood, ALTER COLUMN mood SET DEFAULT 'ok';")
            .after("CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE users (mood text DEFAULT 'ok');"),
        Example::new("ALTER TABLE users ALTER COLUMN at TYPE date;").after("CREATE TABLE users (at timestamp DEFAULT now());"),
        Example::new("DROP POLICY adults ON users; ALTER TABLE users ALTER COLUMN age TYPE bigint;").after("CREATE TABLE users (age int); CREATE POLICY adults ON users USING (age > 17);"),
        Example::new("ALTER TABLE events ALTER COLUMN id TYPE bigint;").after("CREATE TABLE events (id int, n int) PARTITION BY LIST (n);"),
        Example::new("ALTER TABLE users ALTER COLUMN age TYPE bigint;").after("CREATE TABLE users (age int); CREATE TABLE admins () INHERITS (users);"),
        Example::new("ALTER TYPE point2 ALTER ATTRIBUTE x TYPE bigint;").after("CREATE TYPE point2 AS (x int); CREATE TABLE spots (at int);"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Alter(Alter { table, kind, only, action: Action::SetType { column, to, using, .. }, .. }) = look.change else {
        return;
    };
    // A block may catch the error, or never come here.
    if look.is_in_doubt {
        return;
    }
    let why = match kind {
        Kind::Type => of_attribute(look, table),
        _ => look.relation(table).and_then(|relation| {
            of_place(look, relation, column, *only)
                .or_else(|| of_dependent(relation, column))
                .or_else(|| of_values(look, relation, column, to, using.as_ref()))
        }),
    };
    if let Some(why) = why {
        let message = format!("PostgreSQL refuses to change the type of {} of {table}: {why}", quoted(column));
        found.push(look.finding(&RULE, message).on(table));
    }
}

fn of_attribute(look: &Look, type_: &Name) -> Option<String> {
    let tables = look.catalogue.columns_of_type(type_);
    tables.first().map(|table| format!("a column of {table} is of this type"))
}

fn of_place(look: &Look, relation: &Relation, column: &str, only: bool) -> Option<String> {
    let has_it = |name: &Name| look.relation(name).is_some_and(|relation| relation.column(column).is_some());
    if relation.partitioning.as_ref().is_some_and(|partitioning| partitioning.has_column(column)) {
        return Some("the table is partitioned by it".to_string());
    }
    if let Some(parent) = relation.parent.as_ref().filter(|parent| has_it(parent)) {
        return Some(format!("the column comes from {parent}, and changes with that"));
    }
    let child = relation.children.first().filter(|_| only)?;
    Some(format!("it has to change in {child} and all others below it too, without ONLY"))
}

fn of_dependent(relation: &Relation, column: &str) -> Option<String> {
    let dependent = relation.dependent(column)?;
    Some(format!("the {} {} reads it", dependent.kind.name(), dependent.name))
}

fn of_values(look: &Look, relation: &Relation, column: &str, to: &Type, using: Option<&Expr>) -> Option<String> {
    let facts = relation.column(column)?;
    let is_counted = matches!(to.name.as_str(), "int2" | "int4" | "int8") && to.dimensions == 0 || look.catalogue.domain(to).is_some();
    if facts.is_always && !is_counted {
        return Some(format!("{} is an identity, which counts in smallint, integer or bigint", quoted(column)));
    }
    if facts.generated.is_some() || is_assigned(&facts.type_, to, look.catalogue) != Some(false) {
        return None;
    }
    if using.is_none() {
        return Some(format!("{} does not become {to} by itself: say USING {}::{to}, if that is what is meant", facts.type_, quoted(column)));
    }
    let drops = look.siblings.iter().any(|change| {
        let Change::Alter(Alter { action: Action::Default { column: of, default: None }, .. }) = change else {
            return false;
        };
        of == column
    });
    (facts.has_constant && !drops).then(|| format!("its default does not become {to} by itself, whatever USING says: drop the default before, and set it again"))
}
