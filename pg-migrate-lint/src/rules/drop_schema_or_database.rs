//! Whole schemas, databases, all that a role owns.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Change, Kind};
use crate::name::quoted;

pub static RULE: Rule = Rule {
    name: "drop-schema-or-database",
    group: Group::DataLoss,
    severity: Severity::Error,
    summary: "DROP SCHEMA, DROP DATABASE or DROP OWNED",
    explanation: "With CASCADE a schema goes with every table in it, and with what depends on them elsewhere; a \
        database goes with all; DROP OWNED BY drops whatever a role owns in the database, tables with their rows \
        too. Only a backup brings them back.\n\n\
        Drop what is meant by its name, so that the one who reviews the migration sees what it is.",
    versions: "",
    bad: &[
        Example::new("DROP SCHEMA billing CASCADE;"),
        Example::new("DROP DATABASE app;"),
        Example::new("DROP OWNED BY app;"),
    ],
    good: &[Example::new("DROP SCHEMA IF EXISTS billing;"), Example::new("REASSIGN OWNED BY app TO owner;")],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    match look.change {
        // Without CASCADE only an empty one can be dropped.
        Change::Drop(drop) if drop.kind == Kind::Schema && drop.cascade => {
            for name in &drop.names {
                let message = format!("DROP SCHEMA {name} CASCADE loses every table in it");
                found.push(look.finding(&RULE, message).on(name));
            }
        }
        Change::DropDatabase(name) => {
            let name = quoted(name);
            found.push(look.finding(&RULE, format!("DROP DATABASE {name} loses all of it")).on(name));
        }
        Change::DropOwned(roles) => {
            for role in roles {
                let message = format!("DROP OWNED BY {role} drops all that the role owns, tables and their rows too");
                found.push(look.finding(&RULE, message).on(role));
            }
        }
        _ => {}
    }
}
