//! An index or a generated column that calls what may change.

use super::{Example, Group, Rule};
use crate::effects::{is_of_server_and_not_immutable, truncates_by_zone, turns_by_zone};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Change, Expr};
use crate::name::{Name, quoted};

pub static RULE: Rule = Rule {
    name: "not-immutable",
    group: Group::Correctness,
    severity: Severity::Error,
    summary: "an index or a generated column that calls a function which is not immutable, which PostgreSQL refuses",
    explanation: "What is kept on disk must come out the same whenever and by whomever it is computed. PostgreSQL refuses \
        an index or a generated column that calls a function which depends on the time, the user or a setting. Some of \
        them look harmless: concat and format, to_char, to_json, and everything that makes a date of a timestamptz, \
        because the day depends on the session's TimeZone.\n\n\
        Say the zone: date_trunc('day', at AT TIME ZONE 'UTC'). Use || in the place of concat, with coalesce for nulls. For \
        a condition of a partial index compare columns with constants, not with now().",
    versions: "",
    bad: &[
        Example::new("CREATE INDEX CONCURRENTLY recent ON orders (id) WHERE at > now();"),
        Example::new("CREATE INDEX CONCURRENTLY names ON users (concat(first, ' ', last));"),
        Example::new("CREATE INDEX CONCURRENTLY days ON orders (date(at));").after("CREATE TABLE orders (at timestamptz);"),
        Example::new("CREATE INDEX CONCURRENTLY days ON orders ((at::date));").after("CREATE TABLE orders (at timestamptz);"),
        Example::new("CREATE TABLE users (first text, last text, whole text GENERATED ALWAYS AS (concat(first, last)) STORED);"),
        Example::new("CREATE INDEX CONCURRENTLY days ON orders (date_trunc('day', at, 'UTC'));").after("CREATE TABLE orders (at timestamptz);").on(15),
    ],
    good: &[
        Example::new("CREATE INDEX CONCURRENTLY days ON orders (date_trunc('day', at, 'UTC'));")
            .after("CREATE TABLE orders (at timestamptz); CREATE INDEX ON orders (date_trunc('hour', at, 'UTC'));"),
        Example::new("CREATE INDEX CONCURRENTLY names ON users ((first || ' ' || last));"),
        Example::new("CREATE INDEX CONCURRENTLY days ON orders (date(at));").after("CREATE TABLE orders (at timestamp);"),
        Example::new("CREATE INDEX CONCURRENTLY days ON orders (date(at AT TIME ZONE 'UTC'));").after("CREATE TABLE orders (at timestamptz);"),
        Example::new("CREATE INDEX CONCURRENTLY days ON orders (((at AT TIME ZONE 'UTC')::date));").after("CREATE TABLE orders (at timestamptz);"),
        Example::new("CREATE TABLE users (name text, small text GENERATED ALWAYS AS (lower(name)) STORED, at timestamptz DEFAULT now());"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let zoned = |table: &Name, name: &str| {
        let own = look.new_columns();
        let own = own.iter().find(|(_, column)| column.name == name).map(|(_, column)| column.type_.name.as_str());
        let known = || look.catalogue.column(table, name).map(|column| column.type_.name.as_str());
        own.or_else(known) == Some("timestamptz")
    };
    let mut refuse = |table: &Name, what: &str, expr: &Expr| {
        let call = expr.functions.iter().find(|name| look.catalogue.function(name).is_none() && is_of_server_and_not_immutable(name));
        let by_zone = turns_by_zone(expr).into_iter().find(|column| zoned(table, column));
        let why = match (call, by_zone) {
            // CURRENT_DATE, CURRENT_USER and their like are calls of this, too.
            (Some(call), _) if call.name == "now" => "the time, or the session, decides what it is".to_string(),
            (Some(call), _) => format!("{call} is not immutable"),
            (None, None) if look.server.version < 16 => match truncates_by_zone(expr).filter(|column| zoned(table, column)) {
                Some(_) => "date_trunc with a zone is immutable since 16, and not before".to_string(),
                None => return,
            },
            (None, Some(column)) => format!("which day or hour {} is depends on the session's TimeZone", quoted(&column)),
            (None, None) => return,
        };
        found.push(look.finding(&RULE, format!("{why}: PostgreSQL refuses it in {what}")).on(table));
    };
    if let Change::CreateIndex(index) = look.change {
        index.expressions.iter().for_each(|expr| refuse(&index.table, "an index", expr));
    }
    for (table, column) in look.new_columns() {
        if let Some(expr) = &column.expression {
            refuse(table, "a generated column", expr);
        }
    }
}
