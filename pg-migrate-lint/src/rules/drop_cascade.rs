//! What others may use is dropped.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Change, Kind};

pub static RULE: Rule = Rule {
    name: "drop-cascade",
    group: Group::Compatibility,
    severity: Severity::Warning,
    summary: "DROP … CASCADE of a type, view, function or extension drops more than it names",
    explanation: "CASCADE drops whatever depends on the thing, without naming it: columns of the type with their \
        values, views, defaults, triggers, policies. What that is depends on the database it is run in.\n\n\
        Without CASCADE PostgreSQL refuses, and lists what depends on it. Drop these by name, in the same migration.",
    versions: "",
    bad: &[Example::new("DROP TYPE mood CASCADE;"), Example::new("DROP VIEW report CASCADE;"), Example::new("DROP EXTENSION hstore CASCADE;")],
    good: &[Example::new("DROP TYPE mood;"), Example::new("CREATE VIEW v AS SELECT 1; DROP VIEW v CASCADE;")],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Drop(drop) = look.change else { return };
    let is_such = matches!(
        drop.kind,
        Kind::Type | Kind::Domain | Kind::View | Kind::Function | Kind::Extension | Kind::Sequence | Kind::Index
    );
    if !drop.cascade || !is_such {
        return;
    }
    let others: Vec<_> = drop.names.iter().filter(|name| !look.is_new(name)).collect();
    // One word stands in the statement, for all that it names.
    if let Some(name) = others.first() {
        let loses = match drop.kind {
            Kind::Type | Kind::Domain | Kind::Extension => ", columns with their values too",
            _ => "",
        };
        let (more, it) = match others.len() {
            1 => (String::new(), "it"),
            number => (format!(" and {} more", number - 1), "them"),
        };
        let message = format!("DROP {} {name}{more} CASCADE drops whatever depends on {it}{loses}", drop.kind.name());
        let severity = match loses.is_empty() {
            true => Severity::Warning,
            false => Severity::Error,
        };
        found.push(look.finding(&RULE, message).on(name).rated(severity));
    }
}
