//! An index keeps what a function gave before it was replaced.

use super::{Example, Group, Rule};
use crate::catalogue::Relation;
use crate::finding::{Finding, Severity};
use crate::fix::Fix;
use crate::look::Look;
use crate::model::{Change, ConstraintKind};
use crate::name::{Name, quoted};

pub static RULE: Rule = Rule {
    name: "function-of-index-replaced",
    group: Group::Correctness,
    severity: Severity::Warning,
    summary: "CREATE OR REPLACE of a function that an index or a CHECK calls: what is there is not computed again",
    explanation: "An index on an expression keeps the values that the function gave when each row was written. If the new \
        function gives others, queries by the index do not find rows that are there, a unique index lets in duplicates, \
        and a restored dump differs from its source. A CHECK is not checked again either, so that a dump of the table \
        may be refused when it is restored. PostgreSQL says nothing: IMMUTABLE was a promise.\n\n\
        If any value changes, REINDEX INDEX CONCURRENTLY behind it; better give the new function another name, build \
        an index on that, and drop the old one.",
    versions: "",
    bad: &[
        Example::new("CREATE OR REPLACE FUNCTION norm(t text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT trim(lower(t))';")
            .after("CREATE FUNCTION norm(t text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT lower(t)'; CREATE TABLE users (email text); CREATE INDEX by_email ON users (norm(email));"),
        Example::new("CREATE OR REPLACE FUNCTION fits(t text) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT length(t) < 9';")
            .after("CREATE FUNCTION fits(t text) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT true'; CREATE TABLE users (email text CHECK (fits(email)));"),
    ],
    good: &[
        Example::new("CREATE OR REPLACE FUNCTION norm(t text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT trim(lower(t))';")
            .after("CREATE FUNCTION norm(t text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT lower(t)'; CREATE TABLE users (email text); CREATE INDEX by_email ON users (lower(email));"),
        Example::new("CREATE OR REPLACE FUNCTION norm(t text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT trim(lower(t))'; REINDEX INDEX CONCURRENTLY by_email;")
            .after("CREATE FUNCTION norm(t text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT lower(t)'; CREATE TABLE users (email text); CREATE INDEX by_email ON users (norm(email));"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::CreateFunction(function) = look.change else { return };
    if !function.replace || look.catalogue.function(&function.name).is_none() {
        return;
    }
    let name = look.catalogue.place(&function.name);
    let calls = |called: &[Name]| called.iter().any(|called| look.catalogue.place(called) == name);
    let is_rebuilt = |name: &Name| look.ahead.reindexed.contains(&name.name) || look.ahead.gone.contains(&name.name);
    for table in look.catalogue.callers(&function.name).iter().filter(|table| !look.is_new(table) && !is_rebuilt(table)) {
        let Some(relation) = look.relation(table) else { continue };
        let mut indexes = look.catalogue.indexes_of(table);
        let index = indexes.find(|(name, index)| calls(&index.functions) && !is_rebuilt(name));
        if let Some((index, _)) = index {
            let message = format!("the index {index} of {table} keeps what {} gave until now: REINDEX it if any value changes", function.name);
            found.push(look.finding(&RULE, message).on(index).fix(Fix::here(format!("{};", look.text)).outside(format!("REINDEX INDEX CONCURRENTLY {index};"))));
        } else if let Some(check) = checked_by(relation, &calls) {
            let message = format!("the rows of {table} that {} let in are not checked again by {}", quoted(&check), function.name);
            found.push(look.finding(&RULE, message).on(table));
        }
    }
}

/// The CHECK that calls it.
fn checked_by(relation: &Relation, calls: &impl Fn(&[Name]) -> bool) -> Option<String> {
    let check = relation.constraints.iter().find(|constraint| match &constraint.kind {
        ConstraintKind::Check(expr) => calls(&expr.functions),
        _ => false,
    });
    check.map(|check| check.name.clone())
}
