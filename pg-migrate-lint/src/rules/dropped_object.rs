//! Something that is no table goes.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Change, Kind};

pub static RULE: Rule = Rule {
    name: "dropped-object",
    group: Group::Review,
    severity: Severity::Info,
    summary: "DROP of a view, function, sequence, type or domain that the application may still use",
    explanation: "While a migration runs, and until the last process of the old release has ended, the application still asks for what it \
        knows: a view that is gone fails its queries, a function its calls, a sequence its numbers, a type its casts. PostgreSQL \
        looks only for what in the database needs the thing, not for who asks for it, and not into the bodies of functions.\n\n\
        Drop it in a later migration, when no release uses it. It is not said of what the file makes again under this name, \
        nor of what it made itself.",
    versions: "",
    bad: &[
        Example::new("DROP VIEW adults;").after("CREATE VIEW adults AS SELECT 1 AS id;"),
        Example::new("DROP FUNCTION price(int);"),
        Example::new("DROP TYPE mood;"),
        Example::new("DROP SEQUENCE numbers;"),
    ],
    good: &[
        Example::new("DROP VIEW adults; CREATE VIEW adults AS SELECT 2 AS id;").after("CREATE VIEW adults AS SELECT 1 AS id;"),
        Example::new("CREATE VIEW adults AS SELECT 1 AS id; DROP VIEW adults;"),
        Example::new("DROP FUNCTION price(int); CREATE FUNCTION price(int) RETURNS int LANGUAGE sql AS 'SELECT 2';"),
        Example::new("DROP TABLE users;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Drop(drop) = look.change else { return };
    let is_such = matches!(drop.kind, Kind::View | Kind::MaterializedView | Kind::Function | Kind::Sequence | Kind::Type | Kind::Domain);
    if !is_such {
        return;
    }
    let is_remade = |name: &str| look.ahead.made.contains(name) || look.ahead.functions.contains(name);
    let mut gone = drop.names.iter().filter(|name| !look.is_new(name) && !is_remade(&name.name));
    let Some(first) = gone.next() else { return };
    let more = match gone.count() {
        0 => String::new(),
        number => format!(" and {number} more"),
    };
    let message = format!("DROP {} {first}{more}: does the application that still runs use it?", drop.kind.name());
    found.push(look.finding(&RULE, message).on(first));
}
