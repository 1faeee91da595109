//! Values that do not fit the new type.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change};
use crate::name::quoted;
use crate::types::Type;

pub static RULE: Rule = Rule {
    name: "narrowing-type",
    group: Group::DataLoss,
    severity: Severity::Error,
    summary: "a type that holds less than the one before",
    explanation: "Where a value does not fit, ALTER COLUMN TYPE fails (an integer out of range, a text too long), or \
        the value is changed without a word: numeric rounds to its new scale, timestamp to its new precision, \
        timestamptz to date loses the time of day, double precision to integer the fraction.\n\n\
        Look for such values first, and say with USING what is to become of them.",
    versions: "",
    bad: &[
        Example::new("ALTER TABLE users ALTER COLUMN n TYPE int;").after("CREATE TABLE users (n bigint);"),
        Example::new("ALTER TABLE users ALTER COLUMN name TYPE varchar(10);").after("CREATE TABLE users (name varchar(20));"),
        Example::new("ALTER TABLE users ALTER COLUMN price TYPE numeric(10, 2);").after("CREATE TABLE users (price numeric(10, 4));"),
    ],
    good: &[
        Example::new("ALTER TABLE users ALTER COLUMN n TYPE bigint;").after("CREATE TABLE users (n int);"),
        Example::new("ALTER TABLE users ALTER COLUMN name TYPE text;").after("CREATE TABLE users (name varchar(20));"),
        Example::new("ALTER TABLE users ALTER COLUMN n TYPE int;"),
        Example::new("ALTER TABLE users ALTER COLUMN at TYPE timestamp(6);").after("CREATE TABLE users (at timestamp);"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Alter(Alter { table, action: Action::SetType { column, to, using: None, .. }, .. }) = look.change else {
        return;
    };
    let Some(facts) = look.catalogue.column(table, column) else { return };
    if look.is_new(table) || !narrows(&facts.type_, to) {
        return;
    }
    let message = format!("{} from {} to {to}: values that do not fit make it fail, or are rounded", quoted(column), facts.type_);
    found.push(look.finding_on(&RULE, table, message));
}

/// Of fractions of a second, where nothing is said.
const DIGITS: i64 = 6;

fn narrows(from: &Type, to: &Type) -> bool {
    const LADDERS: &[&[&str]] = &[
        &["int2", "int4", "int8", "numeric"],
        &["float4", "float8"],
        &["date", "timestamp"],
        &["date", "timestamptz"],
        &["varchar", "text"],
        &["json", "jsonb"],
    ];
    if from.schema.is_some() || to.schema.is_some() || from.dimensions != to.dimensions {
        return false;
    }
    if from.name == to.name || matches!((from.name.as_str(), to.name.as_str()), ("text", "varchar")) {
        return shortens(from, to);
    }
    let integer = |name: &str| matches!(name, "int2" | "int4" | "int8");
    if matches!(from.name.as_str(), "float4" | "float8" | "numeric") && integer(&to.name) {
        return true;
    }
    LADDERS.iter().any(|ladder| {
        let place = |type_: &Type| ladder.iter().position(|name| *name == type_.name);
        matches!((place(from), place(to)), (Some(from), Some(to)) if to < from) && ladder[0] != "json"
    })
}

fn shortens(from: &Type, to: &Type) -> bool {
    let part = |type_: &Type, place: usize| type_.modifiers.get(place).copied();
    match to.name.as_str() {
        "varchar" | "bpchar" | "bit" | "varbit" => part(to, 0).is_some_and(|to| part(from, 0).is_none_or(|from| to < from)),
        "time" | "timestamp" | "timestamptz" | "timetz" => part(to, 0).is_some_and(|to| to < part(from, 0).unwrap_or(DIGITS)),
        "numeric" => match (part(from, 0), part(to, 0)) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(from_digits), Some(to_digits)) => {
                let (from_scale, to_scale) = (part(from, 1).unwrap_or(0), part(to, 1).unwrap_or(0));
                to_scale < from_scale || to_digits - to_scale < from_digits - from_scale
            }
        },
        _ => false,
    }
}
